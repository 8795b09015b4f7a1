/** Puts turns into the order that chat wants: a call's results directly behind it, one for each. */
import type { ChatMessage, ChatPart, ChatToolCall } from "../../../core/chat.ts";
import { contentOf, PARAGRAPH, textPart } from "./blocks.ts";
import type { AssistantTurn, SystemTurn, ToolResult, Turn, UserTurn } from "./turns.ts";

const NO_RESULT = "No result was given for this tool call.";
const NO_OUTPUT = "The tool gave no output.";
const ONLY_MEDIA = "The result stands in the next message.";

/** What follows an assistant turn, up to the next. */
type Reply = SystemTurn | UserTurn;

/** Turns of one side in a row are one turn (Anthropic's Messages API). */
function merged(turns: readonly AssistantTurn[]): AssistantTurn {
  const thoughts = turns.map(({ reasoning }) => reasoning).filter((thought) => thought !== null);
  return {
    role: "assistant",
    text: turns
      .map(({ text }) => text)
      .filter((text) => text !== "")
      .join(PARAGRAPH),
    reasoning: thoughts.length === 0 ? null : thoughts.join(""),
    encrypted: turns.findLast(({ encrypted }) => encrypted !== null)?.encrypted ?? null,
    calls: turns.flatMap(({ calls }) => calls),
  };
}

/** The results of a reply, each to be taken once, by the id of its call. */
class Results {
  readonly #byId = new Map<string, ToolResult[]>();
  readonly #taken = new Set<ToolResult>();

  constructor(replies: readonly Reply[]) {
    for (const { toolUseId, result } of replies.flatMap(resultsOf).reverse()) {
      const known = this.#byId.get(toolUseId);
      if (known === undefined) this.#byId.set(toolUseId, [result]);
      else known.push(result);
    }
  }

  /** The first for that call that has not been taken. */
  take(toolUseId: string): ToolResult | null {
    const result = this.#byId.get(toolUseId)?.pop() ?? null;
    if (result !== null) this.#taken.add(result);
    return result;
  }

  isTaken(result: ToolResult): boolean {
    return this.#taken.has(result);
  }
}

function resultsOf(reply: Reply): { readonly toolUseId: string; readonly result: ToolResult }[] {
  if (reply.role === "system") return [];
  return reply.pieces.flatMap((piece) =>
    piece.kind === "result" ? [{ toolUseId: piece.toolUseId, result: piece }] : [],
  );
}

/** Nothing where there is neither text nor a call: Ark takes no such message (ark-api 4.2). */
function* assistantMessages({ text, reasoning, encrypted, calls }: AssistantTurn): Generator<ChatMessage> {
  if (text === "" && calls.length === 0) return;
  yield {
    role: "assistant",
    content: text,
    ...(reasoning === null ? {} : { reasoning_content: reasoning }),
    ...(encrypted === null ? {} : { encrypted_content: encrypted }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** One `tool` message for each call, then what such a message cannot hold. */
function* answers(calls: readonly ChatToolCall[], results: Results): Generator<ChatMessage> {
  const media: ChatPart[] = [];
  for (const { id } of calls) {
    const result = results.take(id);
    yield { role: "tool", tool_call_id: id, content: resultText(result) };
    if (result === null || result.media.length === 0) continue;
    media.push(textPart(`From the result of the tool call ${id}:`));
    for (const part of result.media) media.push(part);
  }
  if (media.length > 0) yield { role: "user", content: media };
}

function resultText(result: ToolResult | null): string {
  if (result === null) return NO_RESULT;
  if (result.text !== "") return result.text;
  return result.media.length === 0 ? NO_OUTPUT : ONLY_MEDIA;
}

/** A result whose call is not there before it is told as a user's words: Ark takes no such `tool` message. */
function strayParts({ toolUseId, text, media }: ToolResult): ChatPart[] {
  return [textPart(`Result of the tool call ${toolUseId}:\n${text === "" ? NO_OUTPUT : text}`), ...media];
}

function* replyMessages(reply: Reply, results: Results): Generator<ChatMessage> {
  if (reply.role === "system") {
    if (reply.text !== "") yield { role: "system", content: reply.text };
    return;
  }
  const parts = reply.pieces.flatMap((piece) => {
    if (piece.kind === "part") return [piece.part];
    return results.isTaken(piece) ? [] : strayParts(piece);
  });
  if (parts.length > 0) yield { role: "user", content: contentOf(parts) };
}

/**
 * The chat messages of a conversation. Behind an assistant's calls stand their results, in the order of the
 * calls and one for each, wherever in the reply they were; what else the reply says follows.
 */
export function* chatMessages(turns: readonly Turn[]): Generator<ChatMessage> {
  let at = 0;
  while (at < turns.length) {
    const said: AssistantTurn[] = [];
    for (let turn = turns[at]; turn?.role === "assistant"; turn = turns[++at]) said.push(turn);
    const replies: Reply[] = [];
    for (let turn = turns[at]; turn !== undefined && turn.role !== "assistant"; turn = turns[++at]) {
      replies.push(turn);
    }
    const results = new Results(replies);
    const whole = merged(said);
    yield* assistantMessages(whole);
    yield* answers(whole.calls, results);
    for (const reply of replies) yield* replyMessages(reply, results);
  }
}
