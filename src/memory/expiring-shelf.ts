/** Holds things for a while and within bounds: the oldest go first, and no owner can push out all others'. */
import type { Clock } from "../core/clock.ts";
import type { KeyId } from "../core/ids.ts";

export type Shelved = {
  readonly owner: KeyId;
  /** What it is found by: at least one, and none twice. */
  readonly ids: readonly string[];
  /** About what it takes in memory, rather too much than too little. */
  readonly bytes: number;
};

/** An owner's bounds are his share: what he puts beyond them pushes out his own. */
export type ShelfBounds = {
  readonly idsMax: number;
  readonly bytesMax: number;
  readonly ownerIdsMax: number;
  readonly ownerBytesMax: number;
};

export type ShelfSettings<Item> = {
  readonly clock: Clock;
  /** How long things stay, by the monotonic clock. */
  readonly keepMs: number;
  readonly bounds: ShelfBounds;
  /** Told of each thing that is no longer there, for whatever reason. */
  readonly onGone?: (item: Item) => void;
};

type Slot<Item> = {
  readonly item: Item;
  /** How many of its ids still lead to it. */
  idsHeld: number;
  expiresAtMs: number;
};

/** Slots stand in the order in which they were put or renewed. */
class OwnersPart<Item> {
  readonly slots = new Set<Slot<Item>>();
  readonly slotOf = new Map<string, Slot<Item>>();
  bytes = 0;
}

export class ExpiringShelf<Item extends Shelved> {
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #bounds: ShelfBounds;
  readonly #onGone: (item: Item) => void;
  readonly #partOf = new Map<KeyId, OwnersPart<Item>>();
  readonly #slots = new Set<Slot<Item>>();
  #ids = 0;
  #bytes = 0;

  constructor({ clock, keepMs, bounds, onGone = () => {} }: ShelfSettings<Item>) {
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#bounds = bounds;
    this.#onGone = onGone;
  }

  /** Ids held; those that have expired count until somebody comes by. */
  get ids(): number {
    return this.#ids;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there may be something of his. */
  holdsAnyOf(owner: KeyId): boolean {
    return this.#partOf.has(owner);
  }

  find(owner: KeyId, id: string): Item | null {
    return this.#slot(owner, id)?.item ?? null;
  }

  /**
   * Puts a thing there, and takes the ids from those that had them; what is left without an id goes. False,
   * and nothing is done, where it is larger than an owner's share.
   */
  put(item: Item): boolean {
    const { owner, ids, bytes } = item;
    const { idsMax, bytesMax, ownerIdsMax, ownerBytesMax } = this.#bounds;
    if (ids.length > Math.min(ownerIdsMax, idsMax) || bytes > Math.min(ownerBytesMax, bytesMax)) return false;
    this.dropExpired();
    for (const id of ids) this.#free(owner, id);
    for (const slot of this.#partOf.get(owner)?.slots ?? []) {
      const part = this.#partOf.get(owner);
      if (part === undefined) break;
      if (part.bytes + bytes <= ownerBytesMax && part.slotOf.size + ids.length <= ownerIdsMax) break;
      this.#drop(slot);
    }
    for (const slot of this.#slots) {
      if (this.#bytes + bytes <= bytesMax && this.#ids + ids.length <= idsMax) break;
      this.#drop(slot);
    }
    this.#add({ item, idsHeld: ids.length, expiresAtMs: this.#clock.monotonicMs() + this.#keepMs });
    return true;
  }

  /** It stays as long as if it had been put now. */
  renew(owner: KeyId, id: string): void {
    const slot = this.#slot(owner, id);
    const part = this.#partOf.get(owner);
    if (slot === null || part === undefined) return;
    slot.expiresAtMs = this.#clock.monotonicMs() + this.#keepMs;
    for (const slots of [part.slots, this.#slots]) {
      slots.delete(slot);
      slots.add(slot);
    }
  }

  /** Whether it was there. */
  remove(owner: KeyId, id: string): boolean {
    const slot = this.#slot(owner, id);
    if (slot !== null) this.#drop(slot);
    return slot !== null;
  }

  dropExpired(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const slot of this.#slots) {
      if (slot.expiresAtMs > nowMs) return;
      this.#drop(slot);
    }
  }

  /** All that has not expired, the oldest first, each with its monotonic time. */
  entries(): { readonly item: Item; readonly expiresAtMs: number }[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#slots].filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }

  #slot(owner: KeyId, id: string): Slot<Item> | null {
    const slot = this.#partOf.get(owner)?.slotOf.get(id);
    if (slot === undefined) return null;
    if (slot.expiresAtMs > this.#clock.monotonicMs()) return slot;
    this.#drop(slot);
    return null;
  }

  #add(slot: Slot<Item>): void {
    const { owner, ids, bytes } = slot.item;
    let part = this.#partOf.get(owner);
    if (part === undefined) {
      part = new OwnersPart();
      this.#partOf.set(owner, part);
    }
    for (const id of ids) part.slotOf.set(id, slot);
    part.slots.add(slot);
    part.bytes += bytes;
    this.#slots.add(slot);
    this.#ids += ids.length;
    this.#bytes += bytes;
  }

  /** The id leads to nothing any more. */
  #free(owner: KeyId, id: string): void {
    const part = this.#partOf.get(owner);
    const slot = part?.slotOf.get(id);
    if (part === undefined || slot === undefined) return;
    if (slot.idsHeld === 1) {
      this.#drop(slot);
      return;
    }
    part.slotOf.delete(id);
    slot.idsHeld--;
    this.#ids--;
  }

  #drop(slot: Slot<Item>): void {
    const { owner, ids, bytes } = slot.item;
    const part = this.#partOf.get(owner);
    if (part === undefined || !part.slots.delete(slot)) return;
    for (const id of ids) {
      if (part.slotOf.get(id) === slot) part.slotOf.delete(id);
    }
    part.bytes -= bytes;
    if (part.slots.size === 0) this.#partOf.delete(owner);
    this.#slots.delete(slot);
    this.#ids -= slot.idsHeld;
    this.#bytes -= bytes;
    this.#onGone(slot.item);
  }
}
