/** Tells the events of a Responses stream that need not be parsed, by one walk over their bytes. */

const LF = 0x0a;
const SPACE = 0x20;

const EVENT_BEGIN = Buffer.from("event: response.");
const NAME_END = Buffer.from(".delta\ndata: {");
/** Of it, what stands on the line of the name. */
const NAME_END_CHARACTERS = NAME_END.indexOf(LF);
const CALL = Buffer.from("function_call");
const THOUGHT = Buffer.from("reasoning");

function stands(bytes: Buffer, at: number, needle: Buffer): boolean {
  if (at < 0 || at + needle.length > bytes.length) return false;
  for (let index = 0; index < needle.length; index++) {
    if (bytes[at + index] !== needle[index]) return false;
  }
  return true;
}

/**
 * The end of the delta that begins at `from`, or 0 where what begins there must be read.
 *
 * An event is what its name says, to {@link ResponsesTap}: one of such a name holds neither a response nor an
 * error nor the end, whatever stands in its data, which must be one line here.
 */
export function plainDeltaEnd(bytes: Buffer, from: number): number {
  if (!stands(bytes, from, EVENT_BEGIN)) return 0;
  const length = bytes.length;
  let at = from + EVENT_BEGIN.length;
  while (at < length && bytes[at] !== LF) at++;
  if (!stands(bytes, at - NAME_END_CHARACTERS, NAME_END)) return 0;
  at += NAME_END.length - NAME_END_CHARACTERS;
  // Control characters are escaped in JSON: the first byte of them is the line's end.
  while (at < length && (bytes[at] as number) >= SPACE) at++;
  return bytes[at] === LF && bytes[at + 1] === LF ? at + 2 : 0;
}

/** Whether the plain delta at `from` is one of a function's arguments. */
export function isCallDelta(bytes: Buffer, from: number): boolean {
  return stands(bytes, from + EVENT_BEGIN.length, CALL);
}

/** Whether it is one of a thought. */
export function isThoughtDelta(bytes: Buffer, from: number): boolean {
  return stands(bytes, from + EVENT_BEGIN.length, THOUGHT);
}
