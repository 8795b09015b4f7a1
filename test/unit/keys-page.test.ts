/** Holds the pages on keys to what exists: settings, flags, members, codes, commands, routes and figures. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readArguments } from "../../src/commands/arguments.ts";
import { flagsOf } from "../../src/commands/flags.ts";
import { readKeyDraft } from "../../src/commands/keys/key-draft.ts";
import { priceOfModel } from "../../src/config/ark-models.ts";
import { authModes } from "../../src/config/config.ts";
import { environmentVariables } from "../../src/config/environment.ts";
import { configSchema } from "../../src/config/schema.ts";
import { schemasAt } from "../../src/config/schema-walk.ts";
import { catalogue } from "../../src/core/errors.ts";
import { budgetPeriods } from "../../src/core/limits.ts";
import { costAtMost, yuanText } from "../../src/core/money.ts";
import type { AdminOptions } from "../../src/server/admin/admin-options.ts";
import { adminRoutes } from "../../src/server/admin/admin-routes.ts";
import { keyDraftSchema, keyPatchSchema, rotationSchema } from "../../src/server/admin/key-schemas.ts";
import { documentOf } from "../../src/server/admin/openapi-document.ts";
import { good } from "./config/reading.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const pages = ["docs/keys.md", "docs/keys.zh-CN.md"].map((path) => ({ path, text: read(path) }));

const NOW_WALL_MS = Date.UTC(2026, 10, 23);

/** The code blocks of a language, one text each. */
function blocksOf(text: string, language: string): readonly string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, body = ""]) =>
    name === language ? [body] : [],
  );
}

/** Commands of ours in shell blocks and comments, without what a shell does with their output. */
function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/^(?:# +)?(volcano-proxy\b[^#>\n]*)/gm)].map(([, line = ""]) => line.trim());
}

function wordsOf(command: string): readonly string[] {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  return words.slice(1);
}

/** Cells of the rows whose first cell has one of the words. */
function rowsOf(text: string): readonly (readonly string[])[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("|---"))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

function quotedIn(text: string): readonly string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(
    ([, word = ""]) => word,
  );
}

const monthly = (command: string): number => {
  const line = readArguments(wordsOf(command));
  if (line.kind !== "run") return 0;
  const draft = readKeyDraft(line.flags, NOW_WALL_MS);
  const budgets = draft.kind === "ok" ? (draft.draft.limits?.budgets ?? []) : [];
  return budgets.find(({ per }) => per === "month")?.cny ?? 0;
};

