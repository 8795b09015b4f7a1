/** Faults act alike on every API that streams: cut, silent, slow, in error, endless, with odd usage. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usageVariants } from "../../../src/simulator/faults/faults.ts";
import type { BilledApi, Fault } from "../../../src/simulator/index.ts";
import { postBytes, RawClient, splitHead, unchunk } from "../../support/raw-client.ts";
import {
  type Asked,
  CHAT_PATH,
  chat,
  type RunningSimulator,
  startSimulator,
} from "../../support/running-simulator.ts";
import { MESSAGES_PATH, messagesBody } from "../../support/simulated-messages.ts";
import { RESPONSES_PATH, responsesBody } from "../../support/simulated-responses.ts";

const fixed = { seed: 9, deterministicIds: true, wallMs: () => 1_790_000_000_000, replyTokens: 5 };
const thinking = { type: "disabled" };

type UsageFigures = { readonly input: string; readonly cached: string; readonly output: string };

type Api = {
  readonly api: BilledApi;
  readonly path: string;
  readonly whole: Record<string, unknown>;
  readonly streamed: Record<string, unknown>;
  /** The event that a token of the answer comes in. */
  readonly tokenEvent: RegExp;
  /** The events that say how the model ended, each by its beginning, and the one that closes the stream. */
  readonly finish: RegExp;
  readonly done: string;
  readonly error: RegExp;
  readonly refusal: RegExp;
  /** The closing usage as it is written. */
  readonly usage: (figures: UsageFigures) => string;
};

