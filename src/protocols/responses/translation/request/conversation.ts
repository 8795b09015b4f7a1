/** Puts what was said, called and returned into the order of chat: results right behind their calls. */
import type { ChatMessage, ChatPart, ChatToolCall } from "../../../../core/chat.ts";
import type { Reasoning } from "../../../../core/memories.ts";
import { contentOf, PARAGRAPH, textPart } from "./content-parts.ts";

const NO_RESULT = "No output was given for this tool call.";
const NO_OUTPUT = "The tool gave no output.";
const ONLY_MEDIA = "The output stands in the next message.";

export type ResultPiece = {
  readonly kind: "result";
  readonly callId: string;
  readonly text: string;
  /** Images and files, which a `tool` message cannot hold. */
  readonly media: readonly ChatPart[];
};
export type CallPiece = { readonly kind: "call"; readonly call: ChatToolCall };

/** What an item comes to. */
export type Piece =
  | { readonly kind: "system" | "user"; readonly parts: readonly ChatPart[] }
  | { readonly kind: "assistant"; readonly text: string }
  | { readonly kind: "reasoning"; readonly reasoning: Reasoning }
  | CallPiece
  | ResultPiece;

/** Calls of one id, in their order; those before `next` have their results. */
type Waiting = { readonly calls: CallPiece[]; next: number };

/** The result of each call: the next one with its id that comes after it. */
type Results = ReadonlyMap<CallPiece, ResultPiece>;

function pairUp(pieces: readonly Piece[]): {
  readonly results: Results;
  readonly paired: ReadonlySet<Piece>;
} {
  const waiting = new Map<string, Waiting>();
  const results = new Map<CallPiece, ResultPiece>();
  const paired = new Set<Piece>();
  for (const piece of pieces) {
    if (piece.kind === "call") {
      const alike = waiting.get(piece.call.id);
      if (alike === undefined) waiting.set(piece.call.id, { calls: [piece], next: 0 });
      else alike.calls.push(piece);
    } else if (piece.kind === "result") {
      const alike = waiting.get(piece.callId);
      const call = alike?.calls[alike.next];
      if (alike === undefined || call === undefined) continue;
      alike.next++;
      results.set(call, piece);
      paired.add(piece);
    }
  }
  return { results, paired };
}

function isAssistants(piece: Piece | undefined): piece is Piece {
  return piece?.kind === "assistant" || piece?.kind === "reasoning" || piece?.kind === "call";
}

/**
 * One message of what the model thought, said and called in a row. Nothing where there is neither text nor a
 * call: Ark takes no such message (ark-api 4.2).
 */
function* assistantMessage(said: readonly Piece[]): Generator<ChatMessage> {
  const texts: string[] = [];
  const thoughts: string[] = [];
  const calls: ChatToolCall[] = [];
  let encrypted: string | null = null;
  for (const piece of said) {
    if (piece.kind === "assistant" && piece.text !== "") texts.push(piece.text);
    if (piece.kind === "call") calls.push(piece.call);
    if (piece.kind !== "reasoning") continue;
    if (piece.reasoning.text !== null) thoughts.push(piece.reasoning.text);
    encrypted = piece.reasoning.encrypted ?? encrypted;
  }
  if (texts.length === 0 && calls.length === 0) return;
  yield {
    role: "assistant",
    content: texts.join(PARAGRAPH),
    ...(thoughts.length === 0 ? {} : { reasoning_content: thoughts.join("") }),
    ...(encrypted === null ? {} : { encrypted_content: encrypted }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function resultText(result: ResultPiece | undefined): string {
  if (result === undefined) return NO_RESULT;
  if (result.text !== "") return result.text;
  return result.media.length === 0 ? NO_OUTPUT : ONLY_MEDIA;
}

/** One `tool` message for each call, then what such a message cannot hold. */
function* toolMessages(said: readonly Piece[], results: Results): Generator<ChatMessage> {
  const media: ChatPart[] = [];
  for (const piece of said) {
    if (piece.kind !== "call") continue;
    const result = results.get(piece);
    const { id } = piece.call;
    yield { role: "tool", tool_call_id: id, content: resultText(result) };
    if (result === undefined || result.media.length === 0) continue;
    media.push(textPart(`From the output of the tool call ${id}:`));
    for (const part of result.media) media.push(part);
  }
  if (media.length > 0) yield { role: "user", content: media };
}

function* replyMessage(piece: Piece, paired: ReadonlySet<Piece>): Generator<ChatMessage> {
  switch (piece.kind) {
    case "system":
    case "user":
      if (piece.parts.length > 0) yield { role: piece.kind, content: contentOf(piece.parts) };
      return;
    case "result": {
      if (paired.has(piece)) return;
      // Its call is not there before it, and Ark takes no such `tool` message: told as a user's words.
      const text = piece.text === "" ? NO_OUTPUT : piece.text;
      const parts = [textPart(`Output of the tool call ${piece.callId}:\n${text}`), ...piece.media];
      yield { role: "user", content: contentOf(parts) };
    }
  }
}

/**
 * The chat messages of a conversation. What the model thought, said and called in a row is one message, and
 * right behind it stand the outputs of its calls, in the order of the calls and one for each, wherever they
 * were given.
 */
export function* chatMessages(pieces: readonly Piece[]): Generator<ChatMessage> {
  const { results, paired } = pairUp(pieces);
  let at = 0;
  while (at < pieces.length) {
    const said: Piece[] = [];
    for (let piece = pieces[at]; isAssistants(piece); piece = pieces[++at]) said.push(piece);
    yield* assistantMessage(said);
    yield* toolMessages(said, results);
    for (let piece = pieces[at]; piece !== undefined && !isAssistants(piece); piece = pieces[++at]) {
      yield* replyMessage(piece, paired);
    }
  }
}
