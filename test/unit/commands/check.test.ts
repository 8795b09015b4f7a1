/** Proves what `check` prints, for people and for programs, and its exit codes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { check } from "../../../src/commands/check.ts";
import { invocationOf } from "./recorded-run.ts";

test("the defaults: good, in the words of the file, without colour in a pipe", async () => {
  const invocation = invocationOf("check");
  expect(await check(invocation)).toBe(0);
  const { text, lines } = invocation.standardOutput;
  expect(lines[0]).toBe("# There is no configuration file: read from the environment and the defaults.");
  expect(lines.at(-1)).toBe("The configuration is good.");
  expect(text).not.toContain("\u001b");
  const settings = parse(lines.slice(0, -1).join("\n"));
  expect(settings).toMatchObject({ server: { host: "0.0.0.0", port: 5_000 }, default_model: "deepseek-r1" });
});

test("secrets are masked, warnings are said", async () => {
  const key = "ark-0123456789abcdef";
  const invocation = invocationOf("check", {}, { ARK_API_KEY: key, CONTROL_HOST: "0.0.0.0" });
  expect(await check(invocation)).toBe(0);
  const { text } = invocation.standardOutput;
  expect(text).toContain("ark…(20)");
  expect(text).not.toContain(key.slice(0, 8));
  expect(text).toMatch(/^warning: environment: CONTROL_HOST: the control plane listens on 0\.0\.0\.0/m);
});

test("what the environment alone sets is told too, the keys masked", async () => {
  const variables = {
    VOLCANO_PROXY_DATA: "/srv/books",
    VOLCANO_PROXY_ADMIN_KEY: "adm-0123456789abcdef",
    VOLCANO_PROXY_READ_KEY: "red-0123456789abcdef0",
  };
  const people = invocationOf("check", {}, variables);
  expect(await check(people)).toBe(0);
  expect(people.standardOutput.lines.slice(1, 5)).toEqual([
    "# log level info, format json",
    "# ledger in /srv/books",
    "# admin key adm…(20)",
    "# read key red…(21)",
  ]);
  const programs = invocationOf("check", { json: true }, variables);
  expect(await check(programs)).toBe(0);
  expect(JSON.parse(programs.standardOutput.text)).toMatchObject({
    ...{ data_folder: "/srv/books", admin_key: "adm…(20)", read_key: "red…(21)" },
    settings: {
      ledger: { durability: "process", retention: "90d", client_loss: "cancel", on_failure: "refuse" },
    },
  });
  for (const { standardOutput } of [people, programs]) expect(standardOutput.text).not.toContain("0123");
});

test("a broken file: each error with file, line and column on stderr, exit code 1", async () => {
  const invocation = invocationOf("check", { config: "mine.yaml" });
  writeFileSync(join(invocation.workingFolder, "mine.yaml"), "server:\n  prot: 1\n  port: x\n");
  expect(await check(invocation)).toBe(1);
  expect(invocation.standardError.lines).toEqual([
    "error: mine.yaml:2:3: server.prot: unknown setting `prot`; the nearest known name is `port`",
    "error: mine.yaml:3:9: server.port: expected a port from 0 to 65535 (0 takes a free one)",
    "The configuration has 2 errors.",
  ]);
  expect(invocation.standardOutput.text).toBe("");
});

test("in Chinese", async () => {
  const invocation = invocationOf("check", {}, { PORT: "x", LC_ALL: "zh_CN.UTF-8" });
  expect(await check(invocation)).toBe(1);
  expect(invocation.standardError.lines).toEqual([
    "错误: environment: PORT: 应为 0 到 65535 的端口（0 为自动选取空闲端口）",
    "配置有 1 处错误。",
  ]);
});

test("--json, good and broken", async () => {
  const good = invocationOf("check", { json: true });
  expect(await check(good)).toBe(0);
  expect(JSON.parse(good.standardOutput.text)).toMatchObject({
    ok: true,
    file: null,
    settings: { server: { port: 5_000 } },
    log: { level: "info", format: "json" },
    data_folder: join(good.workingFolder, "data"),
    admin_key: null,
    read_key: null,
    problems: [],
  });

  const broken = invocationOf("check", { json: true });
  writeFileSync(join(broken.workingFolder, "volcano-proxy.yaml"), "serve: 1\n");
  expect(await check(broken)).toBe(1);
  expect(JSON.parse(broken.standardOutput.text)).toEqual({
    ok: false,
    file: "volcano-proxy.yaml",
    warnings: [],
    problems: [
      {
        file: "volcano-proxy.yaml",
        line: 1,
        column: 1,
        path: "serve",
        kind: "unknown-setting",
        message: "unknown setting `serve`; the nearest known name is `server`",
      },
    ],
  });
  expect(broken.standardError.text).toBe("");
});

test("colours on a terminal, and none with NO_COLOR", async () => {
  const coloured = invocationOf("check", {}, {}, true);
  await check(coloured);
  expect(coloured.standardOutput.text).toContain("\u001b[32mThe configuration is good.\u001b[0m");
  const plain = invocationOf("check", {}, { NO_COLOR: "1" }, true);
  await check(plain);
  expect(plain.standardOutput.text).not.toContain("\u001b");
});
