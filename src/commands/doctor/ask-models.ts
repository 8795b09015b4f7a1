/** Asks an upstream for its models the way the gateway asks for answers: same path, proxy and deadlines. */
import type { Timeouts } from "../../core/timeouts.ts";
import type {
  Exchange,
  ExchangeError,
  ExchangeFault,
  ExchangeListener,
  Upstream,
  UpstreamHead,
} from "../../upstreams/upstream.ts";

export type Asked =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** Wall milliseconds of the `date` header; null where there is none. */
      readonly dateMs: number | null;
      readonly body: Buffer;
      readonly tookMs: number;
    }
  | {
      readonly kind: "broke";
      readonly fault: ExchangeFault | "silent" | "too_large";
      readonly tookMs: number;
    };

const BODY_BYTES_MAX = 8_388_608;

function dateOf(head: UpstreamHead): number | null {
  for (let at = 0; at + 1 < head.rawHeaders.length; at += 2) {
    if (head.rawHeaders[at]?.toString("latin1").toLowerCase() !== "date") continue;
    const dateMs = Date.parse(head.rawHeaders[at + 1]?.toString("latin1") ?? "");
    return Number.isNaN(dateMs) ? null : dateMs;
  }
  return null;
}

class Listener implements ExchangeListener {
  exchange: Exchange | null = null;
  readonly #startedAt = performance.now();
  readonly #done: (asked: Asked) => void;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #head: UpstreamHead | null = null;
  #cause: "silent" | "too_large" | null = null;

  constructor(done: (asked: Asked) => void) {
    this.#done = done;
  }

  onDispatch(): void {}
  onRequestSent(): void {}

  onHead(head: UpstreamHead): void {
    this.#head = head;
  }

  onPiece(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > BODY_BYTES_MAX) this.stop("too_large");
    else this.#pieces.push(piece);
  }

  onEnd(): void {
    const head = this.#head;
    this.#done({
      kind: "answered",
      status: head?.status ?? 0,
      dateMs: head === null ? null : dateOf(head),
      body: Buffer.concat(this.#pieces),
      tookMs: performance.now() - this.#startedAt,
    });
  }

  onError(error: ExchangeError): void {
    this.#done({
      kind: "broke",
      fault: this.#cause ?? error.fault,
      tookMs: performance.now() - this.#startedAt,
    });
  }

  stop(cause: "silent" | "too_large"): void {
    this.#cause = cause;
    this.exchange?.abort();
  }
}

/** Sends `GET /models`, which costs nothing. `answerMs` bounds everything together. */
export async function askModels(
  upstream: Upstream,
  timeouts: Pick<Timeouts, "dnsMs" | "connectMs" | "tlsMs">,
  answerMs: number,
): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Asked>();
  const listener = new Listener(resolve);
  listener.exchange = upstream.start(
    {
      method: "GET",
      base: "data",
      path: "/models",
      headers: ["accept", "application/json"],
      // Where the upstream has no key of its own, Ark answers 401, which shows that it is Ark.
      credential: upstream.holdsKey ? null : "none",
      body: [],
      bodyBytes: 0,
      timeouts,
    },
    listener,
  );
  const deadline = setTimeout(() => listener.stop("silent"), answerMs);
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
  }
}
