/** Each kind of fault shows, over a bare socket, the very bytes that it promises. */
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Fault, type FaultKind, faultKinds } from "../../../src/simulator/index.ts";
import { postBytes, RawClient, splitHead, unchunk } from "../../support/raw-client.ts";
import { until } from "../../support/raw-origin.ts";
import { CHAT_PATH, chat, type RunningSimulator, startSimulator } from "../../support/running-simulator.ts";

const fixed = { seed: 5, deterministicIds: true, wallMs: () => 1_790_000_000_000, replyTokens: 6 };
const thinking = { type: "disabled" };
const whole = chat({ thinking });
const streamed = chat({ thinking, stream: true, stream_options: { include_usage: true } });
const DONE = "data: [DONE]\n\n";

class Asking {
  readonly simulator: RunningSimulator;
  readonly client: RawClient;

  constructor(simulator: RunningSimulator) {
    this.simulator = simulator;
    this.client = new RawClient(simulator.port);
  }

  get head(): string {
    return splitHead(this.client.received).head;
  }

  get framedBody(): Buffer {
    return splitHead(this.client.received).body;
  }

  /** The body without its chunks, whether or not it has ended. */
  get body(): string {
    return unchunk(this.framedBody).body.toString();
  }

  get hasLastChunk(): boolean {
    return unchunk(this.framedBody).rest !== null;
  }

  header(name: string): string | null {
    const line = this.head.split("\r\n").find((header) => header.toLowerCase().startsWith(`${name}: `));
    return line === undefined ? null : line.slice(name.length + 2);
  }

  /** Waits until the answer is over, for the simulator. */
  async over(): Promise<this> {
    await this.simulator.ark.waitFor((ark) => ark.bill.length === 1);
    await until(() => this.client.ending !== "open" || this.isWhole, "the answer's last byte");
    return this;
  }

  get isWhole(): boolean {
    const length = this.header("content-length");
    if (length !== null) return this.framedBody.length >= Number(length);
    return this.header("transfer-encoding") === null ? this.head !== "" : this.hasLastChunk;
  }
}

async function ask(body: unknown, ...faults: readonly Fault[]): Promise<Asking> {
  const simulator = await startSimulator(fixed);
  simulator.ark.script(faults);
  const asking = new Asking(simulator);
  asking.client.send(postBytes(CHAT_PATH, body));
  return asking;
}

/** What the body would be without faults; ids and clock are fixed. */
async function goodBody(body: unknown): Promise<string> {
  return (await (await startSimulator(fixed)).post(body)).text;
}

const good = { whole: "", streamed: "" };

async function fillGood(): Promise<void> {
  good.whole ||= await goodBody(whole);
  good.streamed ||= await goodBody(streamed);
}

function firstBytes(text: string, count: number): string {
  return Buffer.from(text).subarray(0, count).toString();
}

type Check = (kind: FaultKind) => Promise<void>;

