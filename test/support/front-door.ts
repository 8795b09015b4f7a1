/** The strict server with a small handler behind it that reads head, target and body as the pipeline does. */
import { type IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { GatewayError } from "../../src/core/errors.ts";
import type { RenderRefusal } from "../../src/server/refusal.ts";
import { createStrictServer, type StrictServerOptions } from "../../src/server/strict-server.ts";
import { type BodyWatch, readBoundedBody } from "../../src/wire/bounded-body.ts";
import { ByteBudget } from "../../src/wire/byte-budget.ts";
import { type RequestHead, readRequestHead } from "../../src/wire/request-head.ts";
import { readRequestTarget } from "../../src/wire/request-target.ts";

type Response = typeof ServerResponse<IncomingMessage>;

export type FrontDoorOptions = Partial<StrictServerOptions<Response>> & {
  readonly bodyBytesMax?: number;
  /** Told of each request that got as far as its handler. */
  readonly onHandled?: (head: RequestHead, path: string) => void;
  /** Requests are answered once this resolves. */
  readonly hold?: Promise<void>;
};

/** Calls everybody's tick every 20 ms, as the pipeline's own watch does. */
export class TickingWatch implements BodyWatch {
  readonly watched = new Map<number, { tick(nowMs: number): void }>();
  readonly #timer = setInterval(() => this.tick(performance.now()), 20).unref();
  #next = 0;

  add(watched: { tick(nowMs: number): void }): number {
    this.watched.set(++this.#next, watched);
    return this.#next;
  }

  remove(slot: number): void {
    this.watched.delete(slot);
  }

  tick(nowMs: number): void {
    for (const watched of [...this.watched.values()]) watched.tick(nowMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

const render: RenderRefusal = (error, requestId) =>
  Buffer.from(JSON.stringify({ error: { code: error.code, message: error.message }, requestId }));

export class FrontDoor {
  /** The path of each request that got as far as its handler. */
  readonly handled: string[] = [];
  /** The code of each refusal that node:http gave no request for. */
  readonly refusals: string[] = [];
  readonly watch = new TickingWatch();
  readonly server;
  readonly #options: FrontDoorOptions;
  dropped = 0;
  /** Bodies that were begun and never came whole. */
  unread = 0;

  constructor(options: FrontDoorOptions = {}) {
    this.#options = options;
    this.server = createStrictServer(
      {
        requestHeadersTimeoutMs: 5_000,
        requestBodyTimeoutMs: 5_000,
        onRefusal: (error) => this.refusals.push(error.code),
        onDrop: () => this.dropped++,
        ...options,
        ServerResponse,
      },
      (request, response, expectsContinue) => void this.#serve(request, response, expectsContinue),
      render,
    );
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  listen(): Promise<this> {
    return new Promise((resolve) => this.server.listen(0, "127.0.0.1", () => resolve(this)));
  }

  async close(): Promise<void> {
    this.watch.close();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const read = readRequestHead(request);
    if (read.kind === "refused") return refuse(request, response, new GatewayError(read.code, read.message));
    const { head } = read;
    const target = readRequestTarget(request.url ?? "", head.host);
    if (target.kind === "refused")
      return refuse(request, response, new GatewayError(target.code, target.message));
    this.handled.push(target.path);
    this.#options.onHandled?.(head, target.path);
    if (head.callerRequestId !== null) response.setHeader("x-client-request-id", head.callerRequestId);
    await this.#options.hold;
    if (expectsContinue) response.writeContinue();
    const bounds = {
      bodyBytesMax: this.#options.bodyBytesMax ?? 1_000,
      deadlineMs: performance.now() + (this.#options.requestBodyTimeoutMs ?? 5_000),
      contentLength: head.contentLength,
      chunked: head.chunked,
      budget: new ByteBudget(Number.MAX_SAFE_INTEGER),
    };
    const body = await readBoundedBody(request, bounds, this.watch);
    if (body.kind !== "whole") this.unread++;
    if (body.kind === "refused") refuse(request, response, body.error);
    if (body.kind !== "whole") return;
    answer(response, 200, Buffer.from(JSON.stringify({ path: target.path, bytes: body.body.length })));
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: GatewayError): void {
  if (!request.complete) response.shouldKeepAlive = false;
  answer(response, error.status, render(error, "req_test"));
}

function answer(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

/** Open until the test ends. */
export async function openFrontDoor(options: FrontDoorOptions = {}): Promise<FrontDoor> {
  const door = await new FrontDoor(options).listen();
  onTestFinished(() => door.close());
  return door;
}
