/** Reads whole server-sent events out of the pieces of an answer. */
import { type EventFields, EventScanner, readEvent } from "../../wire/sse-events.ts";

export class EventReader {
  readonly #eventBytesMax: number;
  readonly #scanner = new EventScanner();
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param eventBytesMax of one event, with its blank line */
  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax;
  }

  /** The events that end in this piece. @throws RangeError where one is longer than the bound */
  take(piece: Buffer): EventFields[] {
    const events: EventFields[] = [];
    let from = 0;
    for (let end = this.#scanner.nextEnd(piece, 0); end >= 0; end = this.#scanner.nextEnd(piece, end)) {
      this.#hold(piece.subarray(from, end));
      if (this.#scanner.endedEvent) events.push(this.#read());
      this.#forget();
      from = end;
    }
    this.#hold(piece.subarray(from));
    return events;
  }

  /** The answer is over: the event that has waited for no more than the second half of a line end. */
  finish(): EventFields | null {
    return this.#scanner.endsHere() ? this.#read() : null;
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#eventBytesMax) throw new RangeError("an event is too long");
    this.#held.push(bytes);
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #read(): EventFields {
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held);
    return readEvent(bytes ?? Buffer.alloc(0), 0, this.#heldBytes);
  }
}
