/** Replaces spans of a body and leaves every other byte where it was. */

/** Bytes `start` up to (not including) `end` become `bytes`; `start === end` inserts. */
export type Splice = { readonly start: number; readonly end: number; readonly bytes: Buffer };
