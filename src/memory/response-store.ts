/** Keeps the responses that clients may ask for again or go on from, and knows whose those at Ark are. */
import type { Clock } from "../core/clock.ts";
import type { KeyId } from "../core/ids.ts";
import type { ResponseStore, StoredResponse } from "../core/memories.ts";
import { ExpiringShelf, type ShelfBounds, type Shelved } from "./expiring-shelf.ts";

export const RESPONSE_KEEP_MS = 60 * 60 * 1_000;
const BOUNDS: ShelfBounds = {
  idsMax: 10_000,
  bytesMax: 128 * 1_048_576,
  ownerIdsMax: 2_500,
  ownerBytesMax: 32 * 1_048_576,
};
/** As long as Ark stores anything (ark-api 5). */
const OWNED_KEEP_MS = 7 * 24 * 60 * 60 * 1_000;
const OWNED_IDS_MAX = 100_000;
const OWNED_IDS_PER_KEY_MAX = 25_000;
/** Longer ids are none of Ark's. */
const OWNED_ID_CHARACTERS_MAX = 256;

const CHARACTER_BYTES = 2;
const RESPONSE_BYTES = 600;

export type KeptResponse = Shelved & { readonly response: StoredResponse };

export type ResponseStoreSettings = {
  readonly clock: Clock;
  readonly keepMs?: number;
  readonly bounds?: ShelfBounds;
  readonly ownedIdsMax?: number;
  readonly ownedIdsPerKeyMax?: number;
  /** Told of each response that is no longer there: removed, replaced, expired or pushed out. */
  readonly onGone?: (kept: KeptResponse) => void;
};

function bytesOf({ id, response, inputItems, outputItems }: StoredResponse): number {
  const characters = 2 * id.length + response.length + inputItems.length + outputItems.length;
  return RESPONSE_BYTES + CHARACTER_BYTES * characters;
}

/**
 * In memory alone. A response stays for an hour, by the monotonic clock, from when it was kept; one that
 * another goes on from stays as long as that one, so that a conversation does not lose its beginning.
 */
export class MemoryResponseStore implements ResponseStore {
  readonly #kept: ExpiringShelf<KeptResponse>;
  readonly #owned: ExpiringShelf<Shelved>;
  readonly #ownerOf = new Map<string, KeyId>();
  readonly #chainMax: number;

  constructor(settings: ResponseStoreSettings) {
    const { clock, keepMs = RESPONSE_KEEP_MS, bounds = BOUNDS, onGone } = settings;
    const { ownedIdsMax = OWNED_IDS_MAX, ownedIdsPerKeyMax = OWNED_IDS_PER_KEY_MAX } = settings;
    this.#chainMax = bounds.ownerIdsMax;
    this.#kept = new ExpiringShelf({ clock, keepMs, bounds, ...(onGone === undefined ? {} : { onGone }) });
    this.#owned = new ExpiringShelf({
      clock,
      keepMs: OWNED_KEEP_MS,
      bounds: { idsMax: ownedIdsMax, bytesMax: 0, ownerIdsMax: ownedIdsPerKeyMax, ownerBytesMax: 0 },
      onGone: ({ ids }) => {
        for (const id of ids) this.#ownerOf.delete(id);
      },
    });
  }

  /** Responses that are kept. */
  get size(): number {
    return this.#kept.ids;
  }

  /** About what they take. */
  get bytes(): number {
    return this.#kept.bytes;
  }

  find(keyId: KeyId, id: string): StoredResponse | null {
    return this.#kept.find(keyId, id)?.response ?? null;
  }

  keep(keyId: KeyId, response: StoredResponse): void {
    this.put(keyId, response);
  }

  /** Keeps it, and says what is kept; null where it is larger than a key's share. */
  put(keyId: KeyId, response: StoredResponse): KeptResponse | null {
    const kept = { owner: keyId, ids: [response.id], bytes: bytesOf(response), response };
    for (const id of this.#chainBefore(keyId, response)) this.#kept.renew(keyId, id);
    return this.#kept.put(kept) ? kept : null;
  }

  remove(keyId: KeyId, id: string): boolean {
    return this.#kept.remove(keyId, id);
  }

  /** Whoever was first stays the owner. */
  own(keyId: KeyId, id: string): void {
    if (id.length > OWNED_ID_CHARACTERS_MAX || this.isAnothers(keyId, id)) return;
    if (this.#owned.put({ owner: keyId, ids: [id], bytes: 0 })) this.#ownerOf.set(id, keyId);
  }

  isAnothers(keyId: KeyId, id: string): boolean {
    this.#owned.dropExpired();
    const owner = this.#ownerOf.get(id);
    return owner !== undefined && owner !== keyId;
  }

  dropExpired(): void {
    this.#kept.dropExpired();
  }

  /** All that is kept, each with its monotonic time of expiry. */
  entries(): { readonly item: KeptResponse; readonly expiresAtMs: number }[] {
    return this.#kept.entries();
  }

  /** The ids of the turns before it, the first one first. */
  #chainBefore(keyId: KeyId, { previousId }: StoredResponse): string[] {
    const chain: string[] = [];
    let id = previousId;
    while (id !== null && chain.length < this.#chainMax) {
      const previous = this.#kept.find(keyId, id);
      if (previous === null) break;
      chain.push(id);
      id = previous.response.previousId;
    }
    return chain.reverse();
  }
}
