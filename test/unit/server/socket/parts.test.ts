/** Proves the small parts of a WebSocket's service, each by itself. */
import { describe, expect, test } from "vitest";
import { carriedHeaders } from "../../../../src/server/socket/carried-headers.ts";
import { EventReader } from "../../../../src/server/socket/event-reader.ts";
import { readFinished } from "../../../../src/server/socket/finished-turn.ts";
import { inLane, readErrorBody, readErrorEvent } from "../../../../src/server/socket/frames.ts";
import { Intake } from "../../../../src/server/socket/intake.ts";
import { TurnMemory, withItems } from "../../../../src/server/socket/turn-memory.ts";
import { ByteBudget } from "../../../../src/wire/byte-budget.ts";

describe("what a handshake's headers become", () => {
  test("those of the client go along, each as often as it came; those of the handshake stay", () => {
    const raw = [
      ["Host", "gateway.example"],
      ["Connection", "Upgrade, X-Hop, Authorization"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Key", "k"],
      ["sec-websocket-extensions", "permessage-deflate"],
      ["Authorization", "Bearer sk-1"],
      ["X-Hop", "gone"],
      ["Ark-Beta-Mcp", "true"],
      ["traceparent", "00-1"],
      ["traceparent", "00-2"],
      ["Content-Length", "5"],
      ["Transfer-Encoding", "chunked"],
      ["Idempotency-Key", "i"],
      ["Expect", "100-continue"],
      ["Origin", "http://localhost"],
    ];
    expect(carriedHeaders(raw.flat())).toEqual([
      ...["Host", "gateway.example", "Authorization", "Bearer sk-1", "Ark-Beta-Mcp", "true"],
      ...["traceparent", "00-1", "traceparent", "00-2", "Origin", "http://localhost"],
    ]);
  });
});

describe("the lane's name in an event", () => {
  test.each([
    ['{"type":"a"}', null, '{"type":"a"}'],
    ['{"type":"a"}', "m", '{"type":"a","stream_id":"m"}'],
    ['{"type":"a", "b":{} } \n', "m", '{"type":"a", "b":{} ,"stream_id":"m"}'],
    ["{}", "m", '{"stream_id":"m"}'],
    ["{ }", "m", '{ "stream_id":"m"}'],
  ])("%s in %s", (data, lane, expected) => {
    expect(inLane(data, lane)).toBe(expected);
    JSON.parse(inLane(data, lane));
  });
});

describe("errors", () => {
  test("a body's error keeps its own words", () => {
    const error = { code: "RateLimitExceeded.X", message: "m", param: "p", type: "TooManyRequests" };
    expect(readErrorBody(429, Buffer.from(JSON.stringify({ error })))).toEqual({ status: 429, ...error });
    const odd = readErrorBody(500, Buffer.from('{"error":{"code":7,"type":null}}'));
    expect(odd).toEqual({
      status: 500,
      message: expect.any(String),
      type: "server_error",
      code: "error",
      param: null,
    });
    for (const body of ["", "[]", '"error"', '{"error":"text"}', '{"error":[]}', "null"]) {
      expect(readErrorBody(500, Buffer.from(body))).toBeNull();
    }
  });

  test("an event's error gets the status of its code, flat or not, and 500 for one that nobody knows", () => {
    const flat = { type: "error", code: "overloaded", message: "m", param: null, sequence_number: 1 };
    const facts = { status: 503, type: "server_error", code: "overloaded", message: "m", param: null };
    expect(readErrorEvent(JSON.stringify(flat))).toEqual(facts);
    expect(readErrorEvent(JSON.stringify({ type: "error", error: flat }))).toEqual(facts);
    expect(readErrorEvent('{"type":"error","code":"toString","message":"m"}')).toMatchObject({
      status: 500,
      code: "toString",
      type: "server_error",
    });
    expect(readErrorEvent("{")).toMatchObject({ status: 500, code: "error" });
  });
});

describe("the last event of a response", () => {
  test.each([
    ['{"response":{"id":"r","output":[ {"a":1} , 2 ]}}', { id: "r", output: '{"a":1} , 2', isStored: false }],
    ['{"response":{"store":true,"id":"r\\n"}}', { id: "r\n", output: "", isStored: true }],
    ['{"response":{"store":1,"id":"r","output":[]}}', { id: "r", output: "", isStored: false }],
    ['{"response":{"id":7,"output":[]}}', null],
    ['{"response":[]}', null],
    ['{"id":"r"}', null],
    ["{", null],
  ])("%s", (data, expected) => {
    const finished = readFinished(data);
    expect(finished === null ? null : { ...finished, output: finished.output.toString() }).toEqual(expected);
  });
});

describe("the bytes of a message", () => {
  test("count from its first piece to its last; a control frame's are given back", () => {
    const budget = new ByteBudget(100);
    const intake = new Intake(budget);
    expect(intake.sinceMs).toBeNull();
    expect(intake.take(40, 7)).toBe(true);
    expect(intake.take(16, 9)).toBe(true);
    intake.skipControl(10);
    expect([budget.held, intake.sinceMs]).toEqual([40, 7]);
    expect(intake.take(61, 9)).toBe(false);
    expect(intake.take(60, 9)).toBe(true);
    expect(intake.finish(90)).toBe(true);
    // The message's own are the caller's now.
    expect([budget.held, intake.sinceMs]).toEqual([90, null]);
    budget.give(90);
    intake.skipControl(5);
    intake.close();
    expect(budget.held).toBe(0);
  });

  test("of a second message in one piece are taken at its end, if there is room", () => {
    const budget = new ByteBudget(100);
    const intake = new Intake(budget);
    expect(intake.take(60, 1)).toBe(true);
    expect(intake.finish(25)).toBe(true);
    expect(intake.finish(25)).toBe(true);
    expect(budget.held).toBe(50);
    expect(intake.take(10, 1)).toBe(true);
    expect(intake.finish(51)).toBe(false);
    expect(budget.held).toBe(50);
  });
});

describe("turns that are remembered", () => {
  const turn = (id: string, bytes: number) => ({
    id,
    base: null,
    items: [Buffer.alloc(bytes - id.length)],
  });

  test("many short turns become few pieces, each in memory of its own; none for what is empty", () => {
    let items: readonly Buffer[] = [];
    const all = Array.from({ length: 20_000 }, (_, index) => String(index));
    for (const item of all) items = withItems(withItems(items, Buffer.alloc(0)), Buffer.from(item));
    expect(Buffer.concat(items.flatMap((piece) => [piece, Buffer.from(",")])).toString()).toBe(
      `${all.join(",")},`,
    );
    expect(items.length).toBeLessThanOrEqual(3);
    for (const { buffer, length } of items) expect(buffer.byteLength).toBe(length);
  });

  test("a long piece stays what it is, and what it was put behind is not changed", () => {
    const long = Buffer.alloc(65_536);
    const before = [Buffer.from("1")];
    const items = withItems(before, long);
    expect(items[1]).toBe(long);
    expect(withItems(items, Buffer.from("2")).map(({ length }) => length)).toEqual([1, 65_536, 1]);
    expect(withItems(before, Buffer.alloc(65_534)).map(({ length }) => length)).toEqual([65_536]);
    expect(withItems(before, Buffer.alloc(65_535)).map(({ length }) => length)).toEqual([1, 65_535]);
    expect(before).toEqual([Buffer.from("1")]);
  });

  test("the ids that a client may make as long as it likes count, at n and n + 1 bytes", () => {
    const memory = new TurnMemory(100, new ByteBudget(1_000));
    memory.keep(null, { id: "1", base: "b".repeat(98), items: [Buffer.alloc(1)] });
    expect([memory.find("1")?.id, memory.bytes]).toEqual(["1", 100]);
    memory.keep(null, { id: "1", base: "b".repeat(99), items: [Buffer.alloc(1)] });
    expect([memory.find("1"), memory.bytes]).toEqual([null, 0]);
  });

  test("one a lane, and the oldest lanes go where there is no room", () => {
    const budget = new ByteBudget(1_000);
    const memory = new TurnMemory(100, budget);
    memory.keep("a", turn("1", 40));
    memory.keep("b", turn("2", 40));
    memory.keep("a", turn("3", 30));
    expect(["1", "2", "3"].map((id) => memory.find(id) !== null)).toEqual([false, true, true]);
    memory.keep(null, turn("4", 60));
    expect(["2", "3", "4"].map((id) => memory.find(id) !== null)).toEqual([false, true, true]);
    expect([memory.bytes, budget.held]).toEqual([90, 90]);
    memory.keep("b", turn("5", 101));
    expect([memory.find("5"), memory.bytes]).toEqual([null, 90]);
    memory.keep("b", turn("6", 100));
    expect([memory.find("6")?.id, memory.find("4"), memory.bytes]).toEqual(["6", null, 100]);
    memory.keep("b", null);
    expect([memory.bytes, budget.held]).toEqual([0, 0]);
  });

  test("none where all connections together remember too much", () => {
    const budget = new ByteBudget(50);
    const one = new TurnMemory(100, budget);
    const other = new TurnMemory(100, budget);
    one.keep(null, turn("1", 30));
    other.keep(null, turn("2", 21));
    expect(other.find("2")).toBeNull();
    other.keep(null, turn("3", 20));
    expect(other.find("3")?.id).toBe("3");
    one.clear();
    other.clear();
    expect(budget.held).toBe(0);
  });
});

describe("events", () => {
  const stream = Buffer.from(
    'event: a\ndata: {"x":"é"}\n\n: ping\nevent: b\r\ndata: {"y":1}\r\ndata: more\r\n\r\n\ndata: [DONE]\r\r',
  );
  const events = [
    { name: "a", data: '{"x":"é"}' },
    { name: "b", data: '{"y":1}\nmore' },
    { name: null, data: "[DONE]" },
  ];

  test("are the same wherever the stream is cut", () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second += 7) {
        const reader = new EventReader(1_000);
        const found = [
          stream.subarray(0, first),
          stream.subarray(first, second),
          stream.subarray(second),
        ].flatMap((piece) => reader.take(piece));
        const last = reader.finish();
        expect(last === null ? found : [...found, last]).toEqual(events);
      }
    }
  });

  test("n bytes pass, n + 1 do not, whatever came before", () => {
    const event = "data: 12345\n\n";
    const reader = new EventReader(event.length);
    expect(reader.take(Buffer.from(event + event))).toHaveLength(2);
    expect(reader.take(Buffer.from(event.slice(0, 5)))).toEqual([]);
    expect(reader.take(Buffer.from(event.slice(5)))).toHaveLength(1);
    expect(() => reader.take(Buffer.from("data: 123456\n\n"))).toThrow(RangeError);
  });
});
