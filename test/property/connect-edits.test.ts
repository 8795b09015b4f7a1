/**
 * Proves with generated files that settings put into a client's JSON, TOML or .env file are there afterwards,
 * that nothing else means anything else, and that a second time changes nothing.
 */
import { parseEnv } from "node:util";
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { expect, test } from "vitest";
import { editDotenv } from "../../src/commands/connect/dotenv-settings.ts";
import { editJson } from "../../src/commands/connect/json-settings.ts";
import type { Edit, Setting, Tree } from "../../src/commands/connect/setting.ts";
import { valueAt } from "../../src/commands/connect/setting.ts";
import { editToml } from "../../src/commands/connect/toml-settings.ts";
import { propertyRuns } from "../support/property-runs.ts";

const name = fc.constantFrom("model", "env", "provider", "mine", "a b", "über", "x-1", 'q"uote');
const setting: fc.Arbitrary<Setting> = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 3 }),
  value: fc.oneof(fc.string(), fc.boolean(), fc.nat()),
});

/** Whether one stands in the other's place: that would be a defect of the table of clients. */
function clash({ path: one }: Setting, { path: other }: Setting): boolean {
  return one.every((part, index) => index >= other.length || part === other[index]);
}

const settings = fc.uniqueArray(setting, { maxLength: 5, comparator: clash });

function good(edit: Edit): { readonly text: string; readonly isChanged: boolean } | null {
  return edit.kind === "ok" ? edit : null;
}

/** What a tree says beside the settings: each value with its path, sorted. Empty tables say nothing. */
function without(tree: unknown, all: readonly Setting[], at: readonly string[] = []): readonly string[] {
  if (all.some(({ path }) => path.length <= at.length && path.every((part, index) => part === at[index]))) {
    return [];
  }
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
    return [`${JSON.stringify(at)} ${JSON.stringify(tree)}`];
  }
  return Object.entries(tree)
    .flatMap(([member, value]) => without(value, all, [...at, member]))
    .toSorted();
}

const tree = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.dictionary(
    name,
    fc.oneof({ maxDepth: 3 }, fc.string(), fc.nat(), fc.boolean(), fc.array(fc.nat()), tie("tree")),
  ),
})).tree;

const runs = propertyRuns(0.005);

test("JSON: the settings are there, and the rest is as it was", () => {
  fc.assert(
    fc.property(tree, settings, fc.constantFrom(undefined, 2, "\t"), (before, wanted, indent) => {
      const edit = good(editJson(JSON.stringify(before, null, indent), wanted));
      // Something else stood in the way of a setting.
      if (edit === null) return;
      const after = JSON.parse(edit.text);
      for (const { path, value } of wanted) expect(valueAt(after, path)).toEqual(value);
      expect(without(after, wanted)).toEqual(without(before, wanted));
      expect(good(editJson(edit.text, wanted))).toEqual({ kind: "ok", text: edit.text, isChanged: false });
    }),
    runs,
  );
});

