/** A request as the simulator received it, for tests to look at. */
import type { IncomingMessage } from "node:http";

export interface RecordedRequest {
  /** Ark's id for it, as in the bill. */
  readonly requestId: string;
  readonly method: string;
  /** The request target as it stood in the request line, with its query. */
  readonly path: string;
  /** Names and values as they came, alternating. */
  readonly rawHeaders: readonly string[];
  /** What has come of the body. */
  readonly body: Buffer;
  readonly bodyIsComplete: boolean;
  /** When its head had come; monotonic milliseconds (`performance.now`). */
  readonly atMs: number;
  /** When the client left before its answer was over; null: it has not. */
  readonly closedByClientAtMs: number | null;
  /** A header's first value, by a name in any case; null where there is none. */
  header(name: string): string | null;
  /** The body as JSON. Throws SyntaxError where it is none. */
  json(): unknown;
}

/** The same while it is being written. */
export class RequestRecord implements RecordedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly atMs = performance.now();
  #pieces: Buffer[] = [];
  #bodyBytes = 0;
  #bodyIsComplete = false;
  #closedByClientAtMs: number | null = null;

  constructor(requestId: string, request: IncomingMessage) {
    this.requestId = requestId;
    this.method = request.method ?? "";
    this.path = request.url ?? "";
    this.rawHeaders = request.rawHeaders;
  }

  get body(): Buffer {
    const only = this.#pieces[0];
    if (this.#pieces.length === 1 && only !== undefined) return only;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole;
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  get bodyIsComplete(): boolean {
    return this.#bodyIsComplete;
  }

  get closedByClientAtMs(): number | null {
    return this.#closedByClientAtMs;
  }

  header(name: string): string | null {
    const wanted = name.toLowerCase();
    for (let index = 0; index + 1 < this.rawHeaders.length; index += 2) {
      if (this.rawHeaders[index]?.toLowerCase() === wanted) return this.rawHeaders[index + 1] ?? null;
    }
    return null;
  }

  json(): unknown {
    return JSON.parse(this.body.toString("utf8"));
  }

  addPiece(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bodyBytes += piece.length;
  }

  completeBody(): void {
    this.#bodyIsComplete = true;
  }

  closeByClient(): void {
    this.#closedByClientAtMs ??= performance.now();
  }
}
