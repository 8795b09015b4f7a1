/** A listener that writes down what an exchange tells it, and in which order. */
import type { ExchangeError, ExchangeListener, UpstreamHead } from "../../src/upstreams/upstream.ts";
import { until } from "./raw-origin.ts";

type Call = "dispatch" | "sent" | "head" | "piece" | "end" | "error";

export class ExchangeRecorder implements ExchangeListener {
  /** Repeated pieces are written down once. */
  readonly calls: Call[] = [];
  readonly pieces: Buffer[] = [];
  readonly heads: UpstreamHead[] = [];
  error: ExchangeError | null = null;
  /** Called after the recorder has written the call down. */
  onCall: (call: Call) => void = () => {};
  #isOver = false;
  /** What came after the end: nothing may. */
  readonly late: Call[] = [];
  bodyBytes = 0;

  get isOver(): boolean {
    return this.#isOver;
  }

  get body(): string {
    return Buffer.concat(this.pieces).toString("latin1");
  }

  get status(): number | null {
    return this.heads[0]?.status ?? null;
  }

  /** Waits for the end or the error, and a little longer for what must not come after it. */
  async finished(deadlineMs = 5_000): Promise<this> {
    await until(() => this.#isOver, "the exchange's end", deadlineMs).catch((error: Error) => {
      throw new Error(`${error.message}; so far: ${this.calls.join(" ")}`);
    });
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (this.late.length > 0) throw new Error(`called after the end: ${this.late.join(" ")}`);
    return this;
  }

  onDispatch(): void {
    this.#note("dispatch");
  }

  onRequestSent(): void {
    this.#note("sent");
  }

  onHead(head: UpstreamHead): void {
    this.heads.push(head);
    this.#note("head");
  }

  onPiece(piece: Buffer): void {
    this.pieces.push(piece);
    this.bodyBytes += piece.length;
    this.#note("piece");
  }

  onEnd(): void {
    this.#note("end");
  }

  onError(error: ExchangeError): void {
    this.error = error;
    this.#note("error");
  }

  #note(call: Call): void {
    if (this.#isOver) this.late.push(call);
    if (call === "end" || call === "error") this.#isOver = true;
    if (call !== "piece" || this.calls.at(-1) !== "piece") this.calls.push(call);
    this.onCall(call);
  }
}
