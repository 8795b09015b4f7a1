/** What the tap of Ark's own Responses streams gives, learns and measures. */
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../../src/core/errors.ts";
import { declareTopTools } from "../../../../src/protocols/responses/flat-tools.ts";
import { EVENT_BYTES_MAX, ResponsesTap } from "../../../../src/protocols/responses/verbatim/tap.ts";
import {
  LOOSE_PATCH,
  NAMESPACED,
  PATCH,
  RESPONSE_ID,
  responseStream,
  responsesStreams,
  SHELL,
} from "../../../support/responses-streams.ts";

const names = declareTopTools([{ type: "custom", name: "apply_patch" }]);
names.declare({ kind: "function", name: "read", namespace: "mcp__files" });
const ERROR = new GatewayError("upstream_truncated", "It was cut.");

type Event = { readonly event: string; readonly data: Record<string, unknown> };

function eventsOf(text: string): Event[] {
  return text
    .split("\n\n")
    .filter((block) => block.includes("data: {"))
    .map((block) => {
      const [event = "", data = ""] = block.split("\n");
      return { event: event.slice("event: ".length), data: JSON.parse(data.slice("data: ".length)) };
    });
}

function through(stream: string, rewrite: ConstructorParameters<typeof ResponsesTap>[0] = {}): string {
  const tap = new ResponsesTap(rewrite);
  const given = [tap.push(Buffer.from(stream)), tap.finish()];
  return Buffer.concat(given.flatMap((bytes) => bytes ?? [])).toString();
}

/** Those that are not given as they came. */
const whole = responseStream([PATCH]);
const unmarked = whole.slice(0, whole.indexOf("data: [DONE]"));
const endedAs = new Map([
  ["more behind the end", whole],
  ["something else in the mark's place", unmarked],
  ["no closing mark, nor the last blank line", unmarked],
  ["no closing mark, nor the last line's end", unmarked],
  ["CRLF, no closing mark", unmarked.replaceAll("\n", "\r\n")],
]);

/** A comment does not wait with the last event. */
function commentFirst(stream: string): string {
  const last = stream.lastIndexOf("event: response.completed");
  return `${stream.slice(0, last)}: ping\n${stream.slice(last).replace(": ping\n", "")}`;
}

describe("bytes go through as they came", () => {
  test.each(responsesStreams.filter(({ wanted }) => wanted.done))("$name", ({ name, bytes }) => {
    const given = through(bytes.toString());
    if (name === "a comment before the mark") expect(given).toBe(commentFirst(bytes.toString()));
    else if (given !== bytes.toString()) expect([name, given]).toEqual([name, endedAs.get(name)]);
  });

  test("deltas are the very same buffer", () => {
    const tap = new ResponsesTap();
    tap.push(Buffer.from(": ping\n"));
    const delta = Buffer.from('event: response.output_text.delta\ndata: {"delta":"Hi"}\n\n');
    expect(tap.push(delta)).toBe(delta);
  });

  test("the last event waits for the mark, and both are given at once", () => {
    const stream = responseStream([]);
    const mark = stream.indexOf("data: [DONE]");
    const last = stream.lastIndexOf("event: response.completed");
    const tap = new ResponsesTap();
    expect(tap.push(Buffer.from(stream.slice(0, mark)))?.toString()).toBe(stream.slice(0, last));
    expect(tap.done).toBe(false);
    expect(tap.push(Buffer.from(stream.slice(mark)))?.toString()).toBe(stream.slice(last));
    expect([tap.done, tap.hasMore]).toEqual([true, false]);
  });

  test("what comes behind the mark is not given", () => {
    const tap = new ResponsesTap();
    const stream = responseStream([]);
    expect(tap.push(Buffer.from(`${stream}data: {}\n\n`))?.toString()).toBe(stream);
    expect([tap.done, tap.hasMore]).toEqual([true, true]);
  });
});

