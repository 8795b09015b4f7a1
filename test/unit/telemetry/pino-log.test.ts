/** What the event log lets through: plain values and plain parts of errors, without secrets, line by line. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createPinoLog, type EventLogOptions } from "../../../src/telemetry/pino-log.ts";

const KEY = "0123abcd-4567-89ef-0123-456789abcdef";

function open(options: Partial<EventLogOptions> = {}) {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  return { lines, log: createPinoLog({ level: "info", sink, secrets: [KEY], ...options }) };
}

function parsed(line: string | undefined): Record<string, unknown> {
  return JSON.parse(line ?? "{}") as Record<string, unknown>;
}

test("a line has level, time, message and fields", () => {
  const { log, lines } = open();
  log.warn({ port: 5000, listening: true, hosts: ["a", "b"], none: null, missing: undefined }, "hello");
  const { time, ...rest } = parsed(lines[0]);
  expect(rest).toEqual({
    level: "warn",
    port: 5000,
    listening: true,
    hosts: ["a", "b"],
    none: null,
    message: "hello",
  });
  expect(new Date(String(time)).toISOString()).toBe(time);
});

test("levels below the set one are silent", () => {
  const { log, lines } = open({ level: "warn" });
  log.debug({}, "a");
  log.info({}, "b");
  log.warn({}, "c");
  log.error({}, "d");
  expect(lines.map((line) => parsed(line)["level"])).toEqual(["warn", "error"]);
});

test("an error is its name, code, message, stack and causes; what else hangs on it is not looked at", () => {
  const { log, lines } = open();
  const cause = Object.assign(new TypeError(`refused ${KEY}`), { headers: { authorization: KEY } });
  log.error(
    { error: Object.assign(new Error("broken", { cause }), { code: "ECONNRESET", request: { KEY } }) },
    "x",
  );
  expect(parsed(lines[0])["error"]).toEqual({
    name: "Error",
    code: "ECONNRESET",
    message: "broken",
    stack: expect.stringContaining("Error: broken\n"),
    cause: {
      name: "TypeError",
      message: "refused [removed]",
      stack: expect.stringContaining("TypeError: refused [removed]\n"),
    },
  });
});

test("a chain of causes without end has one here", () => {
  const { log, lines } = open();
  const error = new Error("loop");
  error.cause = error;
  log.error({ error }, "x");
  expect((lines[0] ?? "").match(/"message":"loop"/g)).toHaveLength(4);
});

test("objects are named, not shown", () => {
  const { log, lines } = open();
  log.info(
    { headers: { authorization: KEY }, buffer: Buffer.from(KEY), list: [{ KEY }, 1n], run: () => KEY },
    "x",
  );
  expect(parsed(lines[0])).toMatchObject({
    ...{ headers: "[object]", buffer: "[object]", list: ["[object]", "1"], run: "[function]" },
  });
});

test.each([
  `connect failed with ${KEY}`,
  "authorization: Bearer abc.def-ghi_jkl/mno+pqr=",
  "proxy http://user:hunter2secret@proxy.local:3128 said no",
  "key sk-abcdefgh1234 is unknown",
  "Basic dXNlcjpodW50ZXIyc2VjcmV0",
])("no secret of %j gets out, wherever it stands", (text) => {
  const { log, lines } = open();
  log.error({ text, list: [text], error: new Error(text) }, text);
  const [line = ""] = lines;
  for (const secret of [KEY, "abc.def", "hunter2secret", "abcdefgh1234", "dXNlcjpodW50ZXIy"]) {
    expect(line).not.toContain(secret);
  }
  expect(line).toContain("[removed]");
});

test("long texts are cut, and cost no more than their length", () => {
  const { log, lines } = open();
  const started = performance.now();
  for (const unit of ["bearer ", "://", "sk-", " ", "basic  ", "://a"]) {
    log.info({ text: unit.repeat(1_000_000) }, unit.repeat(100_000));
  }
  expect(performance.now() - started).toBeLessThan(500);
  for (const line of lines) expect(line.length).toBeLessThan(40_000);
});

test("lines are as many as events, whatever the texts are", () => {
  const wild = fc.oneof(
    fc.uint16Array({ maxLength: 12 }).map((units) => String.fromCharCode(...units)),
    fc.constantFrom('"}\n{"a":"', "\u2028", "\u001b[2J", "\u009b31m"),
  );
  fc.assert(
    fc.property(wild, wild, (message, value) => {
      const { log, lines } = open({ secrets: [] });
      log.info({ value, error: new Error(value) }, message);
      const [line = "", ...more] = lines;
      const isOneLine = line.split(/[\n\r\u2028\u2029\u0085]/).length === 2 && line.endsWith("}\n");
      const isHarmless = !line.includes("\u001b") && !line.includes("\u009b");
      return more.length === 0 && isOneLine && isHarmless && parsed(line)["level"] === "info";
    }),
    { numRuns: 1_000 },
  );
});
