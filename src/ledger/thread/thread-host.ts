/** Starts the ledger's thread, and starts it again where it dies. */
import type { Worker } from "node:worker_threads";
import { startThread } from "../start-thread.ts";
import type { FromThread, ThreadStart, ToThread } from "./messages.ts";

export type ThreadHostOptions = {
  /** What the next thread is to know. */
  readonly start: () => ThreadStart;
  readonly hear: (message: FromThread) => void;
  /** The thread has ended without being told to; another one is started unless `stop` is called. */
  readonly onDeath: (error: Error) => void;
  readonly restartAfterMs?: number;
};

const RESTART_AFTER_MS = 250;
const RESTART_AFTER_MS_MAX = 30_000;

export class ThreadHost {
  readonly #options: ThreadHostOptions;
  #worker: Worker | null = null;
  #failure: Error | null = null;
  #restartAfterMs: number;
  #restart: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: ThreadHostOptions) {
    this.#options = options;
    this.#restartAfterMs = options.restartAfterMs ?? RESTART_AFTER_MS;
  }

  begin(): void {
    this.#restart = null;
    this.#failure = null;
    const worker = startThread("thread/ledger-thread", this.#options.start());
    this.#worker = worker;
    worker.on("message", (message: FromThread) => {
      if (message.kind === "opened") this.#restartAfterMs = this.#options.restartAfterMs ?? RESTART_AFTER_MS;
      if (!this.#isStopped) this.#options.hear(message);
    });
    worker.on("error", (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", (code) => this.#ended(code));
  }

  /** Does nothing while there is no thread: the next one is told all by its start. */
  post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  /** For good. Resolves once there is no thread. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#worker?.terminate();
  }

  #ended(code: number): void {
    this.#worker = null;
    if (this.#isStopped) return;
    const afterMs = this.#restartAfterMs;
    this.#restartAfterMs = Math.min(2 * afterMs, RESTART_AFTER_MS_MAX);
    this.#restart = setTimeout(() => this.begin(), afterMs);
    this.#options.onDeath(this.#failure ?? new Error(`the ledger's thread has ended with code ${code}`));
  }
}
