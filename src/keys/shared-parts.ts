/** Keeps what many keys have alike only once: a team's keys have the same few limits, models and tags. */
import type { KeyRecord } from "./key-record.ts";

/** Forgotten all at once: those that come after share again. */
const PARTS_MAX = 10_000;

/**
 * With a hundred thousand keys this is most of their memory, and whatever a call looks at that other calls
 * have looked at is near the processor.
 */
export class SharedParts {
  readonly #parts = new Map<string, object>();

  /** The same record; nobody may change its parts, which others have too. */
  in(record: KeyRecord): KeyRecord {
    const { limits, models, tags } = record;
    return {
      ...record,
      limits: this.#one(limits),
      models: models === null ? null : this.#one(models),
      tags: this.#one(tags),
    };
  }

  #one<Part extends object>(part: Part): Part {
    const text = JSON.stringify(part);
    const known = this.#parts.get(text);
    // The same text is the same data, so it is of the same type.
    if (known !== undefined) return known as Part;
    if (this.#parts.size >= PARTS_MAX) this.#parts.clear();
    this.#parts.set(text, part);
    return part;
  }
}
