/** Proves how the command line is read, and that a wrong word is answered with the nearest right one. */
import { describe, expect, test } from "vitest";
import { readArguments, type UsageFault } from "../../../src/commands/arguments.ts";
import { commandGroups, commandNames, commandsOf } from "../../../src/commands/command-names.ts";
import { flagNames, flagsOf } from "../../../src/commands/flags.ts";
import { helpText } from "../../../src/commands/help.ts";
import { usagePhrase } from "../../../src/commands/messages.ts";
import { run } from "../../../src/main.ts";
import { surroundings } from "./recorded-run.ts";

const words = (line: string): readonly string[] => line.split(" ").filter((word) => word !== "");

describe("reading", () => {
  test.each([
    ["", { kind: "run", command: "serve", flags: {} }],
    ["--port 80", { kind: "run", command: "serve", flags: { port: 80 } }],
    [
      "serve --port=0 --host ::1 --control-port 65535 --config a.yaml",
      {
        kind: "run",
        command: "serve",
        flags: { port: 0, host: "::1", controlPort: 65_535, config: "a.yaml" },
      },
    ],
    ["--json check", { kind: "run", command: "check", flags: { json: true } }],
    [
      "simulate --seed 4294967295 --scenario s.yaml",
      {
        kind: "run",
        command: "simulate",
        flags: { seed: 4_294_967_295, scenario: "s.yaml" },
      },
    ],
    [
      "usage --by key,day --from 2026-11-01 --to 2026-11-22 --key ark-1 --model a,b --csv",
      {
        kind: "run",
        command: "usage",
        flags: {
          by: "key,day",
          from: "2026-11-01",
          to: "2026-11-22",
          key: "ark-1",
          model: "a,b",
          csv: true,
        },
      },
    ],
    [
      "reconcile bill.csv --columns day=a",
      { kind: "run", command: "reconcile", flags: { columns: "day=a" }, operand: "bill.csv" },
    ],
    [
      "keys create --name ci --owner team-a --models a,b-* --budget 1cny/day --requests-per-minute 1 " +
        "--tokens-per-minute 1000000000 --concurrent 2 --expires 90d --tags x,y --json",
      {
        kind: "run",
        command: "keys create",
        flags: {
          name: "ci",
          owner: "team-a",
          models: "a,b-*",
          budget: "1cny/day",
          requestsPerMinute: 1,
          tokensPerMinute: 1_000_000_000,
          concurrent: 2,
          expires: "90d",
          tags: "x,y",
          json: true,
        },
      },
    ],
    ["keys list", { kind: "run", command: "keys list", flags: {} }],
    ["keys --json list", { kind: "run", command: "keys list", flags: { json: true } }],
    ["keys show ci", { kind: "run", command: "keys show", flags: {}, operand: "ci" }],
    [
      "keys rotate ci --overlap 1h",
      { kind: "run", command: "keys rotate", flags: { overlap: "1h" }, operand: "ci" },
    ],
    ["keys --help", { kind: "help", topic: "keys" }],
    ["--help keys", { kind: "help", topic: "keys" }],
    ["keys revoke --help", { kind: "help", topic: "keys revoke" }],
    ["--help", { kind: "help", topic: null }],
    ["-h", { kind: "help", topic: null }],
    ["doctor --help", { kind: "help", topic: "doctor" }],
    ["--help doctor", { kind: "help", topic: "doctor" }],
    ["--version", { kind: "version" }],
    ["-v", { kind: "version" }],
  ])("%s", (line, expected) => {
    expect(readArguments(words(line))).toEqual(expected);
  });

  test.each<[string, UsageFault]>([
    ["chek", { kind: "unknown-command", name: "chek", nearest: "check" }],
    ["zzzzzz", { kind: "unknown-command", name: "zzzzzz", nearest: null }],
    ["serve --prot 1", { kind: "unknown-flag", name: "--prot", nearest: "--port" }],
    ["serve --prot=1", { kind: "unknown-flag", name: "--prot", nearest: "--port" }],
    ["-p 1", { kind: "unknown-flag", name: "-p", nearest: null }],
    ["serve --scenario x", { kind: "foreign-flag", name: "--scenario", command: "serve" }],
    ["check --port 1", { kind: "foreign-flag", name: "--port", command: "check" }],
    ["serve --port", { kind: "value-missing", name: "--port" }],
    ["serve --port=", { kind: "value-missing", name: "--port" }],
    ["serve --host --port 1", { kind: "value-missing", name: "--host" }],
    ["check --json=yes", { kind: "value-unwanted", name: "--json" }],
    ["serve --port 65536", { kind: "not-a-number", name: "--port", least: 0, most: 65_535 }],
    ["serve --port 80x", { kind: "not-a-number", name: "--port", least: 0, most: 65_535 }],
    ["serve --control-port -1", { kind: "value-missing", name: "--control-port" }],
    ["simulate --seed 4294967296", { kind: "not-a-number", name: "--seed", least: 0, most: 4_294_967_295 }],
    ["usage --json --csv", { kind: "flags-clash", names: ["--json", "--csv"] }],
    ["usage --columns a", { kind: "foreign-flag", name: "--columns", command: "usage" }],
    ["reconcile", { kind: "operand-missing", operand: "FILE", command: "reconcile" }],
    ["reconcile a.csv b.csv", { kind: "too-many-words", word: "b.csv" }],
    ["keys", { kind: "verb-missing", group: "keys" }],
    ["key", { kind: "unknown-command", name: "key", nearest: "keys" }],
    ["keys lst", { kind: "unknown-command", name: "keys lst", nearest: "keys list" }],
    ["keys zzzzzz", { kind: "unknown-command", name: "keys zzzzzz", nearest: null }],
    ["keys create --owner a", { kind: "flag-missing", shape: "--name NAME", command: "keys create" }],
    ["keys create --name a more", { kind: "too-many-words", word: "more" }],
    [
      "keys create --name a --concurrent 0",
      { kind: "not-a-number", name: "--concurrent", least: 1, most: 100_000 },
    ],
    [
      "keys create --name a --concurrent 100001",
      { kind: "not-a-number", name: "--concurrent", least: 1, most: 100_000 },
    ],
    ["keys show", { kind: "operand-missing", operand: "ID", command: "keys show" }],
    ["keys list --overlap 1h", { kind: "foreign-flag", name: "--overlap", command: "keys list" }],
    ["usage --overlap 1h", { kind: "foreign-flag", name: "--overlap", command: "usage" }],
    ["check more", { kind: "too-many-words", word: "more" }],
    ["check -- --json", { kind: "too-many-words", word: "--json" }],
  ])("%s is wrong", (line, fault) => {
    expect(readArguments(words(line))).toMatchObject({ kind: "usage", fault });
    for (const text of Object.values(usagePhrase(fault))) expect(text).not.toBe("");
  });
});

