/** Puts thoughts back into the messages of a chat body that called tools and came without them. */
import type { Reasoning } from "../../core/memories.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { insertFirstMember, type Splice } from "../../wire/json-splice.ts";
import { decodeString, stringIs } from "../../wire/json-string.ts";
import type { ReasoningReplay } from "../remembered-reasoning.ts";

const TOOL_CALLS = "tool_calls";
const TEXT = "reasoning_content";
const ENCRYPTED = "encrypted_content";
const messageNames = wantedNames(["role", TOOL_CALLS, TEXT, ENCRYPTED]);
const idName = wantedNames(["id"]);

const TOOL_CALLS_KEY = Buffer.from(`"${TOOL_CALLS}"`);
const TOOL_CALL_ID_BYTES_MAX = 256;
const EMPTY_STRING_BYTES = 2;

type Message = { readonly end: number; readonly members: ReadonlyMap<string, JsonMember> | null };

/**
 * `reasoning_replay`: an assistant's message with `tool_calls` and without thoughts (missing, null or empty)
 * gets back those that led to one of its calls. A message that gives one of these members twice, or twisted
 * in case, is left as it is.
 */
export function replayReasoning(body: Buffer, messages: JsonMember, replay: ReasoningReplay): Splice[] {
  const splices: Splice[] = [];
  if (messages.kind !== "array" || !holdsToolCalls(body, messages)) return splices;
  const elements = new ElementCursor(body, messages.valueStart, messages.valueEnd);
  while (elements.next()) {
    if (!elements.isObject) continue;
    const { end, members } = readMessage(body, elements.start, messages.valueEnd);
    elements.endsAt(end);
    const role = members?.get("role");
    const calls = members?.get(TOOL_CALLS);
    if (members === null || role?.kind !== "string" || calls?.kind !== "array") continue;
    if (!stringIs(body, role.valueStart, role.valueEnd, "assistant")) continue;
    const text = members.get(TEXT) ?? null;
    const encrypted = members.get(ENCRYPTED) ?? null;
    if (!isEmpty(text) || !isEmpty(encrypted)) continue;
    const reasoning = recallFor(body, calls, replay);
    if (reasoning !== null) putBack(splices, body, elements.start, { text, encrypted, reasoning });
  }
  return splices;
}

function holdsToolCalls(body: Buffer, { valueStart, valueEnd }: JsonMember): boolean {
  const at = body.indexOf(TOOL_CALLS_KEY, valueStart);
  return at >= 0 && at < valueEnd;
}

/** Its members by name; null where it is not clear which of two counts. */
function readMessage(body: Buffer, start: number, limit: number): Message {
  const members = new Map<string, JsonMember>();
  let isAmbiguous = false;
  const cursor = new MemberCursor(body, start, limit, messageNames);
  for (let member = cursor.next(); member !== null; member = cursor.next()) {
    if (member.spelling === "folded" || members.has(member.name)) isAmbiguous = true;
    members.set(member.name, member);
  }
  return { end: cursor.position, members: isAmbiguous ? null : members };
}

function isEmpty(member: JsonMember | null): boolean {
  if (member === null || member.kind === "null") return true;
  return member.kind === "string" && member.valueEnd - member.valueStart === EMPTY_STRING_BYTES;
}

function recallFor(body: Buffer, calls: JsonMember, replay: ReasoningReplay): Reasoning | null {
  const elements = new ElementCursor(body, calls.valueStart, calls.valueEnd);
  while (elements.next()) {
    if (!elements.isObject) continue;
    const members = new MemberCursor(body, elements.start, calls.valueEnd, idName);
    for (let id = members.next(); id !== null; id = members.next()) {
      if (id.spelling === "folded" || id.kind !== "string") continue;
      const text = decodeString(body, id.valueStart, id.valueEnd, TOOL_CALL_ID_BYTES_MAX);
      const reasoning = text === null ? null : replay.recall(text);
      if (reasoning !== null) return reasoning;
    }
    elements.endsAt(members.position);
  }
  return null;
}

type PutBack = {
  readonly text: JsonMember | null;
  readonly encrypted: JsonMember | null;
  readonly reasoning: Reasoning;
};

/** Where the member is there and empty, in its place; else at the front of the message. */
function putBack(
  splices: Splice[],
  body: Buffer,
  start: number,
  { text, encrypted, reasoning }: PutBack,
): void {
  const added: string[] = [];
  const values = [
    [TEXT, text, reasoning.text],
    [ENCRYPTED, encrypted, reasoning.encrypted],
  ] as const;
  for (const [name, member, value] of values) {
    if (value === null) continue;
    const json = JSON.stringify(value);
    if (member === null) added.push(`"${name}":${json}`);
    else splices.push({ start: member.valueStart, end: member.valueEnd, bytes: Buffer.from(json) });
  }
  if (added.length > 0) splices.push(insertFirstMember(body, start, added.join(",")));
}
