/** Tells the chunks of a chat stream that need not be parsed, by one walk over their bytes. */

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_R = 0x72;
const LOWER_U = 0x75;

const PLAIN_BEGIN = Buffer.from("data: {");
const PLAIN_END = Buffer.from(',"usage":null}');
const ERROR_WORD = Buffer.from('"error"');

/** Whether the bytes of `needle` stand in `bytes` just before `end`. */
function endsWith(bytes: Buffer, end: number, needle: Buffer): boolean {
  const start = end - needle.length;
  if (start < 0) return false;
  for (let index = needle.length - 1; index >= 0; index--) {
    if (bytes[start + index] !== needle[index]) return false;
  }
  return true;
}

/** The index from `from` of the first byte that must be looked at twice, or `end`. */
function ordinaryEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === LOWER_R || byte === BACKSLASH || byte < SPACE) break;
  }
  return at;
}

/**
 * The end of the ordinary chunk that begins at `from`, or 0 where what begins there must be read.
 *
 * An ordinary chunk is one line `data: {...,"usage":null}`, LF, LF, without `\u` and without the token
 * `"error"`. It can then neither hold a usage nor be a usage chunk, an error or `[DONE]`, so it need not be
 * parsed. If the line is JSON, its last brace closes the outermost object; the quote before `usage`, after
 * a comma and no backslash, opens that object's last member, which wins over any twin: its usage is
 * null. Inside a string a quote is escaped, so a member `error` can only be written as that token, or with
 * `\u`. If the line is not JSON, there is nothing to read in it.
 */
export function plainChunkEnd(bytes: Buffer, from: number): number {
  const begin = from + PLAIN_BEGIN.length;
  if (begin > bytes.length || !endsWith(bytes, begin, PLAIN_BEGIN)) return 0;
  const length = bytes.length;
  for (let at = ordinaryEnd(bytes, begin, length); at < length; at = ordinaryEnd(bytes, at + 1, length)) {
    const byte = bytes[at] ?? 0;
    if (byte === LOWER_R) {
      if (bytes[at + 1] === QUOTE && endsWith(bytes, at + 2, ERROR_WORD)) return 0;
    } else if (byte === BACKSLASH) {
      if (bytes[at + 1] === LOWER_U) return 0;
    } else {
      return byte === LF && bytes[at + 1] === LF && endsWith(bytes, at, PLAIN_END) ? at + 2 : 0;
    }
  }
  return 0;
}
