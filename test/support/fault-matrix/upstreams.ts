/** Every upstream of the matrix: simulators of several tempers, and what is no Ark at all. */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { BillLine } from "../../../src/simulator/bill.ts";
import {
  createSimulator,
  type ScriptStep,
  type Simulator,
  type SimulatorOptions,
} from "../../../src/simulator/index.ts";
import { openDeafListener } from "../deaf-listener.ts";
import { openRawOrigin, type Script } from "../raw-origin.ts";
import { testCertificate } from "../tls/certificate.ts";
import { UNPRICED_ENDPOINT, UNPRICED_MODEL } from "./prices.ts";

const KEPT_MAX = 20_000;
const FLAP_MS = 40;
/** An address of loopback that no other test uses: a port that is free here stays so. */
const OWN_HOST = "127.0.0.78";

const tempers = {
  ark: { replyTokens: 24 },
  paced: { replyTokens: 40, firstTokenDelayMs: 4, chunkIntervalMs: 1 },
  long: { replyTokens: 50_000 },
  cutting: { replyTokens: 24, chunkIntervalMs: 1 },
  silent: { replyTokens: 24 },
  stalling: { replyTokens: 24 },
  idle: { replyTokens: 24 },
  talkative: { replyTokens: 24 },
  "upload-reset": { scenario: { script: [{ kind: "upload_reset" }], repeat: true } },
  "upload-reset-later": { scenario: { script: [{ kind: "upload_reset", afterBytes: 40 }], repeat: true } },
  "upload-stall": { scenario: { script: [{ kind: "upload_stall" }], repeat: true } },
  "upload-refused": { scenario: { script: [{ kind: "upload_refused" }], repeat: true } },
} as const satisfies Record<string, SimulatorOptions>;

