/** Tells, without decoding, whether a key of an object is a wanted name or may be taken for one. */
import { escapedUnit, escapeLength } from "./json-string.ts";
import { BACKSLASH } from "./json-value.ts";

/**
 * `exact`: the very bytes; `escaped`: every JSON reader decodes it to the name; `folded`: only readers that
 * ignore case or trim white space take it for the name. Go's encoding/json matches names by case folding.
 */
export type Spelling = "exact" | "escaped" | "folded";

/** Names to look for, prepared once; at most 31 of them, of lower-case ASCII letters, digits and `_`. */
export type WantedNames = {
  readonly names: readonly string[];
  /** Bit n of entry `position * 128 + character`: name n has this character there. */
  readonly namesWithCharacter: Uint32Array;
  /** Bit n of entry `length`: name n is that long. */
  readonly namesOfLength: Uint32Array;
};

const NAMES_MAX = 31;
const CODE_POINTS = 128;

/** Prepares names for {@link matchKey}. @throws RangeError for names that it cannot look for */
export function wantedNames(names: readonly string[]): WantedNames {
  const lengthMax = Math.max(0, ...names.map((name) => name.length));
  const namesWithCharacter = new Uint32Array(lengthMax * CODE_POINTS);
  const namesOfLength = new Uint32Array(lengthMax + 1);
  if (names.length > NAMES_MAX) throw new RangeError(`more than ${NAMES_MAX} wanted names`);
  for (const [index, name] of names.entries()) {
    if (!/^[a-z0-9_]+$/.test(name)) throw new RangeError("a wanted name is not a lower-case ASCII word");
    for (let position = 0; position < name.length; position++) {
      const entry = position * CODE_POINTS + name.charCodeAt(position);
      namesWithCharacter[entry] = (namesWithCharacter[entry] ?? 0) | (1 << index);
    }
    namesOfLength[name.length] = (namesOfLength[name.length] ?? 0) | (1 << index);
  }
  return { names, namesWithCharacter, namesOfLength };
}

/**
 * The characters beyond ASCII that some case mapping turns into ASCII letters: the long s, the Kelvin
 * sign, the dotted and the dotless i, and those that full case folding spells out (Unicode, CaseFolding
 * and SpecialCasing).
 */
const ASCII_FOLDINGS: ReadonlyMap<number, string> = new Map([
  [0xdf, "ss"],
  [0x130, "i"],
  [0x131, "i"],
  [0x17f, "s"],
  [0x1e9e, "ss"],
  [0x212a, "k"],
  [0xfb00, "ff"],
  [0xfb01, "fi"],
  [0xfb02, "fl"],
  [0xfb03, "ffi"],
  [0xfb04, "ffl"],
  [0xfb05, "st"],
  [0xfb06, "st"],
]);

/** A match is `index * 3 + rank` of the spelling: nothing is allocated for a key that is not wanted. */
const SPELLINGS: readonly Spelling[] = ["exact", "escaped", "folded"];
const EXACT = 0;
const ESCAPED = 1;
const FOLDED = 2;
export const NO_MATCH = -1;

export function nameOfMatch(wanted: WantedNames, match: number): string {
  return wanted.names[Math.floor(match / 3)] as string;
}

export function spellingOfMatch(match: number): Spelling {
  return SPELLINGS[match % 3] as Spelling;
}

/**
 * Matches a key, given without its quotes and known to be valid, against the wanted names. It stops at the
 * first character that no name has. White space and controls around a key count as a fold: some readers
 * trim.
 */
export function matchKey(wanted: WantedNames, bytes: Buffer, start: number, end: number): number {
  let candidates = -1;
  let position = 0;
  let rank = EXACT;
  let trailing = false;
  let at = start;
  while (at < end) {
    let unit = bytes[at] as number;
    if (unit === BACKSLASH) {
      if (rank === EXACT) rank = ESCAPED;
      unit = escapedUnit(bytes, at);
      at += escapeLength(bytes, at);
    } else if (unit < 0x80) {
      at++;
    } else {
      const length = unit < 0xe0 ? 2 : unit < 0xf0 ? 3 : 4;
      unit = multibyteUnit(bytes, at, length);
      at += length;
    }
    if (unit <= 0x20) {
      rank = FOLDED;
      trailing = position > 0;
      continue;
    }
    if (trailing) return NO_MATCH;
    if (unit < 0x80) {
      if (unit >= 0x41 && unit <= 0x5a) {
        unit |= 0x20;
        rank = FOLDED;
      }
      candidates &= charactersAt(wanted, position, unit);
      position++;
    } else {
      const folding = ASCII_FOLDINGS.get(unit);
      if (folding === undefined) return NO_MATCH;
      rank = FOLDED;
      for (let index = 0; index < folding.length; index++) {
        candidates &= charactersAt(wanted, position, folding.charCodeAt(index));
        position++;
      }
    }
    if (candidates === 0) return NO_MATCH;
  }
  candidates &= wanted.namesOfLength[position] ?? 0;
  return position === 0 || candidates === 0 ? NO_MATCH : (31 - Math.clz32(candidates)) * 3 + rank;
}

function charactersAt(wanted: WantedNames, position: number, unit: number): number {
  return wanted.namesWithCharacter[position * CODE_POINTS + unit] ?? 0;
}

/** The code point of a two- or three-byte sequence; 0xffff for a longer one, which folds to nothing. */
function multibyteUnit(bytes: Buffer, at: number, length: number): number {
  const first = bytes[at] as number;
  const second = (bytes[at + 1] as number) & 0x3f;
  if (length === 2) return ((first & 0x1f) << 6) | second;
  if (length === 3) return ((first & 0x0f) << 12) | (second << 6) | ((bytes[at + 2] as number) & 0x3f);
  return 0xffff;
}
