/** Makes the body of a `POST /v1/responses` out of a `response.create`: by splices, as everywhere. */
import type { JsonMember } from "../../wire/json-scan.ts";
import { bySplicePosition, type Splice, splice } from "../../wire/json-splice.ts";
import { CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, skipSpace } from "../../wire/json-value.ts";
import type { CreateEvent } from "./client-event.ts";
import type { Turn } from "./turn-memory.ts";

const NOTHING = Buffer.alloc(0);
const SEPARATOR = Buffer.from(",");
const OPEN = Buffer.from("[");
const CLOSE = Buffer.from("]");

/**
 * The pieces of the body.
 * @param turn that the response goes on from; its items come first, and its id is not sent
 */
export function bodyOf(create: CreateEvent, turn: Turn | null): Buffer[] {
  const { message, input, previous } = create;
  const splices: Splice[] = [];
  const surplus = [...create.surplus];
  const added = ['"stream":true'];
  if (turn !== null && previous !== null) {
    const items = joinItems(turn.items, itemsOf(create));
    if (input === null) added.push(`"input":[${items.toString("utf8")}]`);
    else
      splices.push({
        start: input.valueStart,
        end: input.valueEnd,
        bytes: Buffer.concat([OPEN, items, CLOSE]),
      });
    if (turn.base === null) surplus.push(previous);
    else splices.push(replace(previous, JSON.stringify(turn.base)));
  }
  const { keyStart, valueEnd } = create.type;
  splices.push({ start: keyStart, end: valueEnd, bytes: Buffer.from(added.join(",")) });
  splices.push(...removals(message, surplus));
  return splice(message, splices.sort(bySplicePosition));
}

/** The input as items, for whoever goes on from this response; a copy, so that the message can go. */
export function itemsOf({ message, input }: CreateEvent): Buffer {
  if (input === null) return NOTHING;
  const { kind, valueStart, valueEnd } = input;
  switch (kind) {
    case "array":
      return insideOf(message, valueStart, valueEnd);
    case "string": {
      const content = message.toString("utf8", valueStart, valueEnd);
      return Buffer.from(`{"type":"message","role":"user","content":${content}}`);
    }
    default:
      return NOTHING;
  }
}

/** Whether the input is something that items can be put before; what else it is, its door refuses. */
export function takesItems({ input }: CreateEvent): boolean {
  return input === null || input.kind === "array" || input.kind === "string" || input.kind === "null";
}

/** What stands between the brackets of a JSON array, copied. */
export function insideOf(bytes: Buffer, start: number, end: number): Buffer {
  let from = bytes[start] === OPEN_BRACKET ? start + 1 : start;
  let to = bytes[end - 1] === CLOSE_BRACKET ? end - 1 : end;
  from = skipSpace(bytes, from, to);
  while (to > from && (bytes[to - 1] ?? 0) <= 0x20) to--;
  return Buffer.from(bytes.subarray(from, to));
}

function joinItems(before: readonly Buffer[], own: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (const piece of [...before, own]) {
    if (piece.length === 0) continue;
    if (pieces.length > 0) pieces.push(SEPARATOR);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function replace({ valueStart, valueEnd }: JsonMember, text: string): Splice {
  return { start: valueStart, end: valueEnd, bytes: Buffer.from(text) };
}

/**
 * Takes members out of an object in which another stays: each with the comma before it, but with the one
 * after it where nothing that stays comes before.
 */
function removals(bytes: Buffer, members: readonly JsonMember[]): Splice[] {
  const splices: Splice[] = [];
  /** Where the object begins, once what was taken from its front is gone. */
  let front = skipSpace(bytes, skipSpace(bytes, 0, bytes.length) + 1, bytes.length);
  for (const { keyStart, valueEnd } of [...members].sort((a, b) => a.keyStart - b.keyStart)) {
    if (keyStart === front) {
      const comma = skipSpace(bytes, valueEnd, bytes.length);
      const end = bytes[comma] === COMMA ? comma + 1 : valueEnd;
      splices.push({ start: keyStart, end, bytes: NOTHING });
      front = skipSpace(bytes, end, bytes.length);
    } else {
      let start = keyStart - 1;
      while (start > 0 && bytes[start] !== COMMA && bytes[start] !== OPEN_BRACE) start--;
      splices.push({ start, end: valueEnd, bytes: NOTHING });
    }
  }
  return splices;
}