const apis: readonly Api[] = [
  {
    api: "chat",
    path: CHAT_PATH,
    whole: chat({ thinking }),
    streamed: chat({ thinking, stream: true, stream_options: { include_usage: true } }),
    tokenEvent: /^data: \{"choices":\[\{"delta":\{"content":"[^"]/,
    finish: /"finish_reason":"stop"/,
    done: "data: [DONE]\n\n",
    error:
      /^data: \{"error":\{"code":"ServerOverloaded","message":"[^"]+","param":"","type":"TooManyRequests"\}\}$/,
    refusal: /^\{"error":\{"code":/,
    usage: ({ input, cached, output }) =>
      `"usage":{"prompt_tokens":${input},"completion_tokens":${output},"total_tokens":10` +
      `,"prompt_tokens_details":{"cached_tokens":${cached}}`,
  },
  {
    api: "responses",
    path: RESPONSES_PATH,
    whole: responsesBody({ thinking }),
    streamed: responsesBody({ thinking, stream: true }),
    tokenEvent: /^event: response\.output_text\.delta\n/,
    finish: /^event: response\.completed\n/,
    done: "data: [DONE]\n\n",
    error:
      /^event: error\ndata: \{"type":"error","code":"ServerOverloaded","message":"[^"]+","param":[^,]+,"sequence_number":2\}$/,
    refusal: /^\{"error":\{"code":/,
    usage: ({ input, cached, output }) =>
      `"usage":{"input_tokens":${input},"output_tokens":${output},"total_tokens":10` +
      `,"input_tokens_details":{"cached_tokens":${cached}}`,
  },
  {
    api: "messages",
    path: MESSAGES_PATH,
    whole: messagesBody({ thinking }),
    streamed: messagesBody({ thinking, stream: true }),
    tokenEvent: /^event: content_block_delta\n/,
    finish: /^event: message_delta\n/,
    done: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    error:
      /^event: error\ndata: \{"type":"error","error":\{"code":"ServerOverloaded","message":"[^"]+","param":"","type":"TooManyRequests"\}\}$/,
    refusal: /^\{"type":"error","error":\{"code":/,
    usage: ({ input, cached, output }) =>
      `"usage":{"input_tokens":${input},"cache_read_input_tokens":${cached},"output_tokens":${output}}`,
  },
];

/** The kinds after which the bill says that a fault ended the answer. */
const cutting: readonly string[] = ["error_event", "truncate", "omit_done"];

/** The answer of a fresh simulator, so that ids and all are the same each time. */
async function answerTo(api: Api, body: unknown, ...faults: readonly Fault[]): Promise<Asked> {
  const simulator = await startSimulator(fixed);
  simulator.ark.script(faults);
  const asked = await simulator.post(body, { path: api.path });
  await simulator.ark.waitFor((ark) => ark.bill.length === 1);
  const ended = faults.some(({ kind }) => cutting.includes(kind)) ? "fault" : "complete";
  expect(simulator.ark.bill[0]).toMatchObject({ api: api.api, promptTokens: 5, ended });
  return asked;
}

async function streamOf(api: Api, ...faults: readonly Fault[]): Promise<string> {
  return (await answerTo(api, api.streamed, ...faults)).text;
}

function eventsOf(stream: string): string[] {
  return stream.split("\n\n").filter((event) => event !== "");
}

async function raw(simulator: RunningSimulator, api: Api, fault: Fault | null): Promise<RawClient> {
  simulator.ark.script(fault);
  const client = new RawClient(simulator.port);
  client.send(postBytes(api.path, api.streamed, ["Connection: close"]));
  await client.untilClosed();
  return client;
}

describe.each(apis)("a stream of $api", (api) => {
  test("can be cut at any byte, and is billed for what had been begun", async () => {
    const good = await streamOf(api);
    let bytes = 0;
    const tokenStarts: number[] = [];
    for (const event of eventsOf(good)) {
      if (api.tokenEvent.test(event)) tokenStarts.push(bytes);
      bytes += Buffer.byteLength(event) + 2;
    }
    expect(tokenStarts).toHaveLength(5);
    const simulator = await startSimulator(fixed);
    const cuts = fc.record({ kind: fc.constantFrom("reset", "close"), afterBytes: fc.nat(bytes) });
    await fc.assert(
      fc.asyncProperty(cuts, async (cut) => {
        const client = await raw(simulator, api, cut);
        const { body } = unchunk(splitHead(client.received).body);
        expect([body.length, client.ending]).toEqual([
          cut.afterBytes,
          cut.kind === "reset" ? "reset" : "fin",
        ]);
        expect(simulator.ark.bill.at(-1)).toMatchObject({
          api: api.api,
          ended: "fault",
          promptTokens: 5,
          completionTokens: tokenStarts.filter((start) => start < cut.afterBytes).length,
          reasoningTokens: 0,
        });
      }),
      { numRuns: 80 },
    );
  });

  test("that falls silent waits until the client leaves, and is billed as far as it came", async () => {
    const good = Buffer.from(await streamOf(api));
    const simulator = await startSimulator(fixed);
    const afterBytes = good.length - api.done.length;
    simulator.ark.script({ kind: "stall", afterBytes });
    const client = new RawClient(simulator.port);
    client.send(postBytes(api.path, api.streamed));
    await simulator.ark.waitFor((ark) => ark.openRequests === 1);
    await client.untilReceived(good.subarray(afterBytes - 20, afterBytes).toString());
    expect(client.text).not.toContain(api.done);
    client.close();
    await simulator.ark.waitFor((ark) => ark.bill.length === 1);
    expect(simulator.ark.bill[0]).toMatchObject({ api: api.api, ended: "aborted", completionTokens: 5 });
  });

  test("comes whole by drips, in pieces, and with other ends of lines", async () => {
    const good = await streamOf(api);
    expect(await streamOf(api, { kind: "drip", bytes: 97, everyMs: 0 })).toBe(good);
    expect(await streamOf(api, { kind: "split", bytes: 5 })).toBe(good);
    expect(await streamOf(api, { kind: "sse", variant: "crlf" })).toBe(good.replaceAll("\n", "\r\n"));
  });

  test("can end in an error in the protocol's own shape", async () => {
    const good = eventsOf(await streamOf(api));
    const fault = { kind: "error_event", afterEvents: 2, code: "ServerOverloaded" } as const;
    const events = eventsOf(await streamOf(api, fault));
    expect(events.slice(0, -1)).toEqual(good.slice(0, 2));
    expect(events.at(-1)).toMatch(api.error);
  });

  test("can lack what closes it, and how the model ended", async () => {
    const good = await streamOf(api);
    expect(good.endsWith(api.done)).toBe(true);
    expect(await streamOf(api, { kind: "omit_done" })).toBe(good.slice(0, -api.done.length));
    const cut = eventsOf(await streamOf(api, { kind: "omit_done", andFinish: true }));
    const left = eventsOf(good.slice(0, -api.done.length)).filter((event) => !api.finish.test(event));
    expect(cut).toEqual(left);
    expect(cut).toHaveLength(eventsOf(good).length - 2);
  });

  test("can go on after its end", async () => {
    const good = await streamOf(api);
    expect(await streamOf(api, { kind: "after_done", text: ": more\n\n" })).toBe(`${good}: more\n\n`);
    const again = await streamOf(api, { kind: "after_done" });
    expect(again.startsWith(good)).toBe(true);
    expect(again.split(api.done)).toHaveLength(3);
    expect(eventsOf(again.slice(good.length))).toHaveLength(2);
  });

  test("can be truncated, broken, and burst by a line, all else as it was", async () => {
    const good = await streamOf(api);
    const begun = await streamOf(api, { kind: "truncate", afterBytes: 20 });
    expect([good.startsWith(begun), Buffer.byteLength(begun)]).toEqual([true, 20]);
    const long = eventsOf(await streamOf(api, { kind: "long_line", bytes: 70_000 }));
    expect(long[2]).toContain("a".repeat(70_000));
    expect(api.tokenEvent.test(long[2] ?? "")).toBe(true);
    expect(long.toSpliced(2, 1)).toEqual(eventsOf(good));
    const broken = eventsOf(await streamOf(api, { kind: "broken_json", afterEvents: 3 }));
    const [whole, half] = [eventsOf(good)[3] ?? "", broken[3] ?? ""];
    expect(whole.startsWith(half)).toBe(true);
    expect(half.length).toBeLessThan(whole.length);
    expect(broken.toSpliced(3, 1)).toEqual(eventsOf(good).toSpliced(3, 1));
  });
});

describe.each(apis)("usage of $api", (api) => {
  const plain: UsageFigures = { input: "5", cached: "0", output: "5" };
  const shapes: Readonly<Record<(typeof usageVariants)[number], string>> = {
    missing: "",
    null: '"usage":null',
    negative: api.usage({ ...plain, input: "-1" }),
    nan: api.usage({ ...plain, input: "NaN" }),
    fractional: api.usage({ ...plain, input: "5.5" }),
    text: api.usage({ ...plain, input: '"5"' }),
    absurd: api.usage({ ...plain, input: "9007199254740993" }),
    // Anthropic's input is what the cache has left of it.
    inconsistent: api.usage({ ...plain, cached: "6", input: api.api === "messages" ? "-1" : "5" }),
    decreasing: api.usage({ ...plain, output: "2" }).replace('"total_tokens":10', '"total_tokens":7'),
    several: api.usage(plain),
  };

  test.each(usageVariants)("can be %s, streamed and whole, and the bill does not care", async (variant) => {
    const fault = { kind: "usage", variant } as const;
    for (const body of [api.streamed, api.whole]) {
      const { text } = await answerTo(api, body, fault);
      const closing =
        body === api.whole
          ? text
          : text.slice(text.search(/"finish_reason"|response\.completed|message_delta/));
      if (variant === "missing") expect(closing).not.toContain('"usage":{');
      expect(closing).toContain(shapes[variant]);
    }
  });

  test("is there as it should be where nothing spoils it", async () => {
    for (const body of [api.streamed, api.whole]) {
      expect((await answerTo(api, body)).text).toContain(api.usage(plain));
    }
  });

  test("can come several times", async () => {
    const counts = (text: string): string[] =>
      [...text.matchAll(/"(?:completion|output)_tokens":(\d+)/g)].map((match) => match[1] ?? "");
    const before = counts(await streamOf(api)).slice(0, -1);
    expect(counts(await streamOf(api, { kind: "usage", variant: "several" }))).toEqual([
      ...before,
      "2",
      "5",
      "5",
    ]);
    expect(counts(await streamOf(api, { kind: "usage", variant: "decreasing" }))).toEqual([
      ...before,
      "5",
      "2",
    ]);
  });
});

describe.each([...apis, { ...apis[2], api: "count_tokens", path: `${MESSAGES_PATH}/count_tokens` } as Api])(
  "errors of $api",
  (api) => {
    test.each([
      ["scripted", { kind: "error", code: "RequestBurstTooFast" }, 429],
      ["before the body is read", { kind: "upload_refused", code: "AccountOverdueError" }, 403],
    ] as const)("%s, have its shape, and are free", async (_name, fault, status) => {
      const simulator = await startSimulator();
      simulator.ark.script(fault);
      const asked = await simulator.post(api.whole, { path: api.path });
      expect([asked.status, asked.text]).toEqual([status, expect.stringMatching(api.refusal)]);
      await simulator.ark.waitFor((ark) => ark.bill.length === 1);
      expect(simulator.ark.bill[0]).toMatchObject({
        api: api.api,
        status,
        ended: "refused",
        promptTokens: 0,
        completionTokens: 0,
      });
    });
  },
);