const checks: Readonly<Record<FaultKind, Check>> = {
  async error() {
    const fault = {
      kind: "error",
      code: "QuotaExceeded",
      retryAfter: "999999999",
      rateLimitHeaders: true,
    } as const;
    const asked = await (await ask(whole, fault)).over();
    expect(asked.head).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/);
    expect(asked.header("retry-after")).toBe("999999999");
    expect(asked.header("x-ratelimit-remaining-requests")).toBe("0");
    expect(asked.framedBody.toString()).toMatch(
      /"code":"QuotaExceeded","message":".*resets at.*Request id: 02/,
    );
    expect(asked.simulator.ark.bill[0]).toMatchObject({ ended: "refused", status: 429, promptTokens: 0 });
  },
  async html() {
    const asked = await (await ask(streamed, { kind: "html" })).over();
    expect(asked.head).toMatch(/^HTTP\/1\.1 502 /);
    expect(asked.header("content-type")).toBe("text/html");
    expect(asked.framedBody.toString()).toMatch(/^<html>/);
  },
  async empty() {
    const asked = await (await ask(whole, { kind: "empty", status: 204 })).over();
    expect(asked.head).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
    expect([asked.header("content-length"), asked.framedBody.length]).toEqual([null, 0]);
    const other = await (await ask(whole, { kind: "empty" })).over();
    expect([other.header("content-length"), other.framedBody.length]).toEqual(["0", 0]);
  },
  async redirect() {
    const asked = await (
      await ask(whole, { kind: "redirect", status: 307, location: "http://x.test/" })
    ).over();
    expect(asked.head).toMatch(/^HTTP\/1\.1 307 /);
    expect(asked.header("location")).toBe("http://x.test/");
  },
  async interim() {
    const { client } = await ask(whole, { kind: "interim", status: 103, count: 50 });
    await client.untilReceived(good.whole.slice(-20));
    expect(client.text.split("HTTP/1.1 103 Early Hints\r\n\r\n")).toHaveLength(51);
    expect(client.text).toContain("HTTP/1.1 200 OK\r\n");
  },
  async hang() {
    const { simulator, client } = await ask(streamed, { kind: "hang" });
    await simulator.ark.waitFor((ark) => ark.requests[0]?.bodyIsComplete === true);
    const after = await ask(streamed, { kind: "hang", afterHead: true });
    await after.client.untilReceived("\r\n\r\n");
    expect([client.text, after.framedBody.length]).toEqual(["", 0]);
    client.close();
    await simulator.ark.waitFor((ark) => ark.bill[0]?.ended === "aborted");
  },
  async delay() {
    const { client, simulator } = await ask(whole, { kind: "delay", ms: 60 });
    await client.untilReceived(good.whole);
    const record = simulator.ark.requests[0];
    expect(performance.now() - (record?.atMs ?? Number.NaN)).toBeGreaterThanOrEqual(59);
  },
  async stall() {
    const forEver = await ask(streamed, { kind: "stall", afterBytes: 10 });
    await until(() => forEver.body.length === 10, "ten bytes");
    expect(forEver.simulator.ark.openRequests).toBe(1);
    const inHead = await ask(streamed, { kind: "stall", afterBytes: 9, of: "wire" });
    await until(() => inHead.client.text === "HTTP/1.1 ", "nine bytes of the head");
    const aWhile = await (await ask(streamed, { kind: "stall", afterBytes: 10, ms: 5 })).over();
    expect(aWhile.body).toBe(good.streamed);
    expect(forEver.body).toHaveLength(10);
  },
  async drip() {
    const asked = await ask(whole, { kind: "drip", bytes: 400, everyMs: 1 });
    await asked.over();
    expect(asked.framedBody.toString()).toBe(good.whole);
  },
  async reset() {
    const asked = await ask(streamed, { kind: "reset", afterBytes: 321 });
    expect(await asked.client.untilClosed()).toBe("reset");
    expect(asked.body).toBe(firstBytes(good.streamed, 321));
    await asked.over();
    expect(asked.simulator.ark.bill[0]).toMatchObject({ ended: "fault", completionTokens: 2 });
  },
  async close() {
    const asked = await ask(streamed, { kind: "close", afterBytes: 1_000_000 });
    expect(await asked.client.untilClosed()).toBe("fin");
    expect([asked.body, asked.hasLastChunk]).toEqual([good.streamed, false]);
  },
  async truncate() {
    const asked = await (await ask(streamed, { kind: "truncate", afterBytes: 250 })).over();
    expect([asked.body, asked.hasLastChunk]).toEqual([firstBytes(good.streamed, 250), true]);
    expect(asked.simulator.ark.bill[0]).toMatchObject({ ended: "fault" });
    const unary = await (await ask(whole, { kind: "truncate", afterBytes: 30 })).over();
    expect([unary.framedBody.toString(), unary.header("content-length")]).toEqual([
      firstBytes(good.whole, 30),
      "30",
    ]);
  },
  async omit_done() {
    const asked = await (await ask(streamed, { kind: "omit_done" })).over();
    expect(asked.body + DONE).toBe(good.streamed);
    const also = await (await ask(streamed, { kind: "omit_done", andFinish: true })).over();
    expect(also.body).not.toContain("finish_reason");
  },
  async garbage() {
    const asked = await (await ask(streamed, { kind: "garbage", afterBytes: 100, bytes: 33 })).over();
    const { body } = unchunk(asked.framedBody);
    expect(body.subarray(0, 100).toString()).toBe(firstBytes(good.streamed, 100));
    expect(body.subarray(133)).toEqual(Buffer.from(good.streamed).subarray(100));
    const unary = await (await ask(whole, { kind: "garbage", bytes: 5 })).over();
    expect(unary.framedBody.length).toBe(Buffer.byteLength(good.whole) + 5);
  },
  async split() {
    const asked = await (await ask(streamed, { kind: "split", bytes: 1 })).over();
    expect(asked.body).toBe(good.streamed);
    expect(asked.simulator.ark.bill[0]).toMatchObject({ ended: "complete" });
  },
  async compressed() {
    const decoders = {
      gzip: gunzipSync,
      br: brotliDecompressSync,
      deflate: inflateSync,
      zstd: zstdDecompressSync,
    };
    for (const encoding of ["gzip", "br", "deflate", "zstd"] as const) {
      const asked = await (await ask(whole, { kind: "compressed", encoding })).over();
      expect(asked.header("content-encoding")).toBe(encoding);
      expect(decoders[encoding](asked.framedBody).toString()).toBe(good.whole);
    }
    const bomb = { kind: "compressed", layers: 3, bombBytes: 1_000_000 } as const;
    const layered = await (await ask(streamed, bomb)).over();
    expect(layered.header("content-encoding")).toBe("gzip, gzip, gzip");
    const unpacked = gunzipSync(gunzipSync(gunzipSync(unchunk(layered.framedBody).body)));
    expect(unpacked.toString()).toBe(good.streamed + " ".repeat(1_000_000));
    expect(layered.client.received.length).toBeLessThan(10_000);
  },
  async content_type() {
    const asked = await (await ask(streamed, { kind: "content_type" })).over();
    expect(asked.header("content-type")).toBe("text/html");
    const none = await (await ask(streamed, { kind: "content_type", value: null })).over();
    expect([none.header("content-type"), none.body]).toEqual([null, good.streamed]);
  },
  async content_length() {
    const length = Buffer.byteLength(good.whole);
    const long = await ask(whole, { kind: "content_length", surplus: 7 });
    expect(await long.client.untilClosed()).toBe("fin");
    expect([long.header("content-length"), long.framedBody.length]).toEqual([String(length + 7), length]);
    const short = await ask(streamed, { kind: "content_length", surplus: -7 });
    await short.client.untilReceived(DONE);
    expect(short.header("content-length")).toBe(String(Buffer.byteLength(good.streamed) - 7));
    expect(short.header("transfer-encoding")).toBeNull();
  },
  async both_framings() {
    const asked = await ask(whole, { kind: "both_framings" });
    await asked.client.untilReceived("\r\n0\r\n\r\n");
    expect(asked.header("content-length")).toBe(String(Buffer.byteLength(good.whole)));
    expect([asked.header("transfer-encoding"), asked.body]).toEqual(["chunked", good.whole]);
  },
  async until_close() {
    const asked = await ask(whole, { kind: "until_close" });
    expect(await asked.client.untilClosed()).toBe("fin");
    expect([asked.header("content-length"), asked.header("transfer-encoding")]).toEqual([null, null]);
    expect([asked.header("connection"), asked.framedBody.toString()]).toEqual(["close", good.whole]);
  },
  async raw_header() {
    const asked = await (await ask(whole, { kind: "raw_header", line: "A: b\r\nX-Split: yes" })).over();
    expect([asked.header("a"), asked.header("x-split")]).toEqual(["b", "yes"]);
    expect(asked.framedBody.toString()).toBe(good.whole);
  },
  async keep_alive_hint() {
    const asked = await (await ask(whole, { kind: "keep_alive_hint" })).over();
    expect([asked.header("connection"), asked.header("keep-alive")]).toEqual(["keep-alive", "timeout=600"]);
  },
  async idle_close() {
    const asked = await (await ask(whole, { kind: "idle_close", afterMs: 5 })).over();
    expect(await asked.client.untilClosed()).toBe("fin");
    expect(asked.framedBody.toString()).toBe(good.whole);
    expect(asked.simulator.ark.bill[0]).toMatchObject({ ended: "complete" });
  },
  async second_answer() {
    const asked = await ask(whole, { kind: "second_answer" });
    await asked.client.untilReceived('{"unasked":true}');
    expect(asked.client.text.split("HTTP/1.1 200 OK")).toHaveLength(3);
    expect(asked.framedBody.toString().startsWith(`${good.whole}HTTP/1.1 200 OK`)).toBe(true);
  },
  async error_event() {
    const asked = await (await ask(streamed, { kind: "error_event", afterEvents: 2 })).over();
    const events = asked.body.split("\n\n");
    expect(events.slice(0, 2)).toEqual(good.streamed.split("\n\n").slice(0, 2));
    expect(events[2]).toMatch(/^data: \{"error":\{"code":"InternalServiceError",/);
    expect(events).toHaveLength(4);
    expect(asked.simulator.ark.bill[0]).toMatchObject({ ended: "fault", completionTokens: 2 });
    const named = await (await ask(streamed, { kind: "error_event", afterEvents: 0, named: true })).over();
    expect(named.body).toMatch(/^event: error\ndata: \{"error":/);
  },
  async open_after_done() {
    const asked = await ask(streamed, { kind: "open_after_done" });
    await asked.client.untilReceived("[DONE]\n\n");
    expect([asked.body, asked.hasLastChunk]).toEqual([good.streamed, false]);
    expect(asked.simulator.ark.openRequests).toBe(1);
    const ended = await (await ask(streamed, { kind: "open_after_done", ms: 5 })).over();
    expect(ended.hasLastChunk).toBe(true);
  },
  async after_done() {
    const asked = await (await ask(streamed, { kind: "after_done", text: "data: more\n\n" })).over();
    expect(asked.body).toBe(`${good.streamed}data: more\n\n`);
    const again = await (await ask(streamed, { kind: "after_done" })).over();
    expect(again.body.split(DONE)).toHaveLength(3);
    expect(again.body.split('"usage":{')).toHaveLength(3);
  },
  async usage() {
    const asked = await (await ask(streamed, { kind: "usage", variant: "negative" })).over();
    expect(asked.body).toContain('"usage":{"prompt_tokens":-1,');
    expect(asked.simulator.ark.bill[0]).toMatchObject({ ended: "complete", completionTokens: 6 });
  },
  async sse() {
    const asked = await (await ask(streamed, { kind: "sse", variant: "crlf" })).over();
    expect(asked.body).toBe(good.streamed.replaceAll("\n", "\r\n"));
  },
  async long_line() {
    const asked = await (await ask(streamed, { kind: "long_line", bytes: 200_000 })).over();
    const events = asked.body.split("\n\n");
    expect(events[2]).toContain("a".repeat(200_000));
    expect(events.toSpliced(2, 1).join("\n\n")).toBe(good.streamed);
    const endless = { kind: "long_line", bytes: 5_000, ends: false, afterEvents: 0 } as const;
    const begun = await (await ask(streamed, endless)).over();
    expect(begun.body).toMatch(/^data: [^\n]+a{5000}$/);
  },
  async broken_json() {
    const asked = await (await ask(streamed, { kind: "broken_json", afterEvents: 1 })).over();
    const events = asked.body.split("\n\n");
    expect(() => JSON.parse(String(events[1]).slice(6))).toThrow(SyntaxError);
    expect(good.streamed.split("\n\n")[1]?.startsWith(String(events[1]))).toBe(true);
  },
  async broken_arguments() {
    const properties = { location: { type: "string" } };
    const described = { name: "f", parameters: { type: "object", properties } };
    const body = chat({ thinking, tools: [{ type: "function", function: described }] });
    const asked = await (await ask(body, { kind: "broken_arguments" })).over();
    const answer = JSON.parse(asked.framedBody.toString()) as {
      choices: [{ message: { tool_calls: [{ function: { arguments: string } }] } }];
    };
    const given = answer.choices[0].message.tool_calls[0].function.arguments;
    expect(given).toMatch(/^ \{"locat/);
    expect(() => JSON.parse(given)).toThrow(SyntaxError);
  },
  async upload_reset() {
    const simulator = await startSimulator(fixed);
    simulator.ark.script({ kind: "upload_reset", afterBytes: 50 });
    const client = new RawClient(simulator.port);
    const bytes = postBytes(CHAT_PATH, whole);
    const bodyStart = bytes.indexOf("\r\n\r\n") + 4;
    client.send(bytes.subarray(0, bodyStart + 49));
    await simulator.ark.waitFor((ark) => ark.requests[0]?.body.length === 49);
    expect(client.ending).toBe("open");
    client.send(bytes.subarray(bodyStart + 49, bodyStart + 50));
    expect(await client.untilClosed()).toBe("reset");
    expect(simulator.ark.bill[0]).toMatchObject({ ended: "fault", status: null, promptTokens: 0 });
  },
  async upload_stall() {
    const big = chat({ thinking }, "x".repeat(30_000_000));
    const asked = await ask(big, { kind: "upload_stall", afterBytes: 1_000 });
    await asked.simulator.ark.waitFor((ark) => (ark.requests[0]?.body.length ?? 0) >= 1_000);
    const taken = asked.simulator.ark.requests[0]?.body.length ?? 0;
    expect(taken).toBeLessThan(30_000_000);
    expect(asked.simulator.ark.requests[0]?.bodyIsComplete).toBe(false);
    const aWhile = await (await ask(whole, { kind: "upload_stall", ms: 5 })).over();
    expect(aWhile.framedBody.toString()).toBe(good.whole);
    expect(asked.simulator.ark.requests[0]?.body.length).toBe(taken);
  },
  async upload_refused() {
    const simulator = await startSimulator(fixed);
    simulator.ark.script({ kind: "upload_refused" });
    const client = new RawClient(simulator.port);
    client.send(postBytes(CHAT_PATH, whole).subarray(0, -5));
    expect(await client.untilClosed()).toBe("fin");
    expect(client.text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(client.text).toContain("Connection: close\r\n");
    expect(client.text).toContain('"code":"AuthenticationError"');
  },
};

describe("the fault", () => {
  test.each(faultKinds)("%s", async (kind) => {
    await fillGood();
    await checks[kind](kind);
  });
});
