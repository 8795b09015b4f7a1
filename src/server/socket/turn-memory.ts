/** What a connection remembers of its turns, so that the next one need only bring what is new. */
import type { ByteBudget } from "../../wire/byte-budget.ts";

/** A response that nobody has stored, by what its successor must send in its stead. */
export type Turn = {
  readonly id: string;
  /** A stored response that the turn itself goes on from; null where it begins with its own items. */
  readonly base: string | null;
  /** Input and output in their order: items as JSON, with commas within a piece and none around it. */
  readonly items: readonly Buffer[];
};

/** Pieces that are shorter together become one. */
const JOINED_BYTES_MAX = 65_536;
const COMMA = Buffer.from(",");

/**
 * The items with more behind them. A conversation of many short turns must not become as many pieces: each
 * has a cost of its own, and a short Buffer keeps all of the slab alive that it was cut from.
 */
export function withItems(items: readonly Buffer[], more: Buffer): readonly Buffer[] {
  if (more.length === 0) return items;
  const last = items.at(-1);
  if (last !== undefined && last.length + more.length < JOINED_BYTES_MAX) {
    return [...items.slice(0, -1), inOwnMemory([last, COMMA, more])];
  }
  return [...items, more.length < JOINED_BYTES_MAX ? inOwnMemory([more]) : more];
}

function inOwnMemory(pieces: readonly Buffer[]): Buffer {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const piece of pieces) at += piece.copy(bytes, at);
  return bytes;
}

/** The last turn of each lane, within a bound of bytes: beyond it the oldest are forgotten. */
export class TurnMemory {
  readonly #bytesMax: number;
  readonly #budget: ByteBudget;
  /** In the order in which they were kept. */
  readonly #byLane = new Map<string | null, Turn>();
  #bytes = 0;

  /**
   * @param bytesMax of this connection
   * @param budget of all connections together: a turn that has no room there is not kept
   */
  constructor(bytesMax: number, budget: ByteBudget) {
    this.#bytesMax = bytesMax;
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  find(id: string): Turn | null {
    for (const turn of this.#byLane.values()) if (turn.id === id) return turn;
    return null;
  }

  /** Keeps it as the lane's last; null where that one is stored elsewhere. */
  keep(lane: string | null, turn: Turn | null): void {
    this.#forget(lane);
    if (turn === null) return;
    const bytes = bytesOf(turn);
    if (bytes > this.#bytesMax) return;
    for (const oldest of this.#byLane.keys()) {
      if (this.#bytes + bytes <= this.#bytesMax) break;
      this.#forget(oldest);
    }
    if (!this.#budget.take(bytes)) return;
    this.#bytes += bytes;
    this.#byLane.set(lane, turn);
  }

  clear(): void {
    for (const lane of this.#byLane.keys()) this.#forget(lane);
  }

  #forget(lane: string | null): void {
    const turn = this.#byLane.get(lane);
    if (turn === undefined) return;
    const bytes = bytesOf(turn);
    this.#byLane.delete(lane);
    this.#bytes -= bytes;
    this.#budget.give(bytes);
  }
}

/** The ids count too: clients may make them as long as a message. */
function bytesOf({ id, base, items }: Turn): number {
  let bytes = id.length + (base?.length ?? 0);
  for (const piece of items) bytes += piece.length;
  return bytes;
}
