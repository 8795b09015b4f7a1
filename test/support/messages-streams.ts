/** Streams of Ark's base for Messages as bytes: the ordinary ones, the odd ones and the broken ones. */

export type MessagesStream = {
  readonly name: string;
  readonly bytes: Buffer;
  /** What is heard of it, once it has all come. */
  readonly wanted: { readonly done: boolean; readonly output: number | null; readonly failed: boolean };
};

function event(name: string, members: object = {}): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...members })}\n\n`;
}

function delta(index: number, members: object): string {
  return event("content_block_delta", { index, delta: members });
}

function block(index: number, content: object, deltas: readonly object[]): string {
  const text = deltas.map((each) => delta(index, each)).join("");
  return `${event("content_block_start", { index, content_block: content })}${text}${event("content_block_stop", { index })}`;
}

const START = event("message_start", {
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "doubao-seed-2-1-pro-260628",
    content: [],
    stop_reason: null,
    usage: { input_tokens: 25, cache_read_input_tokens: 10, output_tokens: 1 },
  },
});
const END = event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 15 } });
const STOP = event("message_stop");

const thinking = block(0, { type: "thinking", thinking: "", signature: "" }, [
  { type: "thinking_delta", thinking: "嗯, hm" },
  { type: "thinking_delta", thinking: ' "well"\n' },
  { type: "signature_delta", signature: "ZW5jcnlwdGVk" },
]);
const text = block(1, { type: "text", text: "" }, [
  { type: "text_delta", text: "Hello" },
  { type: "text_delta", text: ' 👩‍🚀 "usage":{"output_tokens":9}' },
]);
const tool = block(2, { type: "tool_use", id: "call_1", name: "look", input: {} }, [
  { type: "input_json_delta", partial_json: "" },
  { type: "input_json_delta", partial_json: '{"city":"' },
  { type: "input_json_delta", partial_json: '北京"}' },
]);
const WHOLE = START + event("ping") + thinking + text + tool + END + STOP;

function stream(name: string, bytes: string, wanted: Partial<MessagesStream["wanted"]> = {}): MessagesStream {
  return { name, bytes: Buffer.from(bytes), wanted: { done: true, output: 15, failed: false, ...wanted } };
}

const cut = { done: false, output: null };

export const messagesStreams: readonly MessagesStream[] = [
  stream("a whole answer", WHOLE),
  stream("CRLF", WHOLE.replaceAll("\n", "\r\n")),
  stream("CR", WHOLE.replaceAll("\n", "\r")),
  stream("no spaces", WHOLE.replaceAll(": ", ":").replaceAll("event:ping", "event: ping")),
  stream("no names", WHOLE.replaceAll(/event: .*\n/g, "")),
  stream("data first", WHOLE.replaceAll(/(event: .*\n)(data: .*\n)/g, "$2$1")),
  stream("comments", WHOLE.replaceAll("event: content", ": ping\nevent: content")),
  stream("more behind the end", `${WHOLE}${START}`),
  stream("data on two lines", `${START}event: content_block_delta\ndata: {\ndata: }\n\n${END}${STOP}`),
  stream("a delta that is no JSON", `${START}event: content_block_delta\ndata: {oops\n\n${END}${STOP}`),
  stream("a delta without data", `${START}event: content_block_delta\n\n${END}${STOP}`),
  stream("the last line without its end", WHOLE.slice(0, -1)),
  stream("cut in its last event", WHOLE.slice(0, -20), { done: false }),
  stream("cut in a delta", WHOLE.slice(0, WHOLE.indexOf("Hello")), cut),
  stream("an error", `${START}${text}${event("error", { error: { type: "api_error" } })}`, {
    ...cut,
    failed: true,
  }),
  stream("nothing", "", { done: false, output: null }),
];
