/** Ark's chat answers, put together from what they say: whole, and as a stream's chunks. */

export type SaidCall = { readonly id: string; readonly name: string; readonly arguments: string };
export type Said = {
  readonly reasoning?: string;
  readonly encrypted?: string;
  readonly content?: string;
  readonly calls?: readonly SaidCall[];
  readonly finish?: string;
};

const HEAD = {
  id: "0217",
  model: "doubao-seed-2-1-pro-260628",
  created: 1_790_000_000,
  service_tier: "default",
};
const USAGE = {
  prompt_tokens: 9,
  completion_tokens: 5,
  total_tokens: 14,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

function event(data: object | string): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

/** One chunk that says this. */
export function chunk(delta: object, finish?: string): string {
  const choice = { delta: { content: "", role: "assistant", ...delta }, index: 0 };
  const ended = finish === undefined ? choice : { ...choice, finish_reason: finish };
  return event({ ...HEAD, object: "chat.completion.chunk", choices: [ended], usage: null });
}

/** One fragment of a tool call. */
export function callChunk(index: number, call: Partial<SaidCall>): string {
  const { id, ...described } = call;
  return chunk({
    tool_calls: [{ index, ...(id === undefined ? {} : { id, type: "function" }), function: described }],
  });
}

/** The last chunks of a stream. */
export function ending(finish: string): string {
  return chunk({}, finish) + event({ ...HEAD, choices: [], usage: USAGE }) + event("[DONE]");
}

export function wholeAnswer({
  reasoning,
  encrypted,
  content = "",
  calls = [],
  finish = "stop",
}: Said): Buffer {
  const message = {
    role: "assistant",
    content,
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(encrypted === undefined ? {} : { encrypted_content: encrypted }),
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map(({ id, ...called }) => ({ id, type: "function", function: called })) }),
  };
  const choices = [{ index: 0, message, finish_reason: finish }];
  return Buffer.from(JSON.stringify({ ...HEAD, object: "chat.completion", choices, usage: USAGE }));
}

/** Pieces of so many characters each. */
function pieces(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
}

/** The same in chunks; the calls' fragments one call after the other, or in turn. */
export function streamedAnswer(said: Said, size = 4, isInTurn = false): string {
  const { reasoning = "", encrypted, content = "", calls = [], finish = "stop" } = said;
  const heads = calls.map(({ id, name }, index) => callChunk(index, { id, name, arguments: "" }));
  const bodies = calls.map((call, index) =>
    pieces(call.arguments, size).map((text) => callChunk(index, { arguments: text })),
  );
  const longest = Math.max(0, ...bodies.map(({ length }) => length));
  const inTurn = Array.from({ length: longest }, (_, at) => bodies.map((body) => body[at] ?? "").join(""));
  const inRow = heads.map((head, index) => head + (bodies[index] ?? []).join(""));
  return [
    ...pieces(reasoning, size).map((text) => chunk({ reasoning_content: text })),
    ...(encrypted === undefined ? [] : [chunk({ encrypted_content: encrypted })]),
    ...pieces(content, size).map((text) => chunk({ content: text })),
    ...(isInTurn ? [...heads, ...inTurn] : inRow),
    ending(finish),
  ].join("");
}
