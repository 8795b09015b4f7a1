/** The bytes of the load: what the clients send, what the origin answers, and what must arrive. */

/** An alias of the default table, so that the gateway resolves and splices as it does for everybody. */
const MODEL = "deepseek-v3";

/** Bytes of an ordinary event of a stream, its blank line included. */
export const EVENT_BYTES = 191;

const QUESTION =
  "Explain in plain words how a byte-for-byte relay keeps a prompt cache warm, and what breaks it. ";

/** A conversation of about 1.8 kB, which is what a short chat turn with a system prompt weighs. */
const MESSAGES = JSON.stringify([
  { role: "system", content: `You are a careful assistant. ${QUESTION.repeat(5)}` },
  { role: "user", content: QUESTION.repeat(5) },
  { role: "assistant", content: "A prefix that stays the same byte for byte is found again. " },
  { role: "user", content: QUESTION.repeat(5) },
]);

/** The headers that OpenAI's JavaScript library sends, since relays pay for each. */
const CLIENT_HEADERS = [
  "host: 127.0.0.1",
  "accept: application/json",
  "content-type: application/json",
  "user-agent: OpenAI/JS 6.1.0",
  "x-stainless-retry-count: 0",
  "x-stainless-lang: js",
  "x-stainless-package-version: 6.1.0",
  "x-stainless-os: Linux",
  "x-stainless-arch: x64",
  "x-stainless-runtime: node",
  "x-stainless-runtime-version: v26.10.0",
  "authorization: Bearer 00000000-0000-4000-8000-000000000000",
  "accept-encoding: identity",
].join("\r\n");

function postOf(body: string): Buffer {
  const line = "POST /v1/chat/completions HTTP/1.1";
  return Buffer.from(`${line}\r\n${CLIENT_HEADERS}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
}

/** The same request to be answered whole, with another key and for another model. */
export function unaryRequestOf(key: string, model: string): Buffer {
  const body = `{"model":"${model}","messages":${MESSAGES},"max_completion_tokens":100,"temperature":0.7}`;
  const text = postOf(body).toString("latin1");
  return Buffer.from(text.replace(/^authorization: .*$/m, `authorization: Bearer ${key}`), "latin1");
}

/** How a stream runs: ordinary events, and the milliseconds between two of them. */
export type Pace = { readonly events: number; readonly intervalMs: number };

/** One request to be answered whole. */
export const unaryRequest: Buffer = postOf(`{"model":"${MODEL}","messages":${MESSAGES},"temperature":0.7}`);

/**
 * One request for a stream. The pace travels in `user`, which every relay passes on; `include_usage` is not
 * asked for, so a gateway that forces it has to take the extra event out again.
 */
export function streamRequest({ events, intervalMs }: Pace): Buffer {
  const pace = `events=${events},interval=${intervalMs}`;
  return postOf(`{"model":"${MODEL}","stream":true,"user":"${pace}","messages":${MESSAGES}}`);
}

const PACE = /"user":"events=(\d{1,9}),interval=(\d{1,9})"/;

/** The pace that a request's body asks for; null where the body asks for no stream. */
export function paceOf(body: string): Pace | null {
  const found = PACE.exec(body);
  return found === null ? null : { events: Number(found[1]), intervalMs: Number(found[2]) };
}

const USAGE =
  '{"prompt_tokens":412,"completion_tokens":57,"total_tokens":469,' +
  '"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}';
const SERVED = '"created":1790000000,"id":"0217900000","model":"deepseek-v3-250324"';

/** The body of a whole answer, about 600 bytes. */
export const unaryBody: Buffer = Buffer.from(
  `{"choices":[{"finish_reason":"stop","index":0,"logprobs":null,"message":` +
    `{"content":"${"A stable prefix. ".repeat(12)}","role":"assistant"}}],` +
    `${SERVED},"service_tier":"default","object":"chat.completion","usage":${USAGE}}`,
  "latin1",
);

const ORIGIN_HEADERS =
  "HTTP/1.1 200 OK\r\nserver: istio-envoy\r\ndate: Thu, 01 Oct 2026 00:00:00 GMT\r\n" +
  "x-client-request-id: 20261001000000000000000000000000\r\n";

/** A whole answer as the origin writes it. */
export const unaryAnswer: Buffer = Buffer.concat([
  Buffer.from(
    `${ORIGIN_HEADERS}content-type: application/json; charset=utf-8\r\n` +
      `content-length: ${unaryBody.length}\r\n\r\n`,
  ),
  unaryBody,
]);

/** The head of a streamed answer as the origin writes it. */
export const streamHead: Buffer = Buffer.from(
  `${ORIGIN_HEADERS}content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n`,
);

function eventOf(choices: string, usage: string): string {
  return `data: {"choices":[${choices}],${SERVED},"object":"chat.completion.chunk","usage":${usage}}\n\n`;
}

function deltaOf(content: string, rest: string): string {
  return eventOf(`{"delta":{"content":"${content}","role":"assistant"}${rest},"index":0}`, "null");
}

const ordinary = deltaOf("x".repeat(EVENT_BYTES - deltaOf("", "").length), "");
const finish = deltaOf("", ',"finish_reason":"stop"');
const usageEvent = eventOf("", USAGE);
const done = "data: [DONE]\n\n";

function frameOf(event: string): string {
  return `${event.length.toString(16)}\r\n${event}\r\n`;
}

/** One ordinary event in a frame of its own. */
export const eventFrame: Buffer = Buffer.from(frameOf(ordinary));

/** The end of a stream, for a client that asked for usage and for one that did not. */
export const endFrames: { readonly withUsage: Buffer; readonly without: Buffer } = {
  withUsage: Buffer.from(`${frameOf(finish)}${frameOf(usageEvent)}${frameOf(done)}0\r\n\r\n`),
  without: Buffer.from(`${frameOf(finish)}${frameOf(done)}0\r\n\r\n`),
};

/** The body that a client must have received at the end of a stream of that many ordinary events. */
export function streamBody(events: number): Buffer {
  return Buffer.from(ordinary.repeat(events) + finish + done);
}

/** Events in such a body, the finishing one and `[DONE]` included. */
export function eventsIn(events: number): number {
  return events + 2;
}
