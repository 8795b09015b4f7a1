/** The line of calls that wait for limits: first come, first served for each key, and the keys take turns. */
import type { KeyId } from "../core/ids.ts";
import type { SpenderKind } from "../core/limits.ts";
import { Blockage } from "./blockage.ts";
import type { Claim, LimitRefusal, Permit, Verdict, WaitSignal } from "./call-limits.ts";
import { KeyLine, Waiter } from "./key-line.ts";
import type { LimitTime } from "./limit-time.ts";

/** `waitingMax` calls may wait at once, and each of them at most `waitMaxMs`. */
export type QueueSettings = { readonly waitingMax: number; readonly waitMaxMs: number };

/** Rings once, so many milliseconds from now. @returns what stops it */
export type Alarm = (ring: () => void, delayMs: number) => () => void;

/** What the queue asks of the limits; whoever else waits is no matter to them. */
export interface Counter {
  /** Takes what a call claims; or says what is in the way, and has taken nothing. */
  take(claim: Claim): Permit | Blockage;
  /** What is in a call's way; null: nothing. */
  look(claim: Claim): Blockage | null;
}

const NEVER = Number.POSITIVE_INFINITY;
const STOPPING: LimitRefusal = {
  fault: "busy",
  message: "The gateway is stopping. Try again in a moment, when it is back.",
  retryAfterMs: null,
};

export class FairQueue {
  readonly #counter: Counter;
  readonly #time: LimitTime;
  readonly #alarm: Alarm;
  #settings: QueueSettings | null = null;
  #isClosed = false;
  /** By key, in the order of their turns. None is empty. */
  readonly #lines = new Map<KeyId, KeyLine>();
  #waiting = 0;
  /**
   * What the first in turn waits for is held for it: else others would overtake it for ever, one small call
   * after another. Held are models, or everybody's limits and with them whatever comes after.
   */
  readonly #heldModels = new Set<string>();
  #isTotalHeld = false;
  /** Lines were passed over because everybody's limits are held: they may have missed what was given back. */
  #wasCut = false;
  /** Not after the first moment at which a line may go on by itself, or somebody has waited long enough. */
  #ringsAtMs = NEVER;
  #stopAlarm: (() => void) | null = null;