describe("running", () => {
  test("a wrong word is told on stderr, with where to read more, and exit code 2", async () => {
    const around = surroundings();
    expect(await run(["chek"], around)).toBe(2);
    expect(around.standardError.lines).toEqual([
      "There is no command chek. Did you mean check?",
      "See volcano-proxy --help.",
    ]);
    expect(around.standardOutput.text).toBe("");
  });

  test("in Chinese where the locale is", async () => {
    const around = surroundings({ LANG: "zh_CN.UTF-8" });
    expect(await run(["check", "--jsn"], around)).toBe(2);
    expect(around.standardError.lines).toEqual([
      "没有选项 --jsn。是否想用 --json？",
      "请看 volcano-proxy check --help。",
    ]);
  });

  test("--version prints the version alone", async () => {
    const around = surroundings();
    expect(await run(["--version"], around)).toBe(0);
    expect(around.standardOutput.text).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("a command's help names the file that it wants", () => {
    expect(helpText("reconcile", "en")).toContain("  volcano-proxy reconcile FILE [FLAGS]\n");
    expect(helpText("usage", "en")).toContain("  volcano-proxy usage [FLAGS]\n");
  });

  test("the help of a word that begins several commands lists these", () => {
    for (const group of commandGroups) {
      expect(commandsOf(group).length).toBeGreaterThan(0);
      for (const language of ["en", "zh"] as const) {
        const help = helpText(group, language);
        for (const command of commandNames) {
          const isListed = new RegExp(`^  ${command} `, "m").test(help);
          expect([command, isListed]).toEqual([command, commandsOf(group).includes(command)]);
        }
      }
    }
  });

  test("a group without its second word is told what there is, and where to read more", async () => {
    const around = surroundings();
    expect(await run(["keys"], around)).toBe(2);
    expect(around.standardError.lines).toEqual([
      "keys needs a second word: keys create, keys list, keys show, keys revoke or keys rotate.",
      "See volcano-proxy keys --help.",
    ]);
  });

  test("--help lists every command; a command's help lists each of its flags", async () => {
    const around = surroundings();
    expect(await run(["--help"], around)).toBe(0);
    for (const command of commandNames) {
      expect(around.standardOutput.text).toMatch(new RegExp(`^  ${command} `, "m"));
      for (const language of ["en", "zh"] as const) {
        const help = helpText(command, language);
        for (const flag of flagNames) {
          expect([command, flag, help.includes(`--${flag} `)]).toEqual([
            command,
            flag,
            flagsOf[command].includes(flag),
          ]);
        }
      }
    }
  });
});