const OK = "HTTP/1.1 200 OK\r\n";
const JSON_TYPE = "content-type: application/json\r\n";
const STREAM_TYPE = "content-type: text/event-stream\r\n";
/** What an upstream that is not Ark answers, one connection each, over and over. */
const babble = [
  "",
  "220 mail.example.com ESMTP\r\n",
  "HTTP/1.1 ",
  OK,
  `${OK}${JSON_TYPE}content-length: 100\r\n\r\n{"choices":[`,
  `${OK}${JSON_TYPE}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
  `${OK}${JSON_TYPE}transfer-encoding: chunked\r\n\r\nzz\r\n`,
  `${OK}${STREAM_TYPE}transfer-encoding: chunked\r\n\r\n5\r\ndata:`,
  `${OK}${STREAM_TYPE}\r\ndata: {"choices":[{"delta":{"content":"a"},"index":0}]}\n\n`,
  `${OK}x: ${"y".repeat(100_000)}\r\n\r\n`,
  `${OK}${JSON_TYPE}\r\n{}`,
] as const;

/** Passes connections on to a port, and listens only every other moment. */
class FlappingListener {
  readonly #towards: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isOver = false;
  port = 0;

  constructor(towards: number) {
    this.#towards = towards;
  }

  async begin(): Promise<void> {
    await this.#open();
    this.#timer = setTimeout(() => this.#flap(), FLAP_MS);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await this.#shut();
  }

  #flap(): void {
    const turn = this.#server === null ? this.#open() : this.#shut();
    void turn.then(() => {
      if (!this.#isOver) this.#timer = setTimeout(() => this.#flap(), FLAP_MS);
    });
  }

  async #open(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#pass(socket));
    server.on("error", () => {});
    await new Promise<void>((resolve) => server.listen(this.port, OWN_HOST, resolve));
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    this.#server = server;
  }

  async #shut(): Promise<void> {
    // Without waiting for the connections that it has still.
    this.#server?.close();
    this.#server = null;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #pass(socket: Socket): void {
    const further = connect({ port: this.#towards, host: "127.0.0.1", noDelay: true });
    for (const [side, other] of [
      [socket, further],
      [further, socket],
    ] as const) {
      this.#sockets.add(side);
      side.on("error", () => {});
      side.on("close", () => {
        this.#sockets.delete(side);
        other.destroy();
      });
      side.pipe(other);
    }
  }
}

export class Upstreams {
  readonly #simulators: Map<string, Simulator>;
  readonly #urls: Map<string, string>;
  readonly #steps = new Map<string, ScriptStep>();
  readonly #close: () => Promise<void>;

  private constructor(
    simulators: Map<string, Simulator>,
    urls: Map<string, string>,
    close: () => Promise<void>,
  ) {
    this.#simulators = simulators;
    this.#urls = urls;
    this.#close = close;
    for (const simulator of simulators.values()) {
      simulator.scriptBy((request) => this.#steps.get(request.header("x-client-request-id") ?? "") ?? null);
    }
  }

  static async open(seed: number): Promise<Upstreams> {
    const simulators = new Map<string, Simulator>();
    const urls = new Map<string, string>();
    for (const [name, options] of Object.entries(tempers)) {
      const endpoints = { [UNPRICED_ENDPOINT]: UNPRICED_MODEL };
      const kept = { billLinesKeptMax: KEPT_MAX, requestsKeptMax: KEPT_MAX };
      const simulator = createSimulator({ seed, endpoints, ...kept, ...options });
      const { url } = await simulator.listen();
      simulators.set(name, simulator);
      urls.set(name, url);
    }
    const flapping = new FlappingListener(Number(new URL(urls.get("ark") ?? "").port));
    await flapping.begin();
    const babbling = await openRawOrigin(babblers());
    const unverified = await openRawOrigin([], testCertificate);
    urls.set("flapping", `http://${OWN_HOST}:${flapping.port}/api/v3`);
    urls.set("refused", `http://${OWN_HOST}:${await freePort()}/api/v3`);
    urls.set("deaf", `http://127.0.0.1:${await openDeafListener()}/api/v3`);
    urls.set("nameless", "http://ark.invalid/api/v3");
    urls.set("babbling", `${babbling.url}/api/v3`);
    urls.set("unverified", `https://127.0.0.1:${unverified.port}/api/v3`);
    return new Upstreams(simulators, urls, async () => {
      await flapping.close();
      await Promise.all(Array.from(simulators.values(), (simulator) => simulator.close()));
    });
  }

  get names(): readonly string[] {
    return [...this.#urls.keys()];
  }

  url(name: string): string {
    return this.#urls.get(name) ?? "";
  }

  /** What the call with this id meets. */
  play(id: string, step: ScriptStep): void {
    this.#steps.set(id, step);
  }

  /** Lines of all simulators. */
  get bill(): BillLine[] {
    return Array.from(this.#simulators.values(), ({ bill }) => [...bill]).flat();
  }

  /** When each call that was closed before its answer was over came to Ark, and when it was closed. */
  get closings(): Map<string, { readonly arrivedAtMs: number; readonly closedAtMs: number }> {
    const closings = new Map<string, { arrivedAtMs: number; closedAtMs: number }>();
    for (const { requests } of this.#simulators.values()) {
      for (const request of requests) {
        const { closedByClientAtMs: closedAtMs, atMs: arrivedAtMs } = request;
        if (closedAtMs === null) continue;
        closings.set(request.header("x-client-request-id") ?? "", { arrivedAtMs, closedAtMs });
      }
    }
    return closings;
  }

  get openRequests(): number {
    let open = 0;
    for (const { openRequests } of this.#simulators.values()) open += openRequests;
    return open;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

function babblers(): Script[] {
  let spoken = 0;
  const script: Script = async (connection) => {
    await connection.received();
    const text = babble[spoken++ % babble.length] ?? "";
    await connection.write(text);
    if (spoken % 2 === 0) connection.end();
    else connection.reset();
  };
  return [script];
}

async function freePort(): Promise<number> {
  const finder = createServer();
  await new Promise<void>((resolve) => finder.listen(0, OWN_HOST, resolve));
  const address = finder.address();
  await new Promise((resolve) => finder.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