  constructor(parts: { counter: Counter; time: LimitTime; alarm: Alarm }) {
    this.#counter = parts.counter;
    this.#time = parts.time;
    this.#alarm = parts.alarm;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Also after any limit has changed. Who waits stays in line, unless there is none any more. */
  configure(settings: QueueSettings | null): void {
    this.#settings = settings;
    if (settings === null) this.#endAll(null);
    else if (this.#waiting > 0) this.#ring();
  }

  /** Whose line a new call of this key and this model would overtake; null: it would overtake nobody. */
  ahead({ keyId, alias }: Claim): SpenderKind | null {
    if (this.#lines.has(keyId)) return "key";
    if (this.#heldModels.has(alias)) return "model";
    return this.#isTotalHeld ? "all" : null;
  }

  /** @returns null where there is no line, or no place in it */
  join(claim: Claim, refusal: LimitRefusal, signal: WaitSignal): Promise<Verdict> | null {
    const settings = this.#settings;
    if (settings === null || this.#isClosed || this.#waiting >= settings.waitingMax) return null;
    this.#time.readMonotonic();
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const waiter = new Waiter(claim, refusal, this.#time.monotonicMs, resolve);
    this.#lineOf(claim.keyId).append(waiter);
    this.#waiting++;
    this.#ringBy(waiter.arrivedAtMs + settings.waitMaxMs);
    // Room may have come since the refusal, and nothing else would call it up then.
    if (waiter.before === null) this.#serve(null, null);
    if (waiter.line !== null) signal.onLeave(() => this.#leave(waiter));
    return promise;
  }

  /** A call of this key and this model has given back what it had. */
  freed(keyId: string, alias: string): void {
    this.#time.readMonotonic();
    this.#serve(keyId, alias);
  }

  /** Ends all waits; from now on nobody may wait. */
  close(): void {
    this.#isClosed = true;
    this.#endAll(STOPPING);
  }

  #lineOf(keyId: KeyId): KeyLine {
    let line = this.#lines.get(keyId);
    if (line === undefined) {
      line = new KeyLine(keyId);
      this.#lines.set(keyId, line);
    }
    return line;
  }

  /** Tries the first of each line whose way may have become free, in the order of their turns. */
  #serve(keyId: string | null, alias: string | null): void {
    const isAnybodyDue = this.#wasCut;
    const nowMs = this.#time.monotonicMs;
    this.#wasCut = false;
    this.#isTotalHeld = false;
    this.#heldModels.clear();
    // A line that was served goes to the end and is met again there.
    for (const line of this.#lines.values()) {
      const isDue = isAnybodyDue || line.blockedBy === null || line.retryAtMs <= nowMs;
      if (isDue || (keyId !== null && alias !== null && line.waitsFor(keyId, alias))) this.#tryFirst(line);
      else this.#hold(line);
      if (this.#isTotalHeld) {
        this.#wasCut = true;
        break;
      }
    }
    if (this.#waiting === 0) this.#silence();
  }

  /** Serves at most one, so that the next key has its turn. */
  #tryFirst(line: KeyLine): void {
    for (let waiter = line.first; waiter !== null; waiter = line.first) {
      if (this.#heldModels.has(waiter.claim.alias)) {
        line.block(null, NEVER);
        return;
      }
      const taken = this.#counter.take(waiter.claim);
      if (taken instanceof Blockage && taken.fault === "busy") {
        const { spender, retryAfterMs } = taken.first;
        line.block(spender, retryAfterMs === null ? NEVER : this.#time.monotonicMs + retryAfterMs);
        this.#hold(line);
        this.#ringBy(line.retryAtMs);
        return;
      }
      this.#waiting--;
      if (taken instanceof Blockage) {
        waiter.refuse(taken.refusalOf(waiter.claim));
        continue;
      }
      waiter.end({ kind: "granted", permit: taken });
      break;
    }
    this.#lines.delete(line.keyId);
    if (line.first !== null) this.#lines.set(line.keyId, line);
  }

  #hold({ blockedBy, first }: KeyLine): void {
    if (blockedBy === "all") this.#isTotalHeld = true;
    else if (blockedBy === "model" && first !== null) this.#heldModels.add(first.claim.alias);
  }

  #leave(waiter: Waiter): void {
    if (waiter.line === null) return;
    this.#remove(waiter, waiter.refusal);
    // Whoever stood behind it may have waited for nothing else.
    this.freed(waiter.claim.keyId, waiter.claim.alias);
  }

  #remove(waiter: Waiter, refusal: LimitRefusal): void {
    const { line } = waiter;
    waiter.refuse(refusal);
    this.#waiting--;
    if (line?.first === null) this.#lines.delete(line.keyId);
  }

  /** @param refusal what each is told; null: why it waits */
  #endAll(refusal: LimitRefusal | null): void {
    for (const line of this.#lines.values()) {
      while (line.first !== null) this.#remove(line.first, refusal ?? line.first.refusal);
    }
    this.#serve(null, null);
  }

  #ring(): void {
    this.#silence();
    this.#time.readMonotonic();
    this.#wasCut = true;
    this.#serve(null, null);
    if (this.#endOverdue()) {
      this.#wasCut = true;
      this.#serve(null, null);
    }
    for (const line of this.#lines.values()) {
      this.#ringBy(this.#deadlineOf(line));
      // What is due already and was passed over is tried again when somebody settles.
      if (line.retryAtMs > this.#time.monotonicMs) this.#ringBy(line.retryAtMs);
    }
  }

  /** @returns whether anybody has waited as long as one may */
  #endOverdue(): boolean {
    const waitingBefore = this.#waiting;
    for (const line of this.#lines.values()) {
      while (line.first !== null && this.#deadlineOf(line) <= this.#time.monotonicMs) {
        const { claim, refusal } = line.first;
        this.#remove(line.first, this.#counter.look(claim)?.refusalOf(claim) ?? refusal);
      }
    }
    return this.#waiting < waitingBefore;
  }

  #deadlineOf({ first }: KeyLine): number {
    return first === null ? NEVER : first.arrivedAtMs + (this.#settings?.waitMaxMs ?? 0);
  }

  #ringBy(atMs: number): void {
    if (atMs >= this.#ringsAtMs) return;
    this.#silence();
    this.#ringsAtMs = atMs;
    const delayMs = Math.max(0, Math.ceil(atMs - this.#time.monotonicMs));
    this.#stopAlarm = this.#alarm(() => this.#ring(), delayMs);
  }

  #silence(): void {
    this.#stopAlarm?.();
    this.#stopAlarm = null;
    this.#ringsAtMs = NEVER;
  }
}
