/** The library: a gateway for those who embed it, or test against it. */
import { request } from "undici";
import { booksInMemory } from "./app/books.ts";
import { Gateway } from "./app.ts";
import { readConfigBytes } from "./config/read-config.ts";
import { UNLIMITED } from "./core/limits.ts";
import type { KeyDraft } from "./keys/key-desk.ts";
import type { EventLog } from "./telemetry/event-log.ts";

export type { Budget, LimitSettings } from "./core/limits.ts";
export type { EventLog, LogFields } from "./telemetry/event-log.ts";

export type GatewayOptions = {
  /** What the configuration file would say, in the same words (docs/configuration.md). */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What the environment would say, such as ARK_BASE_URL; the process's own is not looked at. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Takes each line of the access log; without it there is none. */
  readonly accessLog?: (line: string) => void;
  /** Takes the events; without it they are dropped. */
  readonly log?: EventLog;
};

/** What is left out has no limit. */
export type NewKey = Partial<KeyDraft> & Pick<KeyDraft, "name">;

export type InjectedRequest = {
  readonly method?: "GET" | "HEAD" | "POST" | "OPTIONS";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

export type InjectedAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

export type EmbeddedGateway = {
  /** Opens the data and the control port. */
  listen(): Promise<{ url: string; controlUrl: string }>;
  /** Lets what is in flight end for as long as `drainMs` (5 s), then stops. */
  close(drainMs?: number): Promise<void>;
  /**
   * Makes a key of the gateway's own, for the modes `keys` and `both`; it is forgotten with the gateway.
   * @throws Error where the draft is not one; the message says which part
   */
  createKey(draft: NewKey): Promise<{ readonly id: string; readonly key: string }>;
  /** One request into the same house, over a loopback port of its own; needs no `listen`. */
  inject(request: InjectedRequest): Promise<InjectedAnswer>;
};

const SILENT: EventLog = { debug() {}, info() {}, warn() {}, error() {} };
const DRAIN_MS = 5_000;
const PLAIN_KEY = { owner: null, models: null, limits: UNLIMITED, tags: [], expiresAtWallMs: null };

function readSettings(options: GatewayOptions) {
  // JSON is YAML: an object passes the very checks that a file passes.
  const bytes = Buffer.from(JSON.stringify(options.settings ?? {}));
  const source = { environment: options.environment ?? {}, flags: {}, workingFolder: process.cwd() };
  const reading = readConfigBytes(source, "settings", bytes);
  if (reading.kind === "ok") return reading.config;
  const [problem] = reading.problems;
  throw new Error(`The gateway's settings are wrong: ${problem?.path ?? ""}: ${problem?.message ?? ""}`);
}

/** @throws Error where the settings are wrong; the message names the first that is */
export function createGateway(options: GatewayOptions = {}): EmbeddedGateway {
  const { accessLog } = options;
  const books = booksInMemory();
  const gateway = new Gateway({
    books,
    config: readSettings(options),
    log: options.log ?? SILENT,
    accessLog: accessLog === undefined ? null : { write: accessLog, flush() {} },
    environment: options.environment ?? {},
  });
  let inside: Promise<{ port: number }> | null = null;
  return {
    listen: async () => {
      const { data, control } = await gateway.listen();
      return { url: urlOf(data), controlUrl: urlOf(control) };
    },
    close: (drainMs = DRAIN_MS) => gateway.stop({ lagMs: 0, deadlineMs: drainMs }),
    createKey: async (draft) => {
      const { record, secret } = await books.desk.create({ ...PLAIN_KEY, ...draft }, "embedder");
      return { id: record.id, key: secret };
    },
    inject: async ({ method = "GET", path, headers = {}, body = null }) => {
      inside ??= gateway.listenInside();
      const { port } = await inside;
      const answer = await request(`http://127.0.0.1:${port}${path}`, { method, headers, body });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      return { status: answer.statusCode, headers: answer.headers, body: bytes };
    },
  };
}

function urlOf({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
