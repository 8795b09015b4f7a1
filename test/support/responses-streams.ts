/** Streams of Ark's Responses as bytes: the ordinary ones, the odd ones and the broken ones. */

export type ResponsesStream = {
  readonly name: string;
  readonly bytes: Buffer;
  /** What is heard of it, once it has all come. */
  readonly wanted: { readonly done: boolean; readonly output: number | null; readonly failed: boolean };
};

/** Gives events their numbers, from 0. */
export class NumberedEvents {
  #next = 0;

  event(type: string, members: object = {}): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, ...members, sequence_number: this.#next++ })}\n\n`;
  }
}

export const RESPONSE_ID = "resp_0217954223520001";
const head = {
  created_at: 1_795_422_352,
  id: RESPONSE_ID,
  model: "doubao-seed-2-1-pro-260628",
  object: "response",
};
export const USAGE = {
  input_tokens: 25,
  input_tokens_details: { cached_tokens: 10 },
  output_tokens: 15,
  output_tokens_details: { reasoning_tokens: 6 },
  total_tokens: 40,
};

const THOUGHTS = ["嗯, hm", ' "well"\n'];
const WORDS = ["Hello", ' 👩‍🚀 \\"delta\\":"no"', ""];
export const SHELL = { name: "shell", pieces: ["", '{"city":"', '北京"}'] };
export const NAMESPACED = { name: "mcp__files__read", pieces: ['{"path"', ':"/a"}'] };
export const PATCH = { name: "apply_patch", pieces: ['{"in', 'put":"*** \\', "n\\ud83d", '\\ude00"', "}"] };
/** A free text that the model has written otherwise than it was asked to. */
export const LOOSE_PATCH = { name: "apply_patch", pieces: ["*** Begin", " Patch"] };

type Call = typeof SHELL;

function thought(events: NumberedEvents, index: number): [string, object] {
  const at = { item_id: "rs_1", output_index: index, summary_index: 0 };
  const item = { id: "rs_1", type: "reasoning", status: "in_progress" };
  const whole = {
    ...item,
    summary: [{ type: "summary_text", text: THOUGHTS.join("") }],
    status: "completed",
  };
  const text = [
    events.event("response.output_item.added", { output_index: index, item }),
    events.event("response.reasoning_summary_part.added", { ...at, part: { type: "summary_text" } }),
    ...THOUGHTS.map((delta) => events.event("response.reasoning_summary_text.delta", { delta, ...at })),
    events.event("response.reasoning_summary_text.done", { ...at, text: THOUGHTS.join("") }),
    events.event("response.output_item.done", { output_index: index, item: whole }),
  ];
  return [text.join(""), whole];
}

function message(events: NumberedEvents, index: number): [string, object] {
  const at = { item_id: "msg_1", output_index: index, content_index: 0 };
  const item = { type: "message", role: "assistant", status: "in_progress", id: "msg_1" };
  const part = { type: "output_text", text: WORDS.join("") };
  const whole = { ...item, content: [part], status: "completed" };
  const text = [
    events.event("response.output_item.added", { output_index: index, item }),
    events.event("response.content_part.added", { ...at, part: { type: "output_text" } }),
    ...WORDS.map((delta) => events.event("response.output_text.delta", { delta, ...at })),
    events.event("response.output_text.done", { ...at, text: WORDS.join("") }),
    events.event("response.content_part.done", { ...at, part }),
    events.event("response.output_item.done", { output_index: index, item: whole }),
  ];
  return [text.join(""), whole];
}

function call(events: NumberedEvents, index: number, { name, pieces }: Call): [string, object] {
  const at = { item_id: `fc_${index}`, output_index: index };
  const item = {
    call_id: `call_${index}`,
    name,
    type: "function_call",
    id: `fc_${index}`,
    status: "in_progress",
  };
  const whole = { arguments: pieces.join(""), ...item, status: "completed" };
  const text = [
    events.event("response.output_item.added", { output_index: index, item }),
    ...pieces.map((delta) => events.event("response.function_call_arguments.delta", { delta, ...at })),
    events.event("response.function_call_arguments.done", { arguments: pieces.join(""), ...at }),
    events.event("response.output_item.done", { output_index: index, item: whole }),
  ];
  return [text.join(""), whole];
}

type Kind = "completed" | "incomplete" | "failed";

/** A stream that thinks, speaks and calls these, with Ark's closing mark. */
export function responseStream(calls: readonly Call[], kind: Kind = "completed"): string {
  const events = new NumberedEvents();
  const begun =
    events.event("response.created", { response: { ...head, store: true } }) +
    events.event("response.in_progress", { response: { ...head, store: true } });
  const items = [
    thought(events, 0),
    message(events, 1),
    ...calls.map((each, index) => call(events, index + 2, each)),
  ];
  const error = { code: "InternalServiceError", message: "Ark broke." };
  const response = {
    ...head,
    output: items.map(([, item]) => item),
    status: kind,
    ...(kind === "failed" ? { error } : {}),
    ...(kind === "incomplete" ? { incomplete_details: { reason: "length" } } : {}),
    usage: USAGE,
    store: true,
  };
  const ended = events.event(`response.${kind}`, { response });
  return `${begun}${items.map(([text]) => text).join("")}${ended}data: [DONE]\n\n`;
}