describe("how a stream ends", () => {
  test.each(responsesStreams)("$name", ({ bytes, wanted }) => {
    const tap = new ResponsesTap();
    tap.push(bytes);
    tap.finish();
    expect([tap.done, tap.usage?.outputTokens ?? null, tap.failure !== null]).toEqual([
      wanted.done,
      wanted.output,
      wanted.failed,
    ]);
    expect(tap.usageIsFinal).toBe(wanted.output !== null);
  });

  test("the code of a failure is Ark's", () => {
    for (const [name, code] of [
      ["an answer that failed", "InternalServiceError"],
      ["an error", "ServerOverloaded"],
      ["an error as in a body", "E"],
      ["an error that is no JSON", null],
    ]) {
      const tap = new ResponsesTap();
      tap.push(responsesStreams.find((stream) => stream.name === name)?.bytes ?? Buffer.alloc(0));
      expect(tap.failure, name ?? "").toEqual({ code });
    }
  });

  test("an event of the longest length is read, one byte more flows and is not", () => {
    const last = (more: number) => {
      const begin =
        'event: response.completed\ndata: {"response":{"usage":{"input_tokens":1,"output_tokens":2},"a":"';
      const end = '"}}\n\n';
      return Buffer.from(begin + "x".repeat(EVENT_BYTES_MAX - begin.length - end.length + more) + end);
    };
    for (const [more, output] of [
      [0, 2],
      [1, undefined],
    ]) {
      const tap = new ResponsesTap();
      tap.push(last(more ?? 0));
      expect(tap.usage?.outputTokens).toBe(output);
    }
  });
});

describe("an error of ours", () => {
  const stream = responseStream([SHELL]);
  const cut = stream.slice(0, stream.indexOf("Hello"));

  test("goes on where the stream broke: its id, its time, the next number", () => {
    const tap = new ResponsesTap();
    const given = tap.push(Buffer.from(cut))?.toString() ?? "";
    const [failed, ...more] = eventsOf(tap.failureEvent(ERROR, "req_1").toString());
    expect(more).toEqual([]);
    expect(failed?.event).toBe("response.failed");
    expect(failed?.data).toMatchObject({
      type: "response.failed",
      sequence_number: eventsOf(given).length,
      response: {
        id: RESPONSE_ID,
        object: "response",
        created_at: 1_795_422_352,
        status: "failed",
        error: { code: "upstream_truncated", message: "It was cut." },
        model: "doubao-seed-2-1-pro-260628",
        output: [],
      },
    });
  });

  test("without a response before it is one of its own", () => {
    const [failed] = eventsOf(new ResponsesTap().failureEvent(ERROR, "req_1").toString());
    expect(failed?.data).toMatchObject({
      sequence_number: 0,
      response: { id: expect.stringMatching(/^resp_vp[0-9a-f]{32}$/), created_at: expect.any(Number) },
    });
  });

  test("never takes a response back that has ended", () => {
    const tap = new ResponsesTap();
    const last = stream.lastIndexOf("event: response.completed");
    const mark = stream.indexOf("data: [DONE]");
    tap.push(Buffer.from(stream.slice(0, mark)));
    expect(tap.failureEvent(ERROR, "req_1").toString()).toBe(stream.slice(last, mark));
    tap.finish();
    expect(tap.failureEvent(ERROR, "req_1").toString()).toBe(stream.slice(last, mark));
  });
});

describe("text is measured", () => {
  test("in every delta, thoughts apart", () => {
    const tap = new ResponsesTap();
    tap.push(Buffer.from(responseStream([SHELL])));
    const thoughts = '嗯, hm \\"well\\"\\n';
    const texts = [
      thoughts,
      JSON.stringify('Hello 👩‍🚀 \\"delta\\":"no"').slice(1, -1),
      '{\\"city\\":\\"北京\\"}',
    ];
    const { measure } = tap;
    expect(measure.events).toBe(6);
    expect(measure.thoughtBytes).toBe(Buffer.byteLength(thoughts));
    expect(measure.narrowBytes).toBe(texts.join("").replaceAll(/[^\0-\x7f]/g, "").length);
    expect(measure.wideCharacters).toBe([...texts.join("").replaceAll(/[\0-\x7f]/g, "")].length);
  });

  test("wherever the text stands in its event", () => {
    const tap = new ResponsesTap();
    tap.push(Buffer.from(": ping\n"));
    for (const data of [
      '{"delta":"ab"}',
      '{"item_id":"x","delta":"ab"}',
      '{"delta": "ab"}',
      '{"delta" :"ab"}',
      '{"a":1}',
    ])
      tap.push(Buffer.from(`event: response.output_text.delta\ndata: ${data}\n\n`));
    expect([tap.measure.events, tap.measure.narrowBytes]).toEqual([4, 8]);
  });
});

