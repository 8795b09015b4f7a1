/** Lays what outlives a change of the configuration: the parts that count, remember and watch. */
import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Memories } from "../core/memories.ts";
import { FailedCredentials } from "../keys/failures.ts";
import { Fingerprints } from "../keys/fingerprint.ts";
import type { Gate } from "../keys/gate.ts";
import { IdempotencyBook } from "../keys/idempotency.ts";
import { BothGate, KeysGate } from "../keys/our-keys.ts";
import { PassthroughGate } from "../keys/passthrough.ts";
import type { Estimator } from "../ledger/estimator.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { GatewayLimits, type LimitsConfig } from "../limits/gateway-limits.ts";
import { InFlightLimiter } from "../limits/in-flight.ts";
import type { AuthMode } from "../pipeline/house.ts";
import { InFlight } from "../pipeline/visit/in-flight.ts";
import { Watch } from "../pipeline/visit/watch.ts";
import type { EventLog } from "../telemetry/event-log.ts";
import type { Observer } from "../telemetry/observer.ts";
import { ByteBudget } from "../wire/byte-budget.ts";
import type { Books, EarlierRuns } from "./books.ts";

/** One for each way in. */
export type Gates = { readonly [mode in AuthMode]: Gate };

/** What outlives a change of the configuration. */
export type Foundation = {
  readonly clock: Clock;
  readonly gates: Gates;
  /** Wrong keys by address, of both planes. */
  readonly failures: FailedCredentials;
  readonly memories: Memories;
  readonly ledger: Ledger;
  readonly estimator: Estimator;
  readonly observer: Observer;
  readonly log: EventLog;
  readonly watch: Watch;
  readonly inFlight: InFlight;
  readonly bodies: ByteBudget;
  /** Counts across versions, so that a reload cannot double the bound. */
  readonly places: InFlightLimiter;
  /** Their counters too; what they bound changes with the configuration. */
  readonly limits: GatewayLimits;
  readonly idempotency: IdempotencyBook;
  /** Answers that are read on after their client has left. */
  readonly drains: InFlightLimiter;
  /** Where HTTPS_PROXY and its like are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export type FoundationParts = Pick<Foundation, "clock" | "observer" | "log" | "environment"> & {
  readonly config: Config;
  readonly books: Books;
};

export function layFoundation(parts: FoundationParts): Foundation {
  const { config, books, clock, observer, log, environment } = parts;
  const failures = new FailedCredentials(clock);
  const limits = new GatewayLimits({ config: limitsOf(config), clock });
  const idempotency = new IdempotencyBook({ clock, awaitsEarlier: true });
  takeOverEarlier(limits, idempotency, parts);
  return {
    clock,
    failures,
    gates: gatesOf(books, clock, failures),
    memories: books.kept.memories,
    ledger: books.ledger,
    estimator: books.estimator,
    observer,
    log,
    watch: new Watch(clock),
    inFlight: new InFlight(),
    bodies: new ByteBudget(config.server.bodiesBytesMax),
    places: new InFlightLimiter(config.server.inFlightMax),
    limits,
    idempotency,
    drains: new InFlightLimiter(drainsMax(config)),
    environment,
  };
}

/** Has the bounds of another configuration from now on; what is in flight goes on. */
export function refit({ places, drains, bodies, limits }: Foundation, config: Config): void {
  places.placesMax = config.server.inFlightMax;
  drains.placesMax = drainsMax(config);
  bodies.bytesMax = config.server.bodiesBytesMax;
  limits.configure(limitsOf(config));
}

/** Until then, what budgets cover and what is to be done once is refused: nobody knows yet what was. */
function takeOverEarlier(
  limits: GatewayLimits,
  idempotency: IdempotencyBook,
  { books, clock, log }: FoundationParts,
): void {
  const asOfWallMs = clock.wallMs();
  const take = ({ spending, doneOnce }: EarlierRuns): void => {
    limits.restore(spending, asOfWallMs);
    for (const { text, requestId, openedAtWallMs } of doneOnce) {
      idempotency.restore(text, requestId, openedAtWallMs);
    }
    idempotency.restored();
  };
  books.earlier.then(take).catch((error: unknown) => {
    log.error({ error }, "what earlier runs have spent and done cannot be taken over");
  });
}

/** In the limits' own words. */
function limitsOf({ limits, models }: Config): LimitsConfig {
  return { ...limits, models: new Map(models.map((model) => [model.alias, model.limits])) };
}

function gatesOf({ salt, desk }: Books, clock: Clock, failures: FailedCredentials): Gates {
  const passthrough = new PassthroughGate(new Fingerprints(salt));
  const keys = new KeysGate({ ring: desk.ring, clock, failures });
  return { passthrough, keys, both: new BothGate({ keys, passthrough }) };
}

function drainsMax({ ledger: { clientLoss } }: Config): number {
  return clientLoss.kind === "drain" ? clientLoss.drainsMax : 0;
}
