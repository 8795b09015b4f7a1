/**
 * The families within a fault: every error code, every spelling of events, every spoiled usage, every byte.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arkErrorCodes, arkErrors } from "../../../src/simulator/error-envelope.ts";
import { sseVariants, usageVariants } from "../../../src/simulator/faults/faults.ts";
import type { Fault } from "../../../src/simulator/index.ts";
import { postBytes, RawClient, splitHead, unchunk } from "../../support/raw-client.ts";
import {
  at,
  CHAT_PATH,
  chat,
  type RunningSimulator,
  startSimulator,
} from "../../support/running-simulator.ts";

const fixed = { seed: 9, deterministicIds: true, wallMs: () => 1_790_000_000_000, replyTokens: 5 };
const thinking = { type: "disabled" };
const whole = chat({ thinking });
const streamed = chat({ thinking, stream: true, stream_options: { include_usage: true } });

/** One answer of a fresh simulator, so that ids and all are the same each time. */
async function answerTo(body: unknown, ...faults: readonly Fault[]): Promise<string> {
  const simulator = await startSimulator(fixed);
  simulator.ark.script(faults);
  return (await simulator.post(body)).text;
}

describe("errors", () => {
  test("every code of the catalogue has its status and type, and a request id in its text", async () => {
    const simulator = await startSimulator();
    for (const code of arkErrorCodes) {
      simulator.ark.script({ kind: "error", code });
      const { status, text } = await simulator.post(whole);
      expect([code, status]).toEqual([code, arkErrors[code].status]);
      expect(at(JSON.parse(text), "error")).toEqual({
        code,
        message: expect.stringMatching(/ Request id: 02\d{13}[0-9a-f]{38}$/),
        param: "",
        type: arkErrors[code].type,
      });
    }
    expect(simulator.ark.bill.every((line) => line.ended === "refused")).toBe(true);
  });

  test("the 429 families are there, and say so", () => {
    const families = arkErrorCodes.filter((code) => arkErrors[code].status === 429);
    expect(families).toHaveLength(16);
    for (const code of families) expect(arkErrors[code].type).toBe("TooManyRequests");
  });

  test("status 200 gives an error body where a stream was asked, and a message of one's own is said", async () => {
    const simulator = await startSimulator();
    simulator.ark.script({
      kind: "error",
      code: "InternalServiceError",
      status: 200,
      message: "Out of lava.",
    });
    const { status, text, headers } = await simulator.post(streamed);
    expect([status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(at(JSON.parse(text), "error", "message")).toMatch(/^Out of lava\. Request id: /);
    expect(simulator.ark.bill[0]).toMatchObject({ stream: true, modelAsked: "doubao-seed-2-0-lite-260215" });
  });

  test.each([null, "7", "Wed, 21 Oct 2026 07:28:00 GMT", "-1"])("Retry-After is %j", async (retryAfter) => {
    const simulator = await startSimulator();
    simulator.ark.script({ kind: "error", retryAfter });
    expect((await simulator.post(whole)).headers.get("retry-after")).toBe(retryAfter);
  });
});

/** The data of each event by the rules of the event-stream format, whatever its line ends. */
function eventData(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const events: string[] = [];
  let data: string[] = [];
  for (const line of lines) {
    if (line === "") {
      if (data.length > 0) events.push(data.join("\n"));
      data = [];
    } else if (line.startsWith("data:")) {
      data.push(line.slice(5).replace(/^ /, ""));
    }
  }
  return events.filter((event) => event !== "");
}

describe("spellings of events", () => {
  test.each(sseVariants)("%s says the same in other bytes", async (variant) => {
    const plain = await answerTo(streamed);
    const spelled = await answerTo(streamed, { kind: "sse", variant });
    // A reader of text takes the mark away.
    if (variant !== "bom") expect(spelled).not.toBe(plain);
    const said = eventData(plain);
    expect(eventData(spelled)).toEqual(variant === "no_final_blank" ? said.slice(0, -1) : said);
    expect(said.at(-1)).toBe("[DONE]");
  });

  test.each([
    ["crlf", /^data: [^\r\n]+\r\n\r\n(?!\n)/],
    ["cr", /^data: [^\r\n]+\r\rdata/],
    ["comments", /^: keep-alive 0\n\n:\ndata: /],
    ["named", /^event: message\nid: 0\nretry: 3000\ndata: /],
    ["no_space", /^data:\{/],
    ["no_final_blank", /data: \[DONE\]$/],
    ["empty_data", /^data:\n\ndata\n\ndata: /],
  ] as const)("%s looks like %s", async (variant, pattern) => {
    expect(await answerTo(streamed, { kind: "sse", variant })).toMatch(pattern);
  });

  test("bom is on the wire", async () => {
    const simulator = await startSimulator(fixed);
    simulator.ark.script({ kind: "sse", variant: "bom" });
    const client = new RawClient(simulator.port);
    client.send(postBytes(CHAT_PATH, streamed));
    await client.untilReceived("0\r\n\r\n");
    expect(unchunk(splitHead(client.received).body).body.subarray(0, 4)).toEqual(Buffer.from("\uFEFFd"));
  });
});

describe("spoiled usage", () => {
  const shapes: Readonly<Record<(typeof usageVariants)[number], RegExp>> = {
    missing: /^(?!.*"usage":\{)/s,
    null: /"choices":\[\][^\n]*"usage":null\}|"usage":null\}$/,
    negative: /"usage":\{"prompt_tokens":-1,/,
    nan: /"usage":\{"prompt_tokens":NaN,/,
    fractional: /"usage":\{"prompt_tokens":5\.5,/,
    text: /"usage":\{"prompt_tokens":"5",/,
    absurd: /"usage":\{"prompt_tokens":9007199254740993,/,
    inconsistent: /"cached_tokens":6\},"completion_tokens_details":\{"reasoning_tokens":6\}/,
    decreasing: /"completion_tokens":2,"total_tokens":7/,
    several: /"completion_tokens":5,"total_tokens":10/,
  };

  test.each(usageVariants)("%s, streamed and whole, and the bill does not care", async (variant) => {
    for (const body of [streamed, whole]) {
      const simulator = await startSimulator(fixed);
      simulator.ark.script({ kind: "usage", variant });
      const { text } = await simulator.post(body);
      expect(text).toMatch(shapes[variant]);
      expect(simulator.ark.bill[0]).toMatchObject({
        promptTokens: 5,
        completionTokens: 5,
        ended: "complete",
      });
    }
  });

  test("decreasing and several come in several chunks", async () => {
    const usages = async (variant: "decreasing" | "several"): Promise<number[]> =>
      eventData(await answerTo(streamed, { kind: "usage", variant }))
        .filter((data) => data.includes('"usage":{'))
        .map((data) => Number(at(JSON.parse(data), "usage", "completion_tokens")));
    expect(await usages("decreasing")).toEqual([5, 2]);
    expect(await usages("several")).toEqual([2, 5, 5]);
  });
});

describe("cuts at any byte", () => {
  async function wireOf(simulator: RunningSimulator, fault: Fault | null): Promise<RawClient> {
    simulator.ark.script(fault);
    const client = new RawClient(simulator.port);
    client.send(postBytes(CHAT_PATH, streamed, ["Connection: close"]));
    await client.untilClosed();
    return client;
  }

  test("reset and close deliver exactly the bytes before, of the body or of the wire", async () => {
    // Ids differ from request to request, so the bytes are compared with the answer's own ids blanked.
    const blank = (bytes: Buffer): string =>
      bytes.toString("latin1").replaceAll(/"id":"[0-9a-f]*/g, '"id":"');
    const simulator = await startSimulator(fixed);
    const wire = (await wireOf(simulator, null)).received;
    const body = unchunk(splitHead(wire).body).body;
    const position = fc.record({
      kind: fc.constantFrom("reset", "close"),
      of: fc.constantFrom("body", "wire"),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(position, async ({ kind, of, at: share }) => {
        const whole = of === "wire" ? wire : body;
        const afterBytes = Math.floor(share * whole.length);
        const client = await wireOf(simulator, { kind, of, afterBytes });
        const got = of === "wire" ? client.received : unchunk(splitHead(client.received).body).body;
        expect(got.length).toBe(afterBytes);
        expect(blank(got)).toBe(blank(whole.subarray(0, afterBytes)));
        expect(client.ending).toBe(kind === "reset" ? "reset" : "fin");
      }),
      { numRuns: 150 },
    );
    const lines = simulator.ark.bill;
    expect(lines.slice(1).every((line) => line.ended === "fault")).toBe(true);
    expect(lines.every((line) => line.completionTokens <= 5 && line.promptTokens === 5)).toBe(true);
  });

  test("several faults strike one request together", async () => {
    const simulator = await startSimulator(fixed);
    const plain = await answerTo(streamed);
    simulator.ark.script([
      { kind: "sse", variant: "crlf" },
      { kind: "split", bytes: 7 },
      { kind: "raw_header", line: "X-Both: yes" },
    ]);
    const { text, headers } = await simulator.post(streamed);
    expect(headers.get("x-both")).toBe("yes");
    expect(text).toBe(plain.replaceAll("\n", "\r\n"));
  });
});
