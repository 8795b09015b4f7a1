/**
 * Chat streams as bytes, made from the shapes of Ark's own: the ordinary ones, the odd ones and the broken
 * ones.
 */

export type StreamFixture = { readonly name: string; readonly bytes: Buffer };

const FINAL_USAGE = {
  prompt_tokens: 9,
  completion_tokens: 5,
  total_tokens: 14,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 3 },
};

const DONE = "data: [DONE]\n\n";

/** One chunk in the order of members that Ark writes. */
function chunk(choices: unknown, usage: unknown = null): string {
  return JSON.stringify({
    choices,
    created: 1_790_000_000,
    id: "021790000000000deadbeef000000000000000000000000000000f00d",
    model: "doubao-seed-2-0-lite-260215",
    service_tier: "default",
    object: "chat.completion.chunk",
    usage,
  });
}

function says(content: string, more: object = {}): unknown {
  return [{ delta: { content, ...more, role: "assistant" }, index: 0 }];
}

function stops(reason: string): unknown {
  return [{ delta: { content: "", role: "assistant" }, finish_reason: reason, index: 0 }];
}

function event(data: string): string {
  return `data: ${data}\n\n`;
}

/** A whole answer; the usage chunk comes before `[DONE]` unless it is null. */
function answer(chunks: readonly string[], usage: unknown = FINAL_USAGE): string {
  const last = usage === null ? "" : event(chunk([], usage));
  return `${chunks.map(event).join("")}${last}${DONE}`;
}

// Short forms, so that every pair of cuts can be tried.
const A = '{"choices":[{"delta":{"content":"a"}}],"usage":null}';
const USAGE = '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}';
const SHORT = `${event(A)}${event(USAGE)}${DONE}`;

function usageOf(prompt: unknown, completion: unknown): string {
  return JSON.stringify({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion } });
}

function withEol(stream: string, eol: string): string {
  return stream.replaceAll("\n", eol);
}

const ordinary: Record<string, string> = {
  "plain, usage asked for": answer([chunk(says("Hi")), chunk(says(" there")), chunk(stops("stop"))]),
  "plain, no usage": answer([chunk(says("Hi")), chunk(stops("stop"))], null),
  "reasoning, then content": answer([
    chunk(says("", { reasoning_content: "hm" })),
    chunk(says("", { reasoning_content: "嗯，想一想" })),
    chunk(says("Yes")),
    chunk(stops("stop")),
  ]),
  "encrypted content": answer([
    chunk(says("", { reasoning_content: "hm" })),
    chunk(says("", { reasoning_content: "", encrypted_content: "Zm9v".repeat(60) })),
    chunk(says("Yes")),
    chunk(stops("stop")),
  ]),
  "tool calls": answer([
    chunk(
      says("", {
        tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "look", arguments: "" } }],
      }),
    ),
    chunk(says("", { tool_calls: [{ index: 0, function: { arguments: '{"city":"' } }] })),
    chunk(says("", { tool_calls: [{ index: 0, function: { arguments: '北京"}' } }] })),
    chunk(stops("tool_calls")),
  ]),
  "usage on every chunk": answer([
    chunk(says("a"), { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 }),
    chunk(says("b"), { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }),
    chunk(stops("stop"), { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 }),
  ]),
  "logprobs and a fallback": answer([
    chunk([
      {
        delta: { content: "a", role: "assistant" },
        index: 0,
        logprobs: { content: [{ token: "a", logprob: -0.1, bytes: [97], top_logprobs: [] }] },
      },
    ]),
    chunk(stops("length")),
  ]),
  "content filter": answer([chunk(says("a")), chunk(stops("content_filter"))]),
  "text of many bytes": answer([
    chunk(says("你好，世界")),
    chunk(says("👩‍🚀🇨🇳é\u2028")),
    chunk(stops("stop")),
  ]),
  "usage in the content": answer([
    chunk(says('"usage":{"prompt_tokens":1,"completion_tokens":1}}')),
    chunk(says('","usage":null}\n\n"error":{')),
    chunk(stops("stop")),
  ]),
  "short, no usage": `${event(A)}${event(A)}${DONE}`,
  "short, usage": SHORT,
};

