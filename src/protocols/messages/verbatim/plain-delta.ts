/** Tells the events of a Messages stream that need not be parsed, by one walk over their bytes. */

const LF = 0x0a;
const SPACE = 0x20;

const DELTA_BEGIN = Buffer.from("event: content_block_delta\ndata: {");

/**
 * The end of the delta that begins at `from`, or 0 where what begins there must be read.
 *
 * An event is what its name says, to the SDKs and to {@link MessagesTap}: one of that name holds neither
 * usage nor an error nor the end, whatever stands in its data, which must be one line here.
 */
export function plainDeltaEnd(bytes: Buffer, from: number): number {
  let at = from + DELTA_BEGIN.length;
  const length = bytes.length;
  if (at > length) return 0;
  for (let index = 0; index < DELTA_BEGIN.length; index++) {
    if (bytes[from + index] !== DELTA_BEGIN[index]) return 0;
  }
  // Control characters are escaped in JSON: the first byte of them is the line's end.
  while (at < length && (bytes[at] as number) >= SPACE) at++;
  return bytes[at] === LF && bytes[at + 1] === LF ? at + 2 : 0;
}
