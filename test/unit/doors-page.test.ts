/** The pages about the doors, in both languages, say what there is: every path, door, repair and setting. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import { repairs } from "../../src/core/changes.ts";
import { doors } from "../../src/protocols/index.ts";

const pages = ["docs/doors.md", "docs/doors.zh-CN.md"].map(
  (path) => [path, readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")] as const,
);

test.each(pages)("%s", (_path, text) => {
  for (const { name, paths } of doors) {
    for (const path of paths) expect(text).toContain(`POST /v1${path}\``);
    expect([name, text.includes(`\`${name}\``) || name === "input_tokens"]).toEqual([name, true]);
  }
  expect(repairs.filter((repair) => !text.includes(`| \`${repair}\` |`))).toEqual([]);
  const settings = [
    "responses.store",
    "anthropic_base_url",
    "compat: openai",
    "speaks:",
    "reasoning: { memory: false }",
  ];
  expect(settings.filter((setting) => !text.includes(setting))).toEqual([]);
  expect(Object.keys(configSchema.shape)).toEqual(expect.arrayContaining(["responses", "reasoning"]));
});

test("both languages have the same tables", () => {
  const rows = pages.map(([, text]) => text.split("\n").filter((line) => line.startsWith("|")).length);
  expect(rows[0]).toBe(rows[1]);
});