describe("the response that has begun", () => {
  test("is told once, with what it says of itself", () => {
    const begun: unknown[] = [];
    through(responseStream([]), { listener: { begun: (response) => begun.push(response) } });
    expect(begun).toEqual([expect.objectContaining({ id: RESPONSE_ID, isUnstored: false, usage: null })]);
  });

  test("is told by its end, if nothing told of it before", () => {
    const begun: unknown[] = [];
    const stream = responseStream([]);
    const last = stream.lastIndexOf("event: response.completed");
    through(stream.slice(last), { listener: { begun: ({ id }) => begun.push(id) } });
    expect(begun).toEqual([RESPONSE_ID]);
  });
});

describe("names given back", () => {
  const rewrite = { names, fillsRequired: false };

  test("a plain call, and all else, stays as it came", () => {
    const stream = responseStream([SHELL]);
    expect(through(stream, { rewrite })).toBe(stream);
  });

  test("a call in a namespace gets both words, in each event that names it", () => {
    const stream = responseStream([NAMESPACED]);
    const restored = stream.replaceAll(
      /\{((?:"arguments":"(?:[^"\\]|\\.)*",)?"call_id":"call_2",)"name":"mcp__files__read"/g,
      '{"namespace":"mcp__files",$1"name":"read"',
    );
    expect(restored.match(/"namespace"/g)).toHaveLength(3);
    expect(through(stream, { rewrite })).toBe(restored);
  });

  test("a free text comes in deltas of its own kind", () => {
    const events = eventsOf(through(responseStream([PATCH]), { rewrite }));
    const of = (name: string) => events.filter(({ event }) => event === name).map(({ data }) => data);
    const text = "*** \n😀";
    const deltas = of("response.custom_tool_call_input.delta");
    expect(deltas.map(({ delta }) => delta)).toEqual(["*** ", "\n", "😀"]);
    expect(deltas.every(({ type }) => type === "response.custom_tool_call_input.delta")).toBe(true);
    expect(of("response.custom_tool_call_input.done")).toEqual([
      {
        type: "response.custom_tool_call_input.done",
        input: text,
        item_id: "fc_2",
        output_index: 2,
        sequence_number: expect.any(Number),
      },
    ]);
    expect(events.some(({ event }) => event.includes("function_call_arguments"))).toBe(false);
    const items = events.flatMap(({ data }) =>
      data["output_index"] === 2 && data["item"] ? [data["item"]] : [],
    );
    const item = { type: "custom_tool_call", call_id: "call_2", name: "apply_patch", id: "fc_2" };
    expect(items).toEqual([
      { ...item, input: "", status: "in_progress" },
      { ...item, input: text, status: "completed" },
    ]);
    expect(events.at(-1)?.data).toMatchObject({ response: { output: [{}, {}, items[1]] } });
  });

  test("the numbers of its events go up", () => {
    for (const call of [PATCH, LOOSE_PATCH]) {
      const events = eventsOf(through(responseStream([call]), { rewrite }));
      const numbers = events.map(({ data }) => Number(data["sequence_number"]));
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }
  });

  test("arguments of another shape are the text themselves, in one delta", () => {
    const events = eventsOf(through(responseStream([LOOSE_PATCH]), { rewrite }));
    const told = events.filter(({ event }) => event.startsWith("response.custom_tool_call_input"));
    expect(told.map(({ data }) => data["delta"] ?? data["input"])).toEqual([
      "*** Begin Patch",
      "*** Begin Patch",
    ]);
  });

  test("calls side by side do not mix", () => {
    const events = eventsOf(through(responseStream([PATCH, NAMESPACED, LOOSE_PATCH]), { rewrite }));
    const done = events.filter(
      ({ event }) => event.endsWith("_input.done") || event.endsWith("_arguments.done"),
    );
    expect(done.map(({ data }) => data["input"] ?? data["arguments"])).toEqual([
      "*** \n😀",
      '{"path":"/a"}',
      "*** Begin Patch",
    ]);
  });
});
