/**
 * What a request finds when it comes in: the parts of the house, as one frozen version of the configuration.
 */
import type { Clock } from "../core/clock.ts";
import type { Memories } from "../core/memories.ts";
import type { Gate } from "../keys/gate.ts";
import type { IdempotencyBook } from "../keys/idempotency.ts";
import type { Estimator } from "../ledger/estimator.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { CallLimits } from "../limits/call-limits.ts";
import type { Limiter } from "../limits/limiter.ts";
import type { Dialect, Door, StoredPages } from "../protocols/door.ts";
import type { EventLog } from "../telemetry/event-log.ts";
import type { Observer } from "../telemetry/observer.ts";
import type { ByteBudget } from "../wire/byte-budget.ts";
import type { RouteTable } from "./route.ts";
import type { Cors } from "./visit/cors.ts";
import type { InFlight, Occupancy } from "./visit/in-flight.ts";
import type { Pages } from "./visit/pages.ts";
import type { Watch } from "./visit/watch.ts";

/** What becomes of an answer whose client has left; all that `drain` does is bounded. */
export type ClientLoss =
  | { readonly kind: "cancel" }
  | { readonly kind: "drain"; readonly forMs: number; readonly tokensMax: number };

/**
 * Whose credentials come in: everybody's, as they are for Ark; only keys of ours; or ours and, beside them,
 * callers' own for Ark.
 */
export type AuthMode = "passthrough" | "keys" | "both";

export type HouseSettings = {
  readonly bodyBytesMax: number;
  readonly requestBodyTimeoutMs: number;
  readonly heartbeat: { readonly everyMs: number; readonly beforeFirstByte: boolean };
  readonly attemptsMax: number;
  readonly clientLoss: ClientLoss;
};

export type House = {
  readonly clock: Clock;
  /** By path, without any prefix such as `/v1`. */
  readonly doors: ReadonlyMap<string, Door>;
  /** How answers speak where no door is known yet. */
  readonly dialect: Dialect;
  readonly gate: Gate;
  readonly authMode: AuthMode;
  /** Callers whose credential is not ours spend the gateway's own Ark key all the same. */
  readonly lendsKey: boolean;
  readonly routes: RouteTable;
  /** Requests in flight, whosever they are. */
  readonly places: Limiter;
  readonly limits: CallLimits;
  readonly idempotency: IdempotencyBook;
  /** What is kept for callers between their calls. */
  readonly memories: Memories;
  readonly storedPages: StoredPages;
  readonly ledger: Ledger;
  readonly estimator: Estimator;
  /** Answers that are read on after their client has left. */
  readonly drains: Limiter;
  readonly observer: Observer;
  readonly log: EventLog;
  readonly pages: Pages;
  readonly cors: Cors;
  readonly settings: HouseSettings;
  /** Who is in this version of the house. */
  readonly occupancy: Occupancy;
  /** These outlive a change of the configuration. */
  readonly watch: Watch;
  readonly bodies: ByteBudget;
  readonly inFlight: InFlight;
};
