/** The kinds of value that a fault's fields may have, each with its fallback and its check. */

export type Field<Value> = {
  /** What a fault without this field has. */
  readonly fallback: Value;
  /** What must be there, for an error message: `a whole number from 0 to 10`. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
};

export type FieldValue<AnyField> = AnyField extends Field<infer Value> ? Value : never;

const BYTES_MAX = 1_073_741_824;
const MILLISECONDS_MAX = 86_400_000;
const TEXT_CHARACTERS_MAX = 65_536;

export function whole(fallback: number, min: number, max: number): Field<number> {
  return {
    fallback,
    expected: `a whole number from ${min} to ${max}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  };
}

export function bytes(fallback: number): Field<number> {
  return whole(fallback, 0, BYTES_MAX);
}

export function bytesFromOne(fallback: number): Field<number> {
  return whole(fallback, 1, BYTES_MAX);
}

function isMilliseconds(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= MILLISECONDS_MAX;
}

export function milliseconds(fallback: number): Field<number> {
  return { fallback, expected: `milliseconds from 0 to ${MILLISECONDS_MAX}`, accepts: isMilliseconds };
}

/** Null is for ever. */
export function millisecondsOrForEver(fallback: number | null): Field<number | null> {
  return {
    fallback,
    expected: `milliseconds from 0 to ${MILLISECONDS_MAX}, or null for ever`,
    accepts: (value) => value === null || isMilliseconds(value),
  };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= TEXT_CHARACTERS_MAX;
}

export function text(fallback: string): Field<string> {
  return { fallback, expected: `a text of at most ${TEXT_CHARACTERS_MAX} characters`, accepts: isText };
}

export function textOrNull(fallback: string | null): Field<string | null> {
  return {
    fallback,
    expected: `a text of at most ${TEXT_CHARACTERS_MAX} characters, or null`,
    accepts: (value) => value === null || isText(value),
  };
}

export function flag(fallback: boolean): Field<boolean> {
  return { fallback, expected: "true or false", accepts: (value) => typeof value === "boolean" };
}

export function statusOrNull(): Field<number | null> {
  const status = whole(200, 200, 599);
  return {
    fallback: null,
    expected: "a status from 200 to 599, or null",
    accepts: (value) => value === null || status.accepts(value),
  };
}

export function oneOf<const Word extends string>(words: readonly Word[], fallback: Word): Field<Word> {
  return {
    fallback,
    expected: `one of ${words.join(", ")}`,
    accepts: (value) => words.some((word) => word === value),
  };
}
