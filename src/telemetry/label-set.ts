/** Keeps the values of a metric's label few: the first that come, up to a bound, and `other` for the rest. */

export const OTHER = "other";

const LABEL_CHARACTERS_MAX = 128;

export class LabelSet {
  readonly #labelsMax: number;
  readonly #labels = new Set<string>();

  /** @param labelsMax values beside `other`; @param known values that have their place from the start */
  constructor(labelsMax: number, known: readonly string[] = []) {
    this.#labelsMax = labelsMax;
    for (const label of known) this.#labels.add(label);
  }

  /** The value itself where it is printable and has or finds a place; else `other`. */
  admit(label: string): string {
    if (this.#labels.has(label)) return label;
    if (this.#labels.size >= this.#labelsMax || !isPrintable(label)) return OTHER;
    this.#labels.add(label);
    return label;
  }
}

function isPrintable(label: string): boolean {
  if (label.length === 0 || label.length > LABEL_CHARACTERS_MAX) return false;
  for (let index = 0; index < label.length; index++) {
    const code = label.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