const lineEnds: Record<string, string> = {
  CRLF: withEol(SHORT, "\r\n"),
  "CR only": withEol(SHORT, "\r"),
  "mixed line ends": `data: ${A}\r\n\ndata: ${USAGE}\n\r\ndata: ${A}\r\r\ndata: ${A}\n\rdata: [DONE]\r\n\r`,
  "usage between bare CRs and a LF": `data: ${A}\r\rdata: ${USAGE}\r\r\ndata: [DONE]\r\r\n`,
  "byte order mark": `\ufeff${SHORT}`,
  "byte order mark, CRLF": `\ufeff${withEol(SHORT, "\r\n")}`,
  "byte order mark twice": `\ufeff\ufeffdata: ${USAGE}\n\n${event(A)}${DONE}`,
  "byte order mark in the middle": `${event(A)}\ufeffdata: ${USAGE}\n\n${DONE}`,
  "blank lines between": `\n\r\n\r${event(A)}\n\n\n${event(USAGE)}\n${DONE}`,
  "no space after the colon": SHORT.replaceAll("data: ", "data:"),
  "spaces after the colon": SHORT.replaceAll("data: ", "data:   "),
  "DONE with spaces": `${event(A)}data:  [DONE] \n\n${event(A)}`,
};

const fields: Record<string, string> = {
  comments: `: ping\n${event(A)}: ping\n\n: {"usage":{"prompt_tokens":1}}\n${event(USAGE)}:\n${DONE}`,
  "comments inside events": `data: ${A}\n: inside\n\ndata: ${USAGE}\n: inside too\n\n${DONE}: after\n`,
  "comments, CRLF": withEol(`: ping\n${event(USAGE)}: ping\n\n${event(A)}${DONE}`, "\r\n"),
  "event, id and retry": `id: 1\nevent: message\nretry: 10\ndata: ${A}\n\nretry: 9\n\nid: 2\ndata: ${USAGE}\nid\n\n${DONE}`,
  "empty data": `data:\n\ndata\n\ndata: \n\n${event(A)}${DONE}`,
  "no data at all": `event: error\n\nevent: x\n\n${event(A)}${DONE}`,
  "fields of like names": `dataset: ${USAGE}\n\ndat: ${USAGE}\n\n data: ${USAGE}\n\nDATA: ${USAGE}\n\n${event(A)}${DONE}`,
  "data in several lines": `data: {"choices":[],\ndata: "usage":{"prompt_tokens":7,\ndata:"completion_tokens":2}}\n\n${DONE}`,
  "DONE in two lines": `data: [DO\ndata: NE]\n\n${event(A)}${DONE}`,
};

const endings: Record<string, string> = {
  empty: "",
  "only a comment": ": ping\n",
  "DONE without a line end": `${event(A)}data: [DONE]`,
  "DONE without its blank line": `${event(A)}data: [DONE]\n`,
  "DONE without its blank line, CRLF": withEol(`${event(A)}data: [DONE]\n`, "\r\n"),
  "usage without its blank line": `${event(A)}data: ${USAGE}\n`,
  "a chunk without its blank line": `${event(A)}data: ${A}`,
  "an error without its blank line": `${event(A)}data: {"error":{"code":"Cut"}}\n`,
  "a named error cut short": `${event(A)}event: error\ndata: {"message":"no`,
  "ends within a chunk": SHORT.slice(0, 100),
  "ends within DONE": `${event(A)}data: [DO`,
  "ends without DONE": `${event(A)}${event(USAGE)}`,
  "bytes after DONE": `${SHORT}${event(usageOf(90, 90))}: more\n${event(A)}`,
  "DONE twice": `${SHORT}${DONE}`,
  "half an event after DONE": `${SHORT}data: {"cho`,
};

const errors: Record<string, string> = {
  "error as the first member": `${event(A)}${event('{"error":{"code":"ServerOverloaded","message":"busy"}}')}${DONE}`,
  "error as the last member": `${event(A)}${event('{"choices":[],"error":{"code":"A.B"}}')}${event(A)}`,
  "error, then usage null": event('{"choices":[{"delta":{}}],"error":{"code":"E"},"usage":null}') + DONE,
  "error with a space before its colon": event('{"x":{},"error" :{"code":"E"},"usage":null}') + DONE,
  "error written with an escape": event('{"x":{},"err\\u006fr":{"code":"E"},"usage":null}') + DONE,
  "error with usage": `${event('{"choices":[],"error":{"code":5},"usage":{"prompt_tokens":1,"completion_tokens":0}}')}${DONE}`,
  "error that is a text": `${event(A)}${event('{"error":"no"}')}${event(A)}`,
  "error that is false": `${event('{"error":null}')}${event('{"error":0}')}${event('{"error":""}')}${DONE}`,
  "error deeper down": event('{"choices":[{"error":{"code":"E"}}],"usage":null}') + DONE,
  "an event named error": `${event(A)}event: error\ndata: {"message":"no"}\n\n${DONE}`,
  "an event named error, not JSON": `event:error\ndata: no\n\n${DONE}`,
  "an event named error, then renamed": `event: error\nevent: chunk\ndata: ${A}\n\n${DONE}`,
};

