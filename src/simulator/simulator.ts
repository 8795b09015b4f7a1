/** The simulator as its users hold it: listens, takes faults, shows its requests and its bill. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { BillLine } from "./bill.ts";
import { ChatService } from "./chat/chat-service.ts";
import { Directory } from "./directory.ts";
import { Exchange } from "./exchange.ts";
import { type FaultChooser, FaultScript } from "./faults/fault-script.ts";
import type { ScriptStep } from "./faults/faults.ts";
import { House } from "./house.ts";
import { Identity } from "./identity.ts";
import { KeyRing } from "./key-ring.ts";
import { MessagesService } from "./messages/messages-service.ts";
import { defaultEndpoints } from "./models/model-table.ts";
import { Registry } from "./models/registry.ts";
import { SeededRandom } from "./random.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import { ResponsesService } from "./responses/responses-service.ts";
import { Retrieval } from "./responses/retrieval.ts";
import { StoredResponses } from "./responses/stored-responses.ts";
import { readScenario, type Scenario } from "./scenario.ts";

export type SimulatorOptions = {
  /** The same seed and the same request body give the same answer, ids and `created` apart. Default 1. */
  readonly seed?: number;
  /** The keys of `/api/v3` and `/api/coding/v3`; `any`, the default, is every one but the plan's. */
  readonly keys?: "any" | readonly string[];
  /** The keys of `/api/plan/v3`, which are good for nothing else. Default: none. */
  readonly planKeys?: readonly string[];
  /** Endpoint ids and their models, beside the gateway's four default ones. */
  readonly endpoints?: Readonly<Record<string, string>>;
  /** Models that the account has not activated: 404 `ModelNotOpen`. */
  readonly notOpen?: readonly string[];
  /** Milliseconds from a request's last byte to the first token. Default 0. */
  readonly firstTokenDelayMs?: number;
  /** Milliseconds from one token to the next. Default 0: as fast as it goes. */
  readonly chunkIntervalMs?: number;
  /** The exact length of answers, as far as the request's limits allow. Default: a few sentences. */
  readonly replyTokens?: number;
  /**
   * Refuses what was refused before the notice of 2026-09-09: on chat the role `developer` and empty
   * messages, on Messages the role `system` and signatures that are not Ark's. Default true.
   */
  readonly strictRoles?: boolean;
  /** Refuses members and types in Responses requests that Ark does not know. Default true. */
  readonly strictMembers?: boolean;
  /** What goes wrong, and how quick it is; its figures win over those above. */
  readonly scenario?: Scenario;
  /** Makes ids from the seed too. With a fixed `wallMs`, whole answers are then equal to the byte. */
  readonly deterministicIds?: boolean;
  /** The wall clock in milliseconds, for ids, `created` and `Date`. */
  readonly wallMs?: () => number;
  /** How many of the latest requests are kept, each with its body. Default 1,000. */
  readonly requestsKeptMax?: number;
  /** How many of the latest lines of the bill are kept. Default 10,000. */
  readonly billLinesKeptMax?: number;
  /** How many responses are stored, whosever they are; the oldest go. Default 1,000. */
  readonly responsesKeptMax?: number;
  /** How long an idle connection is kept. Default 60,000. */
  readonly keepAliveMs?: number;
};

export interface Simulator {
  /** Starts to listen; port 0, the default, is any free one. `url` is a base URL for Ark clients. */
  listen(port?: number, host?: string): Promise<{ readonly port: number; readonly url: string }>;
  /** Cuts all connections and stops. Does nothing where it does not listen. */
  close(): Promise<void>;
  /** Queues what the next billed requests meet, one step each, in the order in which their heads arrive. */
  script(...steps: readonly ScriptStep[]): void;
  /** Asks a function about each request that finds the queue empty, on any path; null takes it back. */
  scriptBy(chooser: FaultChooser | null): void;
  /** Forgets what is queued, and the function. */
  clearScript(): void;
  /** The latest requests, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** A line for each billed attempt that is over, oldest first. */
  readonly bill: readonly BillLine[];
  /** Requests whose answer is not over. */
  readonly openRequests: number;
  /**
   * Resolves once the condition holds: it is asked now, and at each change of requests or bill.
   * Rejects after `timeoutMs`, by default 5,000, and says what there was.
   */
  waitFor(condition: (simulator: Simulator) => boolean, timeoutMs?: number): Promise<void>;
}