describe.each(pages)("$path", ({ text }) => {
  test("names settings that there are", () => {
    const settings = quotedIn(text).filter((word) =>
      /^(?:auth|limits|models|upstreams)(?:\.\w+)+$/.test(word),
    );
    expect(new Set(settings).size).toBeGreaterThan(12);
    const isThere = (setting: string): boolean =>
      [configSchema, keyDraftSchema].some((schema) => schemasAt(schema, setting.split(".")).length > 0);
    const unknown = settings.filter((setting) => !isThere(setting));
    expect(unknown).toEqual([]);
  });

  test("names variables that there are, and explains every mode and period", () => {
    const variables = environmentVariables.map(({ name }) => String(name));
    for (const [name] of text.matchAll(/\bVOLCANO_PROXY_[A-Z_]+/g)) expect(variables).toContain(name);
    const firsts = rowsOf(text).map(([first]) => first);
    for (const mode of authModes) expect(firsts).toContain(`\`${mode}\``);
    for (const period of budgetPeriods) expect(quotedIn(text)).toContain(period);
  });

  test("shows configurations that read without a problem, or a warning", () => {
    const blocks = blocksOf(text, "yaml");
    expect(blocks.length).toBe(2);
    for (const block of blocks) expect(good(block, { ARK_API_KEY: "k" }).warnings).toEqual([]);
  });

  test("shows commands that are right", () => {
    const commands = blocksOf(text, "sh").flatMap(commandsOf);
    expect(commands.length).toBeGreaterThan(10);
    for (const command of commands) {
      const line = readArguments(wordsOf(command));
      expect([command, line.kind]).toEqual([command, "run"]);
      if (line.kind === "run" && line.command === "keys create") {
        expect([command, readKeyDraft(line.flags, NOW_WALL_MS).kind]).toEqual([command, "ok"]);
      }
    }
  });

  test("explains every flag of a new key, and every member", () => {
    const rows = rowsOf(text).filter(([first = ""]) => first.startsWith("`--"));
    const flags = rows.map(([first = ""]) => first.slice(3, -1));
    expect(flags).toEqual(flagsOf["keys create"].filter((flag) => flag !== "config" && flag !== "json"));
    const members = rows.map(([, second = ""]) => second.slice(1, -1).split("."));
    for (const member of members) expect(schemasAt(keyDraftSchema, member)).not.toEqual([]);
    expect(new Set(members.map(([name]) => name))).toEqual(new Set(Object.keys(keyDraftSchema.shape)));
  });

  test("tells of refusals by the codes and statuses that they have", () => {
    const named = rowsOf(text).flatMap(([first = "", second = ""]) => {
      const [, alone] = /^`(\w+)`$/.exec(first) ?? [];
      const [, status, code] = /^(\d{3}) `(\w+)`/.exec(second) ?? [];
      if (code !== undefined) return [[code, Number(status)] as const];
      return alone !== undefined && /^\d{3}$/.test(second) ? [[alone, Number(second)] as const] : [];
    });
    expect(named.length).toBeGreaterThanOrEqual(12);
    for (const [code, status] of named) {
      expect([code, Object.hasOwn(catalogue, code) && Reflect.get(catalogue, code).status]).toEqual([
        code,
        status,
      ]);
    }
    const faults = rowsOf(text).flatMap(([first, second = ""]) =>
      /^(?:429|503) `/.test(second) ? [first] : [],
    );
    expect(faults).toEqual(
      ["busy", "exhausted", "too_large", "unpriced", "unready"].map((word) => `\`${word}\``),
    );
  });

  test("reckons what is reserved as the gateway does", () => {
    const price = priceOfModel("deepseek-v4-flash-ga-260731");
    if (price === null) expect.fail("the example's model has no price");
    const rows = rowsOf(text).filter(([, second = ""]) => /^\d\.\d{6} /.test(second));
    const answers = [1_000, 1_000 + 393_216, 4_096 + 393_216];
    const expected = answers.map((tokens) => {
      const most = costAtMost(2_000 + 1_024, tokens, price);
      return [yuanText(most), String(Math.floor(10_000_000 / most))];
    });
    expect(rows.map(([, second = "", third]) => [second.split(" ")[0], third])).toEqual(expected);
  });

  test("asks the admin API for what it has", () => {
    // Nothing is asked of them: only what they are.
    const { paths = {} } = documentOf(adminRoutes({} as AdminOptions));
    const calls = blocksOf(text, "sh")
      .join("")
      .replaceAll("\\\n", " ")
      .split("\n")
      .filter((line) => line.startsWith("curl "));
    expect(calls.length).toBe(9);
    for (const call of calls) {
      const path = (/127\.0\.0\.1:5001([^?\s"]+)/.exec(call)?.[1] ?? "").replace("key_...", "{id}");
      const body = /-d '([^']*)'/.exec(call)?.[1];
      const method = /-X (\w+)/.exec(call)?.[1] ?? (body === undefined ? "GET" : "POST");
      expect([call, Object.keys(paths[path] ?? {})]).toEqual([
        call,
        expect.arrayContaining([method.toLowerCase()]),
      ]);
      if (body === undefined) continue;
      const schema =
        method === "PATCH" ? keyPatchSchema : path.endsWith("rotate") ? rotationSchema : keyDraftSchema;
      expect([call, schema.safeParse(JSON.parse(body)).success]).toEqual([call, true]);
    }
  });
});

test("both languages have the same blocks, and the same words in the same tables", () => {
  const [english, chinese] = pages;
  if (english === undefined || chinese === undefined) expect.fail("two pages were expected");
  expect(blocksOf(chinese.text, "yaml")).toEqual(blocksOf(english.text, "yaml"));
  const commands = (text: string) => blocksOf(text, "sh").flatMap(commandsOf);
  expect(commands(chinese.text)).toEqual(commands(english.text));
  const firsts = (text: string) => rowsOf(text).map(([first = ""]) => quotedIn(first));
  expect(firsts(chinese.text)).toEqual(firsts(english.text));
  const heads = (text: string) => [...text.matchAll(/^#+ /gm)].length;
  expect(heads(chinese.text)).toBe(heads(english.text));
});

describe("the team of five", () => {
  const example = read("examples/team.yaml");

  test("is the file that ships, and reads without a warning", () => {
    const { config, warnings } = good(example, { ARK_API_KEY: "k" });
    expect(warnings).toEqual([]);
    expect(config.auth.mode).toBe("keys");
    for (const { text } of pages) {
      const [, shown = ""] = blocksOf(text, "yaml");
      expect(good(shown, { ARK_API_KEY: "k" }).config).toEqual(config);
    }
  });

  test("has five keys, the same in the file and on the pages, whose budgets fit", () => {
    const commands = commandsOf(example);
    expect(commands.length).toBe(5);
    for (const { text } of pages) {
      expect(blocksOf(text, "sh").map(commandsOf)).toContainEqual(commands);
    }
    const [budget] = good(example, { ARK_API_KEY: "k" }).config.limits.total.budgets;
    const sum = commands.map(monthly).reduce((total, yuan) => total + yuan, 0);
    expect(sum).toBe(900);
    expect(budget).toEqual({ unit: "cny", amount: 1_000_000_000, period: "month" });
  });

  test("every model that its keys name is there", () => {
    const { models } = good(example, { ARK_API_KEY: "k" }).config;
    expect(models.map(({ alias }) => alias).sort()).toEqual(["deepseek-r1", "deepseek-v3", "fast"]);
  });
});
