/** Records on their way to the ledger's thread: each is kept or refused in time, whatever it dies of. */
import type { AuditEntry } from "../../core/audit.ts";
import { GatewayError } from "../../core/errors.ts";
import type { KeptRecord } from "../store/kept-records.ts";
import { type RecordMessage, sharedMs } from "./messages.ts";

/** Until it is known that a record is kept. */
export const RECORD_WITHIN_MS = 10_000;
/** Of that, for the answer on its way: the thread keeps nothing that came later. */
const ANSWER_WITHIN_MS = 1_000;
/** On their way at once; operators change one thing at a time. */
export const RECORDS_MAX = 1_000;

type Promised = ReturnType<typeof Promise.withResolvers<void>>;
type Pending = {
  readonly message: RecordMessage;
  readonly promised: Promised;
  readonly timer: NodeJS.Timeout;
};

export class RecordRequests {
  readonly #post: (message: RecordMessage) => void;
  readonly #withinMs: number;
  /** In the order in which they were asked for. */
  readonly #pending = new Map<number, Pending>();
  #id = 0;

  constructor(post: (message: RecordMessage) => void, withinMs = RECORD_WITHIN_MS) {
    this.#post = post;
    this.#withinMs = withinMs;
  }

  /** @throws GatewayError (rejects) ledger_unavailable: as far as can be known, nothing was kept */
  keep(record: KeptRecord, entry: AuditEntry): Promise<void> {
    if (this.#pending.size >= RECORDS_MAX) return Promise.reject(unavailable("Too many changes wait"));
    const id = ++this.#id;
    const untilMs = sharedMs() + this.#withinMs - ANSWER_WITHIN_MS;
    const message: RecordMessage = { kind: "record", id, record, entry, untilMs };
    const promised = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.hear(id, LATE), this.#withinMs);
    this.#pending.set(id, { message, promised, timer });
    this.#post(message);
    return promised.promise;
  }

  /** For a thread that may have heard of none: what it has kept already it keeps no second time. */
  repost(): void {
    for (const { message } of this.#pending.values()) this.#post(message);
  }

  /** @param error why it was not kept; null where it was */
  hear(id: number, error: string | null): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (error === null) pending.promised.resolve();
    else pending.promised.reject(unavailable(error));
  }

  /** The ledger is closed. */
  end(): void {
    for (const id of this.#pending.keys()) this.hear(id, "The ledger is closed");
  }
}

export const LATE = "The ledger did not answer in time";

export function unavailable(reason: string): GatewayError {
  const sentence = reason.endsWith(".") ? reason : `${reason}.`;
  return new GatewayError("ledger_unavailable", `${sentence} Nothing was changed. Try again shortly.`, {
    retryAfterSeconds: 1,
  });
}