const usages: Record<string, string> = {
  "usage null": event('{"choices":[],"usage":null}') + DONE,
  "usage with spaces before the colon": `${event('{"choices" : [] , "usage" : {"prompt_tokens":9,"completion_tokens":5} }')}${DONE}`,
  "usage before the choices": `${event('{"usage":{"prompt_tokens":9,"completion_tokens":5},"choices":[]}')}${DONE}`,
  "usage given twice":
    event('{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5},"usage":null}') + DONE,
  "usage beside a key with a quote":
    event('{"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3},"a\\"usage":null}') + DONE,
  "usage in a line of its own": `data: {"choices":[{}],"x":1\ndata: ,"usage":{"prompt_tokens":2,"completion_tokens":3}}\n\n${DONE}`,
  "usage negative": `${event(usageOf(9, 5))}${event(usageOf(-1, 5))}${event(usageOf(9, -5))}${DONE}`,
  "usage not a number": `${event(usageOf(9, 5))}${event(usageOf("9", 50))}${event(usageOf(null, 50))}${DONE}`,
  "usage NaN": `${event(usageOf(9, 5))}${event('{"choices":[],"usage":{"prompt_tokens":NaN}}')}${DONE}`,
  "usage absurd": `${event(usageOf(1e300, 5))}${event(usageOf(9, 5.5))}${event(usageOf(9, 1_000_000_001))}${event(usageOf(8, 4))}${DONE}`,
  "usage decreasing": `${event(usageOf(9, 5))}${event(usageOf(9, 4))}${event(usageOf(8, 6))}${event(usageOf(0, 0))}${DONE}`,
  "usage in several chunks": `${event(usageOf(9, 5))}${event(A)}${event(usageOf(9, 7))}${event(usageOf(9, 9))}${DONE}`,
  "usage that is no object": `${event('{"choices":[],"usage":5}')}${event('{"choices":[],"usage":[]}')}${DONE}`,
  "usage without choices": `${event('{"usage":{"prompt_tokens":9,"completion_tokens":5}}')}${DONE}`,
};

const broken: Record<string, string> = {
  "broken JSON": `${event('{"choices":[{"delta":')}${event('{"a":1,"usage":null}x')}${event("no")}${SHORT}`,
  "broken JSON that ends as a chunk does": `${event('{"choices":[{"x":y,"usage":null}')}${event('{,"usage":null}')}${SHORT}`,
  "a raw CR inside JSON": `data: {"a":"\r\rdata: ${USAGE}\r\rdata: {"b":1,"usage":null}\n\n${DONE}`,
  "JSON that is no object": `${event("null")}${event("[]")}${event("5")}${event('"usage"')}${event("[[DONE]]")}${DONE}`,
  garbage: "\u0000\u0001data: x\n<html>502 Bad Gateway</html>\r\n\r\n{}\n\n",
};

const notUtf8 = Buffer.concat([
  Buffer.from('data: {"choices":[{"delta":{"content":"'),
  Buffer.from([0xff, 0xc3, 0x28, 0xe4, 0xbd]),
  Buffer.from(`"}}],"usage":null}\n\n${event(USAGE)}${DONE}`),
]);

const giant = `${event(chunk(says("长".repeat(4_000))))}${event(chunk([], FINAL_USAGE))}${DONE}`;

function fixture([name, stream]: [string, string]): StreamFixture {
  return { name, bytes: Buffer.from(stream) };
}

/** Every stream; none is so long that it could not be cut at each byte. */
export const streamFixtures: readonly StreamFixture[] = [
  ...[ordinary, lineEnds, fields, endings, errors, usages, broken].flatMap(Object.entries).map(fixture),
  { name: "not UTF-8", bytes: notUtf8 },
  { name: "one giant line", bytes: Buffer.from(giant) },
];

/** The stream of that name. */
export function streamFixture(name: string): Buffer {
  const found = streamFixtures.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no stream fixture is called ${name}`);
  return found.bytes;
}
