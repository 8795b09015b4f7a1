/** Keeps responses to go on from and to ask for again: per key, bounded, until they expire. */
import type { ConversationItem } from "./input-items.ts";

export type StoredResponse = {
  readonly id: string;
  /** The body of the create answer, to the byte. */
  readonly body: string;
  readonly previousId: string | null;
  readonly input: readonly ConversationItem[];
  readonly output: readonly ConversationItem[];
  /** Seconds of the wall clock. */
  readonly expireAtS: number;
};

export type StoredResponsesBounds = {
  readonly responsesMax: number;
  /** Of bodies and inputs as JSON, together. */
  readonly charactersMax: number;
};

type Entry = { readonly response: StoredResponse; readonly characters: number };

function charactersOf(response: StoredResponse): number {
  return response.body.length + JSON.stringify(response.input).length;
}

export class StoredResponses {
  readonly #bounds: StoredResponsesBounds;
  readonly #wallMs: () => number;
  /** Oldest first, by the key that they belong to and their id. */
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  constructor(bounds: StoredResponsesBounds, wallMs: () => number) {
    this.#bounds = bounds;
    this.#wallMs = wallMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Where a bound is passed, the oldest go, whosever they are. */
  add(owner: string, response: StoredResponse): void {
    const characters = charactersOf(response);
    this.#entries.set(nameOf(owner, response.id), { response, characters });
    this.#characters += characters;
    for (const name of this.#entries.keys()) {
      const fits =
        this.#entries.size <= this.#bounds.responsesMax && this.#characters <= this.#bounds.charactersMax;
      if (fits) break;
      this.#remove(name);
    }
  }

  /** Null for what is unknown, another key's, deleted or expired. */
  get(owner: string, id: string): StoredResponse | null {
    const name = nameOf(owner, id);
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    if (this.#wallMs() < entry.response.expireAtS * 1_000) return entry.response;
    this.#remove(name);
    return null;
  }

  /** False where there was nothing to delete. */
  delete(owner: string, id: string): boolean {
    return this.get(owner, id) !== null && this.#remove(nameOf(owner, id));
  }

  /**
   * The conversation before a response, or up to and including it, oldest first. It begins after whatever
   * has been deleted or has expired.
   */
  conversation(owner: string, lastId: string | null): readonly ConversationItem[] {
    const turns: (readonly ConversationItem[])[] = [];
    const seen = new Set<string>();
    for (let id = lastId; id !== null && !seen.has(id); ) {
      seen.add(id);
      const response = this.get(owner, id);
      if (response === null) break;
      turns.push([...response.input, ...response.output]);
      id = response.previousId;
    }
    return turns.toReversed().flat();
  }

  /** An item by its id, whichever response it is of. */
  item(owner: string, id: string): ConversationItem | null {
    const prefix = nameOf(owner, "");
    for (const [name, { response }] of this.#entries) {
      if (!name.startsWith(prefix)) continue;
      const found = [...response.output, ...response.input].find((item) => item.id === id);
      if (found !== undefined && this.get(owner, response.id) !== null) return found;
    }
    return null;
  }

  #remove(name: string): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined) return false;
    this.#characters -= entry.characters;
    return this.#entries.delete(name);
  }
}

function nameOf(owner: string, id: string): string {
  return `${owner}\n${id}`;
}
