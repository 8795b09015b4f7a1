/** Ark's own Responses streams, as clients get them, against files that have been read by people. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { declareTopTools } from "../../../../src/protocols/responses/flat-tools.ts";
import type { AnswerRewrite } from "../../../../src/protocols/responses/verbatim/rewrite-answer.ts";
import { ResponsesTap } from "../../../../src/protocols/responses/verbatim/tap.ts";

const FOLDER = new URL("../../../support/golden/responses-verbatim/", import.meta.url);
const SOURCE = ".ark.txt";
const STEP_BYTES = 11;

const streams = readdirSync(FOLDER)
  .filter((name) => name.endsWith(SOURCE))
  .map((name) => name.slice(0, -SOURCE.length));
const names = declareTopTools([{ type: "custom", name: "apply_patch" }]);
names.declare({ kind: "function", name: "read", namespace: "mcp__files" });
const rewrites: readonly (readonly [string, AnswerRewrite])[] = [
  ["names", { names, fillsRequired: false }],
  ["openai", { names, fillsRequired: true }],
];

function given(stream: Buffer, cut: number, rewrite: AnswerRewrite): string {
  const tap = new ResponsesTap({ rewrite });
  const pieces = [tap.push(stream.subarray(0, cut)), tap.push(stream.subarray(cut)), tap.finish()];
  return Buffer.concat(pieces.flatMap((piece) => piece ?? [])).toString();
}

test("there are streams", () => expect(streams).toEqual(["calls", "failed", "incomplete"]));

describe.each(rewrites)("with %s", (kind, rewrite) => {
  test.each(streams)("%s, wherever it is cut", (name) => {
    const stream = readFileSync(new URL(name + SOURCE, FOLDER));
    const wanted = readFileSync(new URL(`${name}.${kind}.txt`, FOLDER), "utf8");
    for (let cut = 0; cut < stream.length; cut += STEP_BYTES) {
      const found = given(stream, cut, rewrite);
      if (found !== wanted) expect(found, `cut at ${cut}`).toBe(wanted);
    }
  });
});