/** TOML with comments between its lines; they may not be lost. */
function commented(text: string): { readonly text: string; readonly comments: readonly string[] } {
  const lines = text.split("\n");
  const comments: string[] = [];
  const out = lines.flatMap((line, index) => {
    if (/^\[|^[\w-]+ = (?:true|false|\d+)$/.test(line)) {
      comments.push(`# before ${index}`, `# behind ${index}`);
      return [`# before ${index}`, `${line} # behind ${index}`];
    }
    return [line];
  });
  return { text: out.join("\n"), comments };
}

test("TOML: the settings are there, the rest means the same, and no comment is lost", () => {
  let edited = 0;
  fc.assert(
    fc.property(tree, settings, fc.boolean(), (before, wanted, isWindows) => {
      const { text, comments } = commented(stringify(before));
      const edit = good(editToml(isWindows ? text.replaceAll("\n", "\r\n") : text, wanted));
      if (edit === null) return;
      edited++;
      const after = parse(edit.text) as Tree;
      for (const { path, value } of wanted) expect(valueAt(after, path)).toEqual(value);
      expect(without(after, wanted)).toEqual(without(before, wanted));
      for (const comment of comments) expect(edit.text).toContain(comment);
      expect(good(editToml(edit.text, wanted))?.isChanged).toBe(false);
    }),
    runs,
  );
  expect(edited).toBeGreaterThan(runs.numRuns / 3);
});

test("TOML: any text at all is edited rightly or left alone", () => {
  const line = fc.constantFrom(
    "",
    "# c",
    "a = 1",
    "[a]",
    "[a.b]",
    "[[a]]",
    'a = "x" # c',
    'm = """',
    '"""',
    "l = [",
    "]",
    "a.b = 2",
    "'a' = 3",
    "[ a . b ]",
    "x = {a = 1}",
    "[model]",
    "model = 'y'",
  );
  const wanted: readonly Setting[] = [
    { path: ["a"], value: 7 },
    { path: ["model", "b"], value: "n" },
  ];
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const text = lines.join("\n");
      const edit = good(editToml(text, wanted));
      if (edit === null) return;
      const after = parse(edit.text) as Tree;
      expect([valueAt(after, ["a"]), valueAt(after, ["model", "b"])]).toEqual([7, "n"]);
      expect(without(after, wanted)).toEqual(without(parse(text) as Tree, wanted));
    }),
    propertyRuns(0.02),
  );
});

test(".env: the variables are there, and every other line stays", () => {
  const line = fc.constantFrom(
    "",
    "# c",
    "A=1",
    "export A=2",
    "B='x y'",
    'C="d',
    'e"',
    "  A = 3",
    "AB=4",
    "=5",
    "A",
  );
  const value = fc.stringMatching(/^[!-~]{1,20}$/);
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 6 }),
      value,
      fc.constantFrom("\n", "\r\n"),
      (lines, text, end) => {
        const before = lines.join(end);
        const edit = good(editDotenv(before, [{ path: ["A"], value: text }]));
        if (edit === null) return;
        const { A, ...rest } = { ...parseEnv(edit.text) };
        const { A: _old, ...restBefore } = { ...parseEnv(before) };
        expect([A, rest]).toEqual([text, restBefore]);
        expect(good(editDotenv(edit.text, [{ path: ["A"], value: text }]))?.isChanged).toBe(false);
      },
    ),
    runs,
  );
});

test(".env: a value is written so that no reader puts anything else into it", () => {
  const lineWith = (value: string): string | undefined =>
    good(editDotenv(null, [{ path: ["K"], value }]))?.text;
  expect(lineWith("sk-vp-a1")).toBe("K=sk-vp-a1\n");
  // Between double quotes, some readers take these for variables, commands and escapes.
  for (const value of ["a$HOME", "a#b", "a`b`", "a\\nb", 'a"b'])
    expect(lineWith(value)).toBe(`K='${value}'\n`);
  expect(lineWith("a'b")).toBe(`K="a'b"\n`);
  for (const value of ["a'$b", "a'\\b", "a'`b"]) expect(lineWith(value)).toBeUndefined();
});

test(".env: `export`, a comment behind the value and each line's own end stay", () => {
  const edited = (text: string) => good(editDotenv(text, [{ path: ["K"], value: "n" }]))?.text;
  expect(edited("  export K=old # mine\nX=1\n")).toBe("  export K=n # mine\nX=1\n");
  expect(edited("K='a # b' # it's\n")).toBe("K=n\n");
  expect(edited('K="a # b"\n')).toBe("K=n\n");
  expect(edited("A=1\r\nK=2\nB=3\r\n")).toBe("A=1\r\nK=n\nB=3\r\n");
  expect(edited("A=1\r\nB=2")).toBe("A=1\r\nB=2\r\nK=n\r\n");
});
