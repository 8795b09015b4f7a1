/** The configuration as the house is built from it: checked, resolved and frozen. */
import type { Repair } from "../core/changes.ts";
import type { LimitSettings } from "../core/limits.ts";
import type { PriceList } from "../core/money.ts";
import type { Protocol } from "../core/protocols.ts";
import type { Timeouts } from "../core/timeouts.ts";
import type { BillColumnNames } from "./bill-columns.ts";

/** What becomes of an answer whose client has left. */
export type ClientLossConfig =
  | { readonly kind: "cancel" }
  | {
      readonly kind: "drain";
      readonly forMs: number;
      /** Read after the client has left. */
      readonly tokensMax: number;
      /** Answers read on for at once. */
      readonly drainsMax: number;
    };

export type LedgerConfig = {
  /** An absolute path. */
  readonly folder: string;
  readonly durability: "process" | "power";
  /** How long single rows are kept. */
  readonly retentionMs: number;
  readonly clientLoss: ClientLossConfig;
  /** What becomes of new requests while the ledger cannot be written. */
  readonly onFailure: "refuse" | "continue";
  readonly billColumns: BillColumnNames;
};

/** Who may come in: callers with an Ark key of their own, with a key of ours, or both. */
export const authModes = ["passthrough", "keys", "both"] as const;
export type AuthMode = (typeof authModes)[number];

export type LimitsConfig = {
  /** For keys that set no limit of their own, and for callers with an Ark key of theirs; without budgets. */
  readonly keyDefaults: LimitSettings;
  /** Of the whole gateway. */
  readonly total: LimitSettings;
  /** Null: what would pass a little later is refused at once. */
  readonly queue: { readonly waitingMax: number; readonly waitMaxMs: number } | null;
};

export type UpstreamConfig = {
  readonly name: string;
  readonly kind: "ark";
  /** Without a trailing slash, such as `https://ark.cn-beijing.volces.com/api/v3`. */
  readonly baseUrl: string;
  /** Its base for Anthropic's protocol, without a trailing slash; null: it has none. */
  readonly anthropicBaseUrl: string | null;
  /** Empty: the caller's own key is passed on. */
  readonly apiKeys: readonly string[];
};

/** `openai`: what OpenAI's schemas require of an answer is filled in; `verbatim`: it is as Ark gave it. */
export const compats = ["verbatim", "openai"] as const;
export type Compat = (typeof compats)[number];

export type TargetConfig = { readonly upstream: string; readonly model: string };

export type ModelConfig = {
  /** A name, or a pattern: `*` is any text, `#` one digit. */
  readonly alias: string;
  /** In the order in which they are tried. */
  readonly targets: readonly TargetConfig[];
  /** The repairs in force: the default ones, and what the file adds or takes away. */
  readonly repairs: ReadonlySet<Repair>;
  /** What the target speaks itself; a call in another protocol is translated into chat. */
  readonly speaks: ReadonlySet<Protocol>;
  readonly compat: Compat;
  readonly timeouts: Timeouts;
  /** The file's, else Ark's list price; null where neither is known, and then neither is any cost. */
  readonly price: PriceList | null;
  /** Of all callers of the alias together. */
  readonly limits: LimitSettings;
  /** The endpoint id is the one of the default table: somebody's example, not the user's own. */
  readonly isExample: boolean;
};

export type Config = {
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly bodyBytesMax: number;
    /** Bytes of all bodies held at once; a body that goes beyond is answered 503 `overloaded`. */
    readonly bodiesBytesMax: number;
    /** Requests in flight at once; one more is answered 503 `overloaded`. */
    readonly inFlightMax: number;
    readonly requestHeadersTimeoutMs: number;
    readonly requestBodyTimeoutMs: number;
    readonly drainTimeoutMs: number;
    /** Origins that may call from a browser, beside loopback; `*` for all. */
    readonly corsOrigins: readonly string[];
  };
  readonly control: {
    readonly host: string;
    readonly port: number;
    /** Opens the admin API; null: none was given. */
    readonly adminKey: string | null;
    /** Opens the reads of the admin API; null: there is none. Differs from the admin key. */
    readonly readKey: string | null;
  };
  readonly auth: { readonly mode: AuthMode };
  readonly limits: LimitsConfig;
  readonly upstreams: readonly UpstreamConfig[];
  readonly models: readonly ModelConfig[];
  /** Where unknown names go; null: they are answered 404. */
  readonly defaultModel: string | null;
  readonly passthroughModels: readonly string[];
  /** The repairs and timeouts of models that are passed through. */
  readonly repairs: ReadonlySet<Repair>;
  readonly timeouts: Timeouts;
  /** Of models that are passed through. */
  readonly compat: Compat;
  /** What the gateway keeps for its callers between calls. */
  readonly responses: { readonly store: ResponsesStore };
  readonly reasoning: { readonly memory: boolean };
  readonly heartbeat: { readonly everyMs: number; readonly beforeFirstByte: boolean };
  readonly retries: { readonly attemptsMax: number };
  readonly ledger: LedgerConfig;
  readonly log: { readonly level: LogLevel; readonly format: "json" | "pretty" };
};

/** Where translated responses are kept for their hour. */
export const responsesStores = ["memory", "disk"] as const;
export type ResponsesStore = (typeof responsesStores)[number];

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof logLevels)[number];
