/**
 * The classes of JSONTestSuite as the value of a member that nobody knows: refused, or passed on unchanged.
 */
import { describe, expect, test } from "vitest";
import { repairs } from "../../src/core/changes.ts";
import { GatewayError } from "../../src/core/errors.ts";
import { readBody } from "../../src/protocols/chat/read-body.ts";
import { splice } from "../../src/wire/json-splice.ts";
import { invalidCases, openCasesRefused } from "../support/json-invalid-classes.ts";
import { type JsonCase, openCasesTaken, validCases } from "../support/json-valid-classes.ts";

function around(value: string | Buffer, before: string, after: string): Buffer {
  return Buffer.concat([Buffer.from(before), Buffer.from(value), Buffer.from(after)]);
}

/** The member last, first, and between the ones that are acted on. */
const places: readonly (readonly [string, string])[] = [
  ['{"model":"a","x":', "}"],
  ['{"x":', ',"model":"a"}'],
  ['{"model":"a","x":', ',"stream":true,"messages":[{"role":"developer"}]}'],
];

test("every class is there once", () => {
  const names = [...validCases, ...openCasesTaken, ...invalidCases, ...openCasesRefused].map(
    ([name]) => name,
  );
  expect(new Set(names).size).toBe(names.length);
  expect([validCases.length, invalidCases.length, openCasesTaken.length + openCasesRefused.length]).toEqual([
    95, 188, 35,
  ]);
});

describe("passed on unchanged", () => {
  const taken: readonly JsonCase[] = [...validCases, ...openCasesTaken];
  test.each(taken)("%s", (_name, value) => {
    for (const [before, after] of places) {
      const body = around(value, before, after);
      const reading = readBody(body);
      expect(reading.rewrite("a", new Set()).splices).toHaveLength(after.includes("stream") ? 1 : 0);
      const { splices } = reading.rewrite("ep-1", new Set(repairs));
      const expected = around(
        value,
        before.replace('"a"', '"ep-1"'),
        after
          .replace('"a"', '"ep-1"')
          .replace('"stream":true', '"stream":true,"stream_options":{"include_usage":true}')
          .replace("developer", "system"),
      );
      expect(Buffer.concat(splice(body, splices)).equals(expected)).toBe(true);
    }
  });
});

describe("refused as invalid_json", () => {
  const refused: readonly JsonCase[] = [...invalidCases, ...openCasesRefused];
  test.each(refused)("%s", (_name, value) => {
    for (const [before, after] of places) {
      const body = around(value, before, after);
      let thrown: unknown = null;
      try {
        readBody(body);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(GatewayError);
      expect(thrown).toMatchObject({ code: "invalid_json", status: 400 });
    }
  });
});
