/** An origin on bare sockets: each connection is answered by a script, byte by byte as the script says. */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";

export type ReceivedRequest = { readonly head: string; readonly body: Buffer };

/** Waits until the condition holds. Throws after the deadline, so that a test never hangs. */
export async function until(condition: () => boolean, what: string, deadlineMs = 5_000): Promise<void> {
  const startedAt = performance.now();
  while (!condition()) {
    if (performance.now() - startedAt > deadlineMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export class OriginConnection {
  readonly socket: Socket;
  /** Bytes that no call to `request` has taken yet. */
  #received = Buffer.alloc(0);
  #bytesReceived = 0;
  #closedAtMs: number | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (piece: Buffer) => {
      this.#bytesReceived += piece.length;
      this.#received = Buffer.concat([this.#received, piece]);
    });
    socket.on("close", () => {
      this.#closedAtMs = performance.now();
    });
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  get isClosed(): boolean {
    return this.#closedAtMs !== null;
  }

  /** On the monotonic clock. */
  get closedAtMs(): number {
    return this.#closedAtMs ?? Number.NaN;
  }

  /** Resolves once there is a byte. */
  received(): Promise<void> {
    return until(() => this.#bytesReceived > 0, "the first byte");
  }

  /** The next whole request: head, and as many bytes as its content-length says. */
  async request(): Promise<ReceivedRequest> {
    await until(() => this.#received.includes("\r\n\r\n"), "a request's head");
    const headBytes = this.#received.indexOf("\r\n\r\n") + 4;
    const head = this.#received.toString("latin1", 0, headBytes);
    const bodyBytes = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0);
    await until(() => this.#received.length >= headBytes + bodyBytes, "a request's body");
    const body = this.#received.subarray(headBytes, headBytes + bodyBytes);
    this.#received = this.#received.subarray(headBytes + bodyBytes);
    return { head, body };
  }

  /** Resolves once the bytes are with the kernel, or in a later turn where the connection is gone. */
  write(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(bytes, "latin1", (error) => {
        if (error) setImmediate(resolve);
        else resolve();
      });
    });
  }

  /** One write per byte, each in a turn of its own. */
  async drip(bytes: string | Buffer): Promise<void> {
    for (const byte of Buffer.from(bytes as string, "latin1")) {
      await this.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

export type Script = (connection: OriginConnection) => Promise<void> | void;

/** Answers every request on the connection with the same bytes. */
export function answering(answer: string | Buffer): Script {
  return async (connection) => {
    while (!connection.isClosed) {
      await connection.request();
      await connection.write(answer);
    }
  };
}

/** A whole answer with a body of text. */
export function answer(
  body: string,
  headers = "content-type: application/json\r\n",
  status = "200 OK",
): string {
  return `HTTP/1.1 ${status}\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

export class RawOrigin {
  readonly connections: OriginConnection[] = [];
  readonly #server: Server;

  constructor(server: Server, eventName: "connection" | "secureConnection", scripts: readonly Script[]) {
    this.#server = server;
    server.on(eventName, (socket: Socket) => {
      const connection = new OriginConnection(socket);
      const script = scripts[Math.min(this.connections.length, scripts.length - 1)];
      this.connections.push(connection);
      // A script that waits in vain because the test is over has nothing to tell.
      Promise.resolve(script?.(connection)).catch(() => connection.socket.destroy());
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The nth connection, as soon as it is there. */
  async connection(number = 0): Promise<OriginConnection> {
    await until(() => this.connections.length > number, `connection ${number}`);
    const connection = this.connections[number];
    if (connection === undefined) throw new Error("unreachable");
    return connection;
  }

  close(): Promise<void> {
    for (const connection of this.connections) connection.socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/**
 * Listens on a free port of loopback until the test is over. The nth connection is played the nth script,
 * further ones the last.
 */
export async function openRawOrigin(
  scripts: Script | readonly Script[],
  tls?: TlsOptions,
): Promise<RawOrigin> {
  const list = typeof scripts === "function" ? [scripts] : scripts;
  const options = { noDelay: true, allowHalfOpen: false };
  const server = tls === undefined ? createServer(options) : createTlsServer({ ...options, ...tls });
  server.on("tlsClientError", () => {});
  const origin = new RawOrigin(server, tls === undefined ? "connection" : "secureConnection", list);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => origin.close());
  return origin;
}
