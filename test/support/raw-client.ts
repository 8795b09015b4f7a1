/** A client on a bare socket: sends what it is told, keeps every byte that comes, and knows how it ended. */
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { until } from "./raw-origin.ts";

export type Ending = "open" | "fin" | "reset";

export class RawClient {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #ending: Ending = "open";

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (piece: Buffer) => this.#pieces.push(piece));
    this.#socket.on("end", () => {
      this.#ending = "fin";
    });
    this.#socket.on("error", () => {
      this.#ending = "reset";
    });
    onTestFinished(() => {
      this.#socket.destroy();
    });
  }

  get ending(): Ending {
    return this.#ending;
  }

  get received(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** The bytes as characters of one byte each. */
  get text(): string {
    return this.received.toString("latin1");
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Reads no more until `resume`; the bytes wait in the kernel. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  async untilReceived(wanted: string): Promise<void> {
    await until(() => this.received.includes(wanted), `the bytes ${JSON.stringify(wanted)}`);
  }

  async untilClosed(): Promise<Ending> {
    await until(() => this.#ending !== "open", "the connection's end");
    return this.#ending;
  }
}

/** A POST with a JSON body, as bytes. */
export function postBytes(path: string, body: unknown, headers: readonly string[] = []): Buffer {
  const json = typeof body === "string" ? body : JSON.stringify(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    "Host: ark.test",
    "Authorization: Bearer test-key",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(json)}`,
    ...headers,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${json}`);
}

export type RawAnswer = { readonly head: string; readonly body: Buffer };

/** Cuts an answer behind its head; the body is still framed. */
export function splitHead(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return { head: bytes.toString("latin1"), body: Buffer.alloc(0) };
  return { head: bytes.toString("latin1", 0, end), body: bytes.subarray(end + 4) };
}

/** Takes chunked framing off; `rest` is what follows the last chunk, null where that never came. */
export function unchunk(framed: Buffer): { readonly body: Buffer; readonly rest: Buffer | null } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = framed.indexOf("\r\n", at);
    if (lineEnd < 0) return { body: Buffer.concat(pieces), rest: null };
    const size = Number.parseInt(framed.toString("latin1", at, lineEnd), 16);
    if (size === 0) return { body: Buffer.concat(pieces), rest: framed.subarray(lineEnd + 4) };
    pieces.push(framed.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