const WHOLE = responseStream([PATCH]);
const MARK = "data: [DONE]\n\n";
const UNMARKED = WHOLE.slice(0, -MARK.length);
const LAST = UNMARKED.lastIndexOf("event: response.completed");
const CUT = WHOLE.slice(0, LAST);
const HALF = UNMARKED.replace('"output_tokens":15', '"output_tokens":7');
const ERROR =
  'event: error\ndata: {"type":"error","code":"ServerOverloaded","message":"x","sequence_number":9}\n\n';

function stream(
  name: string,
  bytes: string,
  wanted: Partial<ResponsesStream["wanted"]> = {},
): ResponsesStream {
  return { name, bytes: Buffer.from(bytes), wanted: { done: true, output: 15, failed: false, ...wanted } };
}

const cut = { done: false, output: null };

export const responsesStreams: readonly ResponsesStream[] = [
  stream("a whole answer", WHOLE),
  stream("an answer with calls of all kinds", responseStream([SHELL, NAMESPACED, PATCH, LOOSE_PATCH])),
  stream("an answer that reached its limit", responseStream([], "incomplete")),
  stream("an answer that failed", responseStream([PATCH], "failed"), { done: false, failed: true }),
  stream("no closing mark", UNMARKED),
  stream("no closing mark, nor the last blank line", UNMARKED.slice(0, -1)),
  stream("no closing mark, nor the last line's end", UNMARKED.slice(0, -2)),
  stream("CRLF", WHOLE.replaceAll("\n", "\r\n")),
  stream("CRLF, no closing mark", UNMARKED.replaceAll("\n", "\r\n").slice(0, -1)),
  stream("CR", WHOLE.replaceAll("\n", "\r")),
  stream("no spaces", WHOLE.replaceAll("event: ", "event:").replaceAll("data: ", "data:")),
  stream("no names", WHOLE.replaceAll(/event: .*\n/g, "")),
  stream("data first", WHOLE.replaceAll(/(event: .*\n)(data: .*\n)/g, "$2$1")),
  stream("comments", WHOLE.replaceAll("event: response.output", ": ping\nevent: response.output")),
  stream("a comment before the mark", `${UNMARKED}: ping\n${MARK}`),
  stream("more behind the end", `${WHOLE}${CUT}`),
  stream("something else in the mark's place", `${UNMARKED}${ERROR}${MARK}`),
  stream("the mark without its blank line", WHOLE.slice(0, -2)),
  stream(
    "data on two lines",
    WHOLE.replaceAll(/data: \{"type":"response.output_item/g, "data: {\n$&".replace('data: {"', 'data: "')),
  ),
  stream("spaced JSON", WHOLE.replaceAll('"delta":"', '"delta" : "')),
  stream("a delta that is no JSON", `event: response.output_text.delta\ndata: {oops\n\n${WHOLE}`),
  stream("an event that is no JSON", `event: response.created\ndata: {oops\n\n${WHOLE}`),
  stream("a delta without data", `event: response.output_text.delta\n\n${WHOLE}`),
  stream("an unknown event", `event: response.new\ndata: {"a":1}\n\n${WHOLE}`),
  stream("an end that is no JSON", UNMARKED.replace('"total_tokens":40', '"total_tokens":NaN') + MARK, {
    done: true,
    output: null,
  }),
  stream(
    "an end that says things twice",
    UNMARKED.replace('"type":"response.completed"', '"type":1,"type":2') + MARK,
    {
      done: true,
      output: null,
    },
  ),
  stream("a failure that is no JSON", `${CUT}event: response.failed\ndata: oops\n\n`, {
    ...cut,
    failed: true,
  }),
  stream("an end told twice, with more usage", `${HALF}${WHOLE.slice(LAST)}`),
  stream("an end told twice, with less usage", `${UNMARKED}${HALF.slice(LAST)}${MARK}`),
  stream("the mark without an end before it", `${CUT}${MARK}`, cut),
  stream("cut in its last event", UNMARKED.slice(0, -20), cut),
  stream("cut in a delta", WHOLE.slice(0, WHOLE.indexOf("Hello")), cut),
  stream("an error", `${CUT}${ERROR}${MARK}`, { ...cut, failed: true }),
  stream("an error as in a body", `${CUT}data: {"error":{"code":"E","message":"x"}}\n\n`, {
    ...cut,
    failed: true,
  }),
  stream("an error that is no JSON", `${CUT}event: error\ndata: oops\n\n`, { ...cut, failed: true }),
  stream("nothing", "", cut),
];
