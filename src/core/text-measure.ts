/** What is known of a text without reading it: its bytes by script, which is all that an estimate needs. */

/** Of a body, or of the events of a stream with all that stands around their text. Integers, 0 or more. */
export type TextMeasure = {
  /** Events of a stream; 1 for a whole body. */
  readonly events: number;
  /** Bytes below 0x80: Latin letters, digits, marks, and JSON's own. */
  readonly narrowBytes: number;
  /** Characters of two bytes in UTF-8: accents, Greek, Cyrillic, Hebrew, Arabic. */
  readonly middleCharacters: number;
  /** Characters of three or four bytes: Chinese, Japanese, Korean, emoji. */
  readonly wideCharacters: number;
};
