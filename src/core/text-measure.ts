/** What is known of a text without reading it: its bytes by script, which is all that an estimate needs. */

/** Of a body with its JSON, or of the text in a stream's events without theirs. Integers, 0 or more. */
export type TextMeasure = {
  /** Events of a stream that hold text; 1 for a whole body. */
  readonly events: number;
  /** Bytes below 0x80: Latin letters, digits, spaces, marks. */
  readonly narrowBytes: number;
  /** Those of them that are neither letter nor digit nor white space: most are a token of their own. */
  readonly marks: number;
  /** Characters of two bytes in UTF-8: accents, Greek, Cyrillic, Hebrew, Arabic. */
  readonly middleCharacters: number;
  /** Characters of three or four bytes: Chinese, Japanese, Korean, emoji. */
  readonly wideCharacters: number;
  /** All bytes of thoughts, which may be the digest of more than they show; 0 for a body. */
  readonly thoughtBytes: number;
};