const KEEP_ALIVE_MS = 60_000;
const WAIT_MS = 5_000;
const RESPONSES_KEPT_MAX = 1_000;
const STORED_CHARACTERS_MAX = 128 * 1_024 * 1_024;

function makeHouse(options: SimulatorOptions): House {
  const scenario = readScenario(options.scenario ?? {});
  const seed = options.seed ?? 1;
  const wallMs = options.wallMs ?? Date.now;
  const keys = new KeyRing(options.keys ?? "any", options.planKeys ?? []);
  const registry = new Registry({ ...defaultEndpoints, ...options.endpoints }, options.notOpen ?? []);
  const identity = new Identity(options.deterministicIds === true ? seed : null, wallMs);
  const settings = {
    seed,
    replyTokens: scenario.replyTokens ?? options.replyTokens ?? null,
    strictRoles: options.strictRoles ?? true,
    strictMembers: options.strictMembers ?? true,
    wallMs,
  };
  const responsesMax = options.responsesKeptMax ?? RESPONSES_KEPT_MAX;
  const stored = new StoredResponses({ responsesMax, charactersMax: STORED_CHARACTERS_MAX }, wallMs);
  return new House({
    services: {
      chat: new ChatService(settings, keys, registry, identity),
      responses: new ResponsesService(settings, { keys, registry, identity, stored }),
      messages: new MessagesService(settings, keys, registry, identity, false),
      count_tokens: new MessagesService(settings, keys, registry, identity, true),
    },
    directory: new Directory(keys, new Retrieval(keys, stored)),
    script: new FaultScript(seed, scenario.faultRate ?? {}, scenario.script ?? [], scenario.repeat ?? false),
    identity,
    random: new SeededRandom(seed),
    pace: {
      firstTokenDelayMs: scenario.firstTokenDelayMs ?? options.firstTokenDelayMs ?? 0,
      chunkIntervalMs: scenario.chunkIntervalMs ?? options.chunkIntervalMs ?? 0,
    },
    wallMs,
    requestsKeptMax: options.requestsKeptMax ?? 1_000,
    billLinesKeptMax: options.billLinesKeptMax ?? 10_000,
  });
}

export class ArkSimulator implements Simulator {
  readonly #house: House;
  readonly #server: Server;

  constructor(options: SimulatorOptions) {
    this.#house = makeHouse(options);
    // Deadlines for requests are the gateway's business: a stalled upload must be able to stall.
    this.#server = createServer({
      requestTimeout: 0,
      headersTimeout: 0,
      keepAliveTimeout: options.keepAliveMs ?? KEEP_ALIVE_MS,
      noDelay: true,
    });
    const house = this.#house;
    this.#server.on("request", (request, response) => new Exchange(house, request, response));
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  get requests(): readonly RecordedRequest[] {
    return this.#house.requests.items;
  }

  get bill(): readonly BillLine[] {
    return this.#house.bill.items;
  }

  get openRequests(): number {
    return this.#house.open;
  }

  async listen(port = 0, host = "127.0.0.1"): Promise<{ readonly port: number; readonly url: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(port, host, resolve);
    await promise;
    this.#server.removeListener("error", reject);
    const address = this.#server.address() as AddressInfo;
    const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return { port: address.port, url: `http://${name}:${address.port}/api/v3` };
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  script(...steps: readonly ScriptStep[]): void {
    this.#house.parts.script.add(steps);
  }

  scriptBy(chooser: FaultChooser | null): void {
    this.#house.parts.script.choose(chooser);
  }

  clearScript(): void {
    this.#house.parts.script.clear();
  }

  async waitFor(condition: (simulator: Simulator) => boolean, timeoutMs = WAIT_MS): Promise<void> {
    const describe = (): string =>
      `${this.requests.length} requests, ${this.openRequests} open, bill ${JSON.stringify(this.bill)}`;
    await this.#house.until(() => condition(this), timeoutMs, describe);
  }
}
