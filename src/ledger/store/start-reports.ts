/** Reports for a running gateway: questions queue up for a thread that is started with the first of them. */
import type { Worker } from "node:worker_threads";
import { GatewayError } from "../../core/errors.ts";
import type { LedgerReports } from "../reports.ts";
import { startThread } from "../start-thread.ts";
import { AskedReports } from "./asked-reports.ts";
import type { ReportsAnswer, ReportsFailure, ReportsQuestion, ReportsThreadData } from "./reports-message.ts";

export type ReportsOptions = {
  /** One question's time on the thread, its start included; 10 s when left out. */
  readonly timeoutMs?: number;
  /** Questions that wait or are worked on; 16 when left out, one more is refused. */
  readonly questionsMax?: number;
};

const TIMEOUT_MS = 10_000;
const QUESTIONS_MAX = 16;

type Waiting = {
  readonly question: ReportsQuestion;
  readonly resolve: (answer: ReportsAnswer) => void;
  readonly reject: (error: GatewayError) => void;
};

class ThreadReports extends AskedReports {
  readonly #folder: string;
  readonly #timeoutMs: number;
  readonly #questionsMax: number;
  /** The first is with the thread, if there is one. */
  readonly #waiting: Waiting[] = [];
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(folder: string, options: ReportsOptions) {
    super();
    this.#folder = folder;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#questionsMax = options.questionsMax ?? QUESTIONS_MAX;
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#drop();
    for (const { reject } of this.#waiting.splice(0)) reject(closedError());
    await worker?.terminate();
  }

  override ask(question: ReportsQuestion): Promise<ReportsAnswer> {
    if (this.#isClosed) return Promise.reject(closedError());
    if (this.#waiting.length >= this.#questionsMax) {
      const message = "Too many reports are being read. Try again in a moment.";
      return Promise.reject(new GatewayError("overloaded", message, { retryAfterSeconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#waiting.length === 1) this.#send(question);
    });
  }

  #send(question: ReportsQuestion): void {
    this.#worker ??= this.#start();
    this.#timer = setTimeout(() => this.#overrun(), this.#timeoutMs);
    this.#worker.ref();
    this.#worker.postMessage(question);
  }

  #start(): Worker {
    const data: ReportsThreadData = { folder: this.#folder };
    const worker = startThread("store/reports-thread", data);
    worker.on("message", (answer: ReportsAnswer | ReportsFailure) => {
      if (worker !== this.#worker) return;
      if (answer.kind !== "failed") this.#next()?.resolve(answer);
      else this.#next()?.reject(new GatewayError(answer.code, answer.message));
    });
    const onEnd = (cause: unknown): void => {
      if (worker === this.#worker) this.#fail(new GatewayError("ledger_unavailable", FAILED, { cause }));
    };
    worker.on("error", onEnd);
    worker.on("exit", onEnd);
    return worker;
  }

  #overrun(): void {
    const seconds = this.#timeoutMs / 1_000;
    const message = `The report took longer than ${seconds} s. Ask for a shorter period.`;
    this.#fail(new GatewayError("ledger_unavailable", message, { retryAfterSeconds: 1 }));
  }

  /** The thread is given up with the question it had; the next question gets a new one. */
  #fail(error: GatewayError): void {
    // SQLite is not interrupted: a thread that is being ended reads to the end of its step, and reads only.
    void this.#worker?.terminate();
    this.#drop();
    this.#next()?.reject(error);
  }

  #drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#worker = null;
  }

  /** Takes the question that is over, and sends the one behind it. */
  #next(): Waiting | undefined {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const over = this.#waiting.shift();
    const [first] = this.#waiting;
    if (first !== undefined) this.#send(first.question);
    else this.#worker?.unref();
    return over;
  }
}

const FAILED = "The thread that reads reports stopped. Try again in a moment.";

function closedError(): GatewayError {
  return new GatewayError("shutting_down", "The gateway is stopping.");
}

/** Nothing is started, and no file is opened, before the first question. */
export function startReports(folder: string, options: ReportsOptions = {}): LedgerReports {
  return new ThreadReports(folder, options);
}
