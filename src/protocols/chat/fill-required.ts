/** Fills in, by splices, what OpenAI requires of a chat answer and Ark leaves out (`compat: openai`). */
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, scanDocument, scanObject } from "../../wire/json-scan.ts";
import { bySplicePosition, insertFirstMember, type Splice, splice } from "../../wire/json-splice.ts";
import { JsonSyntaxError, skipValue } from "../../wire/json-value.ts";

const choicesName = wantedNames(["choices"]);
const chunkNames = wantedNames(["finish_reason", "logprobs"]);
const answerNames = wantedNames(["logprobs", "message"]);
const bothNames = wantedNames(["content", "refusal"]);

const LF = 0x0a;
const CR = 0x0d;
const DATA = Buffer.from("data:");

/** Null in each of these members that is not there. */
function fill(
  bytes: Buffer,
  object: number,
  members: readonly JsonMember[],
  required: readonly string[],
): Splice[] {
  const missing = required.filter((name) => !members.some((member) => member.name === name));
  if (missing.length === 0) return [];
  return [insertFirstMember(bytes, object, missing.map((name) => `"${name}":null`).join(","))];
}

/** The spans of the choices that are objects. */
function* choicesOf(
  bytes: Buffer,
  members: readonly JsonMember[],
): Generator<{ start: number; end: number }> {
  const [choices] = members;
  if (choices?.kind !== "array") return;
  const elements = new ElementCursor(bytes, choices.valueStart, choices.valueEnd);
  while (elements.next()) {
    if (!elements.isObject) continue;
    const end = skipValue(bytes, elements.start, choices.valueEnd, 0);
    elements.endsAt(end);
    yield { start: elements.start, end };
  }
}

/** What is not valid JSON is left as it is. */
function filled(bytes: Buffer, splicesOf: (bytes: Buffer) => Splice[]): Buffer {
  try {
    const splices = splicesOf(bytes);
    if (splices.length === 0) return bytes;
    return Buffer.concat(splice(bytes, splices.sort(bySplicePosition)));
  } catch (error) {
    if (error instanceof JsonSyntaxError) return bytes;
    throw error;
  }
}

/** The one line of data in an event, without its field name; null where there is none, or several. */
function dataSpan(event: Buffer): { start: number; end: number } | null {
  let span: { start: number; end: number } | null = null;
  for (let at = 0; at < event.length; at++) {
    const start = at;
    while (at < event.length && event[at] !== LF && event[at] !== CR) at++;
    if (event.compare(DATA, 0, DATA.length, start, Math.min(at, start + DATA.length)) !== 0) continue;
    if (span !== null) return null;
    span = { start: start + DATA.length, end: at };
  }
  return span;
}

/** An answer in words and a refusal: of a message, and of its log probabilities. */
function fillBoth(bytes: Buffer, name: string, members: readonly JsonMember[]): Splice[] {
  const object = members.find((member) => member.name === name);
  if (object?.kind !== "object") return [];
  const inside = scanObject(bytes, object.valueStart, object.valueEnd, bothNames);
  return fill(bytes, object.valueStart, inside, ["content", "refusal"]);
}

function chunkSplices(event: Buffer): Splice[] {
  const data = dataSpan(event);
  if (data === null) return [];
  const splices: Splice[] = [];
  for (const { start, end } of choicesOf(event, scanObject(event, data.start, data.end, choicesName))) {
    const members = scanObject(event, start, end, chunkNames);
    splices.push(...fill(event, start, members, ["finish_reason"]), ...fillBoth(event, "logprobs", members));
  }
  return splices;
}

/** One event of a stream: each choice says `finish_reason`, null until the last; `logprobs` are whole. */
export function fillChunk(event: Buffer): Buffer {
  return filled(event, chunkSplices);
}

function answerSplices(body: Buffer): Splice[] {
  const splices: Splice[] = [];
  for (const { start, end } of choicesOf(body, scanDocument(body, choicesName))) {
    const members = scanObject(body, start, end, answerNames);
    splices.push(...fill(body, start, members, ["logprobs"]));
    splices.push(...fillBoth(body, "logprobs", members), ...fillBoth(body, "message", members));
  }
  return splices;
}

/** A whole answer: `logprobs` of each choice; `content` and `refusal` of its message and its `logprobs`. */
export function fillAnswer(body: Buffer): Buffer {
  return filled(body, answerSplices);
}
