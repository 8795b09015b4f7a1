/** The ledger's own thread: the only one of a gateway that opens the ledger's file to write. */
import { parentPort, workerData } from "node:worker_threads";
import { LedgerOpenError, openErrorOf } from "../store/failures.ts";
import { LedgerStore } from "../store/ledger-store.ts";
import { LedgerKeeper } from "./ledger-keeper.ts";
import {
  ADMIN_KEY_HASH,
  CALIBRATION,
  type FromThread,
  type RecordMessage,
  sharedMs,
  type ThreadStart,
  type ToThread,
} from "./messages.ts";
import { LATE } from "./record-requests.ts";

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}

class LedgerThread {
  readonly #store: LedgerStore;
  readonly #keeper: LedgerKeeper;
  #timer: NodeJS.Timeout | null = null;
  #isScheduled = false;
  #isClosing = false;

  constructor(start: ThreadStart, store: LedgerStore) {
    this.#store = store;
    this.#keeper = new LedgerKeeper(start, store, post);
    post({
      kind: "opened",
      salt: store.salt,
      calibration: store.meta(CALIBRATION),
      adminKeyHash: store.meta(ADMIN_KEY_HASH),
      records: start.journal === null ? store.records() : [],
    });
    this.#goOn();
  }

  hear(message: ToThread): void {
    switch (message.kind) {
      case "journal":
        this.#keeper.hear(message.report);
        break;
      case "meta":
        this.#tryFor(message, () => this.#store.setMeta(message.name, message.value));
        return;
      case "record":
        this.#tryFor(message, () => this.#keep(message));
        return;
      case "close":
        this.#isClosing = true;
        this.#keeper.close(message.report);
        break;
    }
    this.#goOn();
  }

  /** Messages are heard between two steps. */
  #goOn(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#step());
  }

  #step(): void {
    this.#isScheduled = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delayMs = this.#keeper.step();
    if (this.#isClosing && this.#keeper.isDone) this.#close();
    else if (delayMs === 0) this.#goOn();
    else this.#timer = setTimeout(() => this.#step(), delayMs);
  }

  #close(): void {
    // The last connection takes the write-ahead log with it.
    this.#store.close();
    post({ kind: "closed" });
    parentPort?.close();
  }

  #keep({ record, entry, untilMs }: RecordMessage): void {
    if (sharedMs() > untilMs) throw new Error(LATE);
    this.#store.keepRecord(record, entry);
  }

  #tryFor({ kind, id }: { readonly kind: "meta" | "record"; readonly id: number }, work: () => void): void {
    try {
      work();
      post({ kind, id, error: null });
    } catch (error) {
      post({ kind, id, error: error instanceof Error ? error.message : String(error) });
    }
  }
}

function begin(start: ThreadStart): void {
  let store: LedgerStore | null = null;
  try {
    store = LedgerStore.open(start.folder, { isLocked: true });
    const thread = new LedgerThread(start, store);
    parentPort?.on("message", (message: ToThread) => thread.hear(message));
  } catch (error) {
    store?.close();
    const { fault, message } = error instanceof LedgerOpenError ? error : openErrorOf(error, start.folder);
    post({ kind: "refused", fault, message });
  }
}

begin(workerData as ThreadStart);
