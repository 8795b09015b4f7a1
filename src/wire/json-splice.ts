/** Replaces spans of a body and leaves every other byte where it was. */
import type { JsonMember } from "./json-scan.ts";
import { CLOSE_BRACE, COMMA, skipSpace } from "./json-value.ts";

/** Bytes `start` up to (not including) `end` become `bytes`; `start === end` inserts. */
export type Splice = { readonly start: number; readonly end: number; readonly bytes: Buffer };

/** A new body up to this size is joined into one Buffer: one write is cheaper than the copy. */
export const JOINED_BYTES_MAX = 65_536;
/**
 * A new body of more pieces is joined whatever its size: a slice costs more memory than the bytes between.
 */
export const PIECES_MAX = 64;

const NOTHING = Buffer.alloc(0);

function checkSplices(bytes: Buffer, splices: readonly Splice[]): void {
  let from = 0;
  for (const { start, end } of splices) {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < from || end < start) {
      throw new RangeError(`splice ${start} to ${end} is out of order after byte ${from}`);
    }
    from = end;
  }
  if (from > bytes.length) throw new RangeError(`splice up to ${from} is beyond ${bytes.length} bytes`);
}

/** Bytes of the body that {@link splice} gives. */
export function splicedLength(bytes: Buffer, splices: readonly Splice[]): number {
  let length = bytes.length;
  for (const splice of splices) length += splice.bytes.length - (splice.end - splice.start);
  return length;
}

/**
 * The new body in pieces, slices of the old one in between; in one piece where it is small or much cut up.
 * The splices are in ascending order and do not overlap; none gives the body itself.
 * @throws RangeError
 */
export function splice(bytes: Buffer, splices: readonly Splice[]): Buffer[] {
  checkSplices(bytes, splices);
  if (splices.length === 0) return [bytes];
  const length = splicedLength(bytes, splices);
  if (length <= JOINED_BYTES_MAX || splices.length * 2 + 1 > PIECES_MAX)
    return [join(bytes, splices, length)];
  const pieces: Buffer[] = [];
  let from = 0;
  for (const splice of splices) {
    if (splice.start > from) pieces.push(bytes.subarray(from, splice.start));
    if (splice.bytes.length > 0) pieces.push(splice.bytes);
    from = splice.end;
  }
  if (from < bytes.length) pieces.push(bytes.subarray(from));
  return pieces;
}

function join(bytes: Buffer, splices: readonly Splice[], length: number): Buffer {
  const joined = Buffer.allocUnsafe(length);
  let from = 0;
  let at = 0;
  for (const splice of splices) {
    at += bytes.copy(joined, at, from, splice.start);
    at += splice.bytes.copy(joined, at);
    from = splice.end;
  }
  bytes.copy(joined, at, from);
  return joined;
}

/** The order in which splices are made; an insertion goes before a splice that begins where it stands. */
export function bySplicePosition(a: Splice, b: Splice): number {
  return a.start - b.start || a.end - b.end;
}

/**
 * Takes a member out of a validated object of at least two: with the comma before it, or, for the first
 * member, the one after it. White space between that comma and the member goes too, all other bytes stay.
 */
export function removeMember(bytes: Buffer, member: JsonMember): Splice {
  return removeAfter(bytes, member, 0);
}

/** Takes several out of one object, in the order in which they stand there; one at least must stay. */
export function removeMembers(bytes: Buffer, members: readonly JsonMember[]): Splice[] {
  const splices: Splice[] = [];
  let taken = 0;
  for (const member of members) {
    const splice = removeAfter(bytes, member, taken);
    taken = splice.end;
    splices.push(splice);
  }
  return splices;
}

/** Where the comma before it is among the bytes already `taken`, it is as good as the first member. */
function removeAfter(bytes: Buffer, member: JsonMember, taken: number): Splice {
  let before = member.keyStart - 1;
  while (before > 0 && (bytes[before] as number) <= 0x20) before--;
  if (bytes[before] === COMMA && before >= taken)
    return { start: before, end: member.valueEnd, bytes: NOTHING };
  const after = skipSpace(bytes, member.valueEnd, bytes.length);
  return {
    start: member.keyStart,
    end: bytes[after] === COMMA ? after + 1 : member.valueEnd,
    bytes: NOTHING,
  };
}

/** Puts a member, given as JSON without a comma, at the front of the object that opens at `objectStart`. */
export function insertFirstMember(bytes: Buffer, objectStart: number, member: string): Splice {
  const start = objectStart + 1;
  const isEmpty = bytes[skipSpace(bytes, start, bytes.length)] === CLOSE_BRACE;
  return { start, end: start, bytes: Buffer.from(isEmpty ? member : `${member},`) };
}
