/** Lines for people: the time, the level, the message, the rest as pairs, and errors with their stacks. */
import { expect, test } from "vitest";
import { createPinoLog } from "../../../src/telemetry/pino-log.ts";
import { PrettyLines } from "../../../src/telemetry/pretty-lines.ts";

function open(color = false) {
  const lines: string[] = [];
  const sink = new PrettyLines({ sink: { write: (line) => lines.push(line), flush: () => {} }, color });
  return { lines, sink };
}

test("an event reads from left to right", () => {
  const { lines, sink } = open();
  sink.write(
    '{"level":"info","time":"2026-11-22T21:00:00.007Z","port":5000,"hosts":["a"],"message":"listening"}\n',
  );
  expect(lines).toEqual(['21:00:00.007 INFO  listening port=5000 hosts=["a"]\n']);
});

test("levels have colours where asked", () => {
  const { lines, sink } = open(true);
  sink.write('{"level":"warn","time":"2026-11-22T21:00:00.007Z","message":"x"}\n');
  sink.write('{"level":"odd","time":"2026-11-22T21:00:00.007Z","message":"x"}\n');
  expect(lines).toEqual(["21:00:00.007 \u001b[33mWARN \u001b[0m x\n", "21:00:00.007 ODD   x\n"]);
});

test("an error stands below its line, with its causes", () => {
  const { lines, sink } = open();
  const cause = new Error("inner");
  cause.stack = "Error: inner\n    at b";
  const error = new Error("outer", { cause });
  error.stack = "Error: outer\n    at a";
  createPinoLog({ level: "info", sink }).error({ error, requestId: "r" }, "failed");
  expect(lines[0]?.slice(13)).toBe(
    "ERROR failed requestId=r\n    Error: outer\n        at a\n    caused by\n    Error: inner\n        at b\n",
  );
});

test("no text can steer the terminal or forge a line", () => {
  const { lines, sink } = open();
  createPinoLog({ level: "info", sink }).info(
    { name: "a\u001b[2Jb\u202ec" },
    "one\ntwo\r\u2028three\u009b31m",
  );
  expect(lines[0]?.slice(13)).toBe(
    "INFO  one\\u000atwo\\u000d\\u2028three\\u009b31m name=a\\u001b[2Jb\\u202ec\n",
  );
});

test("what is no JSON goes through", () => {
  const { lines, sink } = open();
  sink.write("plain\n");
  sink.write("{broken\n");
  expect(lines).toEqual(["plain\n", "{broken\n"]);
});
