/** Scenarios: what is taken, and how clearly the rest is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { faultKinds } from "../../../src/simulator/faults/faults.ts";
import { faultTable, parseScenario, ScenarioError } from "../../../src/simulator/index.ts";

function problemOf(text: string): { path: string; message: string } {
  try {
    parseScenario(text);
  } catch (thrown) {
    if (thrown instanceof ScenarioError) return { path: thrown.path, message: thrown.message };
    throw thrown;
  }
  throw new Error(`taken: ${text}`);
}

describe("parseScenario", () => {
  test("takes a whole scenario as it is", () => {
    const scenario = {
      firstTokenDelayMs: 300,
      chunkIntervalMs: 20.5,
      replyTokens: 80,
      faultRate: { reset: 0.01, error: 1 },
      script: [
        null,
        { kind: "stall", afterBytes: 10, of: "wire", ms: null },
        [{ kind: "split" }, { kind: "sse" }],
      ],
      repeat: true,
    };
    expect(parseScenario(JSON.stringify(scenario))).toEqual(scenario);
    expect(parseScenario("{}")).toEqual({});
  });

  test.each([
    ["{", "", /^A scenario must be JSON: /],
    ["[]", "", /^A scenario must be a JSON object, not \[\]$/],
    ['{"latency":1}', "latency", /is no part of a scenario; there are firstTokenDelayMs, /],
    ['{"chunkIntervalMs":-1}', "chunkIntervalMs", /must be a number from 0 to 86400000, not -1$/],
    ['{"chunkIntervalMs":86400001}', "chunkIntervalMs", /not 86400001$/],
    ['{"replyTokens":1.5}', "replyTokens", /whole number, not 1\.5$/],
    ['{"replyTokens":1000001}', "replyTokens", /from 0 to 1000000/],
    ['{"repeat":"yes"}', "repeat", /must be true or false, not "yes"$/],
    ['{"faultRate":[]}', "faultRate", /must be an object such as/],
    ['{"faultRate":{"rst":0.1}}', "faultRate.rst", /is no kind of fault; there are error, html, /],
    ['{"faultRate":{"__proto__":0.1}}', "faultRate.__proto__", /is no kind of fault/],
    ['{"faultRate":{"reset":1.1}}', "faultRate.reset", /must be a number from 0 to 1, not 1\.1$/],
    ['{"script":{}}', "script", /must be a list of faults, not \{\}$/],
    ['{"script":[1]}', "script[0]", /must be a fault such as \{"kind":"reset"\}, not 1$/],
    ['{"script":[null,{"kind":"rst"}]}', "script[1].kind", /must be one of error, .*, not "rst"$/],
    ['{"script":[[{"kind":"hang"},{}]]}', "script[0][1].kind", /not undefined$/],
    [
      '{"script":[{"kind":"reset","after":1}]}',
      "script[0].after",
      /is no field of reset, which has afterBytes, of$/,
    ],
    ['{"script":[{"kind":"both_framings","x":1}]}', "script[0].x", /which has no fields$/],
    ['{"script":[{"kind":"reset","afterBytes":"1"}]}', "script[0].afterBytes", /a whole number .*, not "1"$/],
    ['{"script":[{"kind":"reset","of":"head"}]}', "script[0].of", /one of body, wire, not "head"$/],
    ['{"script":[{"kind":"error","code":"Nope"}]}', "script[0].code", /one of MissingParameter, /],
  ])("%s is wrong at %j", (text, path, message) => {
    const problem = problemOf(text);
    expect(problem.path).toBe(path);
    expect(problem.message).toMatch(message);
    if (path !== "") expect(problem.message.startsWith(`${path}: `)).toBe(true);
  });

  test("a long wrong value is shown by its beginning", () => {
    expect(problemOf(JSON.stringify({ repeat: "x".repeat(1_000) })).message.length).toBeLessThan(120);
  });

  test("takes 100,000 steps and not one more", () => {
    const script = (steps: number): string => JSON.stringify({ script: Array(steps).fill(null) });
    expect(parseScenario(script(100_000)).script).toHaveLength(100_000);
    expect(problemOf(script(100_001))).toMatchObject({ path: "script" });
  });

  test("whatever the text, it is taken whole or refused by a ScenarioError", () => {
    const words = fc.constantFrom(
      "script",
      "faultRate",
      "kind",
      "reset",
      "afterBytes",
      "repeat",
      "replyTokens",
    );
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(null, true, -1, 0, 1, 0.5, 1e9, "body", "reset", "hang"),
        fc.array(tie("node"), { maxLength: 3 }),
        fc.dictionary(fc.oneof(words, fc.string({ maxLength: 4 })), tie("node"), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(
        fc.oneof(
          value.map((it) => JSON.stringify(it)),
          fc.string(),
        ),
        (text) => {
          let taken: unknown;
          try {
            taken = parseScenario(text);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ScenarioError);
            return;
          }
          expect(taken).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("every fault whose fields are its fallbacks is taken, and with one field more it is not", () => {
    fc.assert(
      fc.property(fc.constantFrom(...faultKinds), (kind) => {
        const fields = Object.entries(faultTable[kind].fields).map(([name, field]) => [name, field.fallback]);
        const fault = { kind, ...Object.fromEntries(fields) };
        expect(parseScenario(JSON.stringify({ script: [fault] })).script).toEqual([fault]);
        const more = JSON.stringify({ script: [{ ...fault, surprise: 1 }] });
        expect(problemOf(more).path).toBe("script[0].surprise");
      }),
    );
  });

  test("every fault says what it does", () => {
    for (const kind of faultKinds) expect(faultTable[kind].about.length).toBeGreaterThan(10);
  });
});
