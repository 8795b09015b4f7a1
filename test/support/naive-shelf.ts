/** A shelf as plainly as it can be written: a list in order of age, gone through from the start each time. */
import type { ShelfBounds, Shelved } from "../../src/memory/expiring-shelf.ts";

type Slot<Item> = { readonly item: Item; readonly ids: Set<string>; expiresAtMs: number };

export class NaiveShelf<Item extends Shelved> {
  #slots: Slot<Item>[] = [];
  readonly #bounds: ShelfBounds;
  readonly #keepMs: number;

  constructor(bounds: ShelfBounds, keepMs: number) {
    this.#bounds = bounds;
    this.#keepMs = keepMs;
  }

  get ids(): number {
    return this.#slots.reduce((sum, { ids }) => sum + ids.size, 0);
  }

  get bytes(): number {
    return this.#slots.reduce((sum, { item }) => sum + item.bytes, 0);
  }

  put(item: Item, nowMs: number): boolean {
    const { idsMax, bytesMax, ownerIdsMax, ownerBytesMax } = this.#bounds;
    const fits = (slots: readonly Slot<Item>[], idsBound: number, bytesBound: number): boolean =>
      slots.reduce((sum, { ids }) => sum + ids.size, item.ids.length) <= idsBound &&
      slots.reduce((sum, slot) => sum + slot.item.bytes, item.bytes) <= bytesBound;
    if (!fits([], Math.min(idsMax, ownerIdsMax), Math.min(bytesMax, ownerBytesMax))) return false;
    this.expire(nowMs);
    for (const slot of this.#slots) {
      if (slot.item.owner === item.owner) for (const id of item.ids) slot.ids.delete(id);
    }
    this.#slots = this.#slots.filter(({ ids }) => ids.size > 0);
    const isOwn = (slot: Slot<Item>): boolean => slot.item.owner === item.owner;
    while (!fits(this.#slots.filter(isOwn), ownerIdsMax, ownerBytesMax)) {
      this.#slots.splice(this.#slots.findIndex(isOwn), 1);
    }
    while (!fits(this.#slots, idsMax, bytesMax)) this.#slots.shift();
    this.#slots.push({ item, ids: new Set(item.ids), expiresAtMs: nowMs + this.#keepMs });
    return true;
  }

  find(owner: string, id: string, nowMs: number): Item | null {
    this.expire(nowMs);
    return this.#slot(owner, id)?.item ?? null;
  }

  renew(owner: string, id: string, nowMs: number): void {
    this.expire(nowMs);
    const slot = this.#slot(owner, id);
    if (slot === undefined) return;
    slot.expiresAtMs = nowMs + this.#keepMs;
    this.#slots = [...this.#slots.filter((other) => other !== slot), slot];
  }

  remove(owner: string, id: string, nowMs: number): boolean {
    this.expire(nowMs);
    const slot = this.#slot(owner, id);
    this.#slots = this.#slots.filter((other) => other !== slot);
    return slot !== undefined;
  }

  expire(nowMs: number): void {
    this.#slots = this.#slots.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }

  #slot(owner: string, id: string): Slot<Item> | undefined {
    return this.#slots.find(({ item, ids }) => item.owner === owner && ids.has(id));
  }
}
