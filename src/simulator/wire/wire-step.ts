/** What an answer is to the socket: a list of bytes to send, waits, and ways to end. */

/** Output tokens that a step stands for; they are generated, and billed, once the step is taken. */
export type StepTokens = { readonly completionTokens: number; readonly reasoningTokens: number };

export const noTokens: StepTokens = { completionTokens: 0, reasoningTokens: 0 };

export type Step =
  | { readonly kind: "send"; readonly data: string | Buffer; readonly tokens: StepTokens }
  /** Tokens of a wait are generated as it passes. 0 ms: what came before is written by itself. */
  | { readonly kind: "wait"; readonly ms: number; readonly tokens: StepTokens }
  /** Nothing more, until the client leaves. */
  | { readonly kind: "hang" }
  /** TCP reset. */
  | { readonly kind: "reset" }
  /** TCP FIN, whatever the framing had promised. */
  | { readonly kind: "close" }
  /** The answer is over and the connection serves the next request, or is closed where that was announced. */
  | { readonly kind: "end"; readonly keepAlive: boolean };

/** Steps one at a time, so that a long stream need not be in memory as a whole. */
export interface StepSource {
  next(): Step | null;
}

export class StepList implements StepSource {
  readonly #steps: readonly Step[];
  #index = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  next(): Step | null {
    return this.#steps[this.#index++] ?? null;
  }
}

export function send(data: string | Buffer, tokens: StepTokens = noTokens): Step {
  return { kind: "send", data, tokens };
}

export function wait(ms: number, tokens: StepTokens = noTokens): Step {
  return { kind: "wait", ms, tokens };
}

/** A piece of a body in HTTP's chunked framing. An empty piece is none, for that would end the body. */
export function chunkFrame(data: string): string {
  return data === "" ? "" : `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
}

export const LAST_CHUNK = "0\r\n\r\n";
