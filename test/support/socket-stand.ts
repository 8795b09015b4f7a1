/**
 * WebSockets over a bare server with a scripted handler in place of the pipeline, and what a test looks at.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { ResponseSockets, type ResponseSocketsOptions } from "../../src/server/socket/response-sockets.ts";
import { ByteBudget } from "../../src/wire/byte-budget.ts";
import { until } from "./raw-origin.ts";
import { RawSocket } from "./raw-socket.ts";

export type Posted = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Record<string, unknown>;
  readonly text: string;
};

export type SocketStand = {
  readonly port: number;
  readonly url: string;
  readonly sockets: ResponseSockets;
  readonly bodies: ByteBudget;
  /** The calls that came out of the WebSockets, in their order. */
  readonly posted: Posted[];
  readonly faults: unknown[];
  /** Adds to the clock that the bounds go by. */
  advance(ms: number): void;
};

export type StandOptions = Partial<Pick<ResponseSocketsOptions, "bounds" | "memoryBytesMax">> & {
  readonly bodyBytesMax?: number;
  readonly requestBodyTimeoutMs?: number;
  readonly bodiesBytesMax?: number;
  readonly answer?: (posted: Posted, index: number) => void;
};

export async function openStand(options: StandOptions = {}): Promise<SocketStand> {
  const { bodyBytesMax = 1_048_576, requestBodyTimeoutMs = 60_000, answer = answerOk } = options;
  const bodies = new ByteBudget(options.bodiesBytesMax ?? Number.MAX_SAFE_INTEGER);
  const posted: Posted[] = [];
  const faults: unknown[] = [];
  let added = 0;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const text = Buffer.concat(pieces).toString("utf8");
      const post = { request, response, text, body: JSON.parse(text) };
      answer(post, posted.push(post) - 1);
    });
  });
  const sockets = new ResponseSockets({
    settings: () => ({ bodies, bodyBytesMax, requestBodyTimeoutMs }),
    accept: (connection) => server.emit("connection", connection),
    monotonicMs: () => performance.now() + added,
    wallMs: () => 1_795_000_000_123,
    onFault: (error) => faults.push(error),
    tickMs: 10,
    ...(options.bounds === undefined ? {} : { bounds: options.bounds }),
    ...(options.memoryBytesMax === undefined ? {} : { memoryBytesMax: options.memoryBytesMax }),
  });
  server.on("upgrade", (request, socket, firstBytes) => {
    sockets.open(request.headers["sec-websocket-key"] ?? "", request, socket as Socket, firstBytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    sockets.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `ws://127.0.0.1:${port}/v1/responses`,
    sockets,
    bodies,
    posted,
    faults,
    advance: (ms) => {
      added += ms;
    },
  };
}

/** A response's last event, as Ark has it. */
export function finished(
  id: string,
  output: readonly object[],
  more: object = {},
  type = "response.completed",
): object {
  return {
    type,
    response: { id, object: "response", status: "completed", output, ...more },
    sequence_number: 9,
  };
}

export function message(text: string): object {
  return { type: "message", role: "assistant", content: [{ type: "output_text", text }] };
}

export function beginStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  response.flushHeaders();
}

export function writeEvent(response: ServerResponse, event: object): void {
  const { type } = event as { type: string };
  response.write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
}

/** A short stream: `resp_0` for the first call, and so on. */
export function answerOk({ response }: Posted, index: number): void {
  beginStream(response);
  writeEvent(response, { type: "response.created", response: { id: `resp_${index}` }, sequence_number: 0 });
  response.write(": ping\n");
  writeEvent(response, { type: "response.output_text.delta", delta: "Grüße", sequence_number: 1 });
  writeEvent(response, finished(`resp_${index}`, [message(`answer ${index}`)], { store: false }));
  response.end("data: [DONE]\n\n");
}

export type Frame = Readonly<Record<string, unknown>> & { readonly type: string };

/** A client that keeps what it is told. */
export class SocketClient {
  readonly webSocket: WebSocket;
  readonly frames: Frame[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  error: Error | null = null;
  #wake: (() => void)[] = [];

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.webSocket = new WebSocket(url, { headers, perMessageDeflate: true });
    this.webSocket.on("message", (data, isBinary) => {
      if (isBinary) throw new Error("a binary message");
      this.frames.push(JSON.parse(data.toString()));
      this.#stir();
    });
    this.webSocket.on("open", () => this.#stir());
    this.webSocket.on("error", (error) => {
      this.error = error;
      this.#stir();
    });
    this.webSocket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#stir();
    });
    onTestFinished(() => this.webSocket.terminate());
  }

  get types(): string[] {
    return this.frames.map(({ type }) => type);
  }

  create(members: object): void {
    this.send({ type: "response.create", ...members });
  }

  send(event: object): void {
    this.webSocket.send(JSON.stringify(event));
  }

  /** Resolves once it holds. @throws Error at the deadline */
  async until(holds: () => boolean, what: string, deadlineMs = 5_000): Promise<void> {
    const giveUpAt = performance.now() + deadlineMs;
    while (!holds()) {
      const leftMs = giveUpAt - performance.now();
      if (leftMs <= 0) throw new Error(`not in time: ${what}; frames: ${this.types.join(", ")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 20));
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async opened(): Promise<this> {
    await this.until(() => this.webSocket.readyState !== WebSocket.CONNECTING, "the handshake");
    if (this.error !== null) throw this.error;
    return this;
  }

  /** All frames, once so many of this type have come. */
  async frame(type: string, count = 1): Promise<Frame> {
    const found = () => this.frames.filter((frame) => frame.type === type);
    await this.until(() => found().length >= count, `${count} of ${type}`);
    return found()[count - 1] as Frame;
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(() => this.closed !== null, "its end");
    return this.closed as { code: number; reason: string };
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

export async function connect(
  stand: { readonly url: string },
  headers: Readonly<Record<string, string>> = {},
): Promise<SocketClient> {
  return new SocketClient(stand.url, headers).opened();
}

export async function openRaw(stand: SocketStand): Promise<RawSocket> {
  const socket = new RawSocket(stand.port);
  onTestFinished(() => socket.close());
  return socket.upgrade();
}

/** An answer that goes on until a test ends it. */
export function begun({ response }: Posted): void {
  beginStream(response);
  writeEvent(response, { type: "response.created", response: { id: "resp_0" } });
}

/** All that connections held is given back. */
export async function baseline(stand: SocketStand): Promise<void> {
  await until(() => stand.sockets.count === 0, "no connection to be left");
  expect(stand.bodies.held).toBe(0);
  expect(stand.sockets.bytesRemembered).toBe(0);
  expect(stand.faults).toEqual([]);
}
