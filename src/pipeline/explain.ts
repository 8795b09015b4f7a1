/** What would become of a request: the first four rooms, without taking anything and without a call. */
import type { Change } from "../core/changes.ts";
import { asGatewayError, GatewayError } from "../core/errors.ts";
import { type KeyId, newRequestId } from "../core/ids.ts";
import { costOf, type MicroYuan, type PriceList } from "../core/money.ts";
import type { Usage } from "../core/usage.ts";
import type { Caller } from "../keys/gate.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import type { LimitRefusal, LimitStanding } from "../limits/call-limits.ts";
import type { Door } from "../protocols/door.ts";
import { readRequestTarget } from "../wire/request-target.ts";
import { measureBody } from "../wire/text-measure.ts";
import { CallClaim } from "./claim.ts";
import type { House } from "./house.ts";
import { findRoute } from "./permission.ts";
import type { Route } from "./route.ts";

export type ExplainQuestion = {
  /** A path of the data plane, such as `/v1/chat/completions`. */
  readonly path: string;
  /** Whose request it would be; null: of a caller with an Ark key of his own. */
  readonly key: KeyRecord | null;
  readonly body: Buffer;
};

export type Explanation =
  /** Refused before any limit is asked: `error` is what the client would be told. */
  | { readonly kind: "refused"; readonly error: GatewayError }
  | {
      readonly kind: "served";
      readonly door: string;
      readonly alias: string;
      /** The model asked for is not there, so the default one serves. */
      readonly isFallback: boolean;
      /** Such as `ark/ep-20250218144306-sshj5`. */
      readonly target: string;
      readonly changes: readonly Change[];
      /** Null: not known. */
      readonly price: PriceList | null;
      /** What it is expected to use, and what that costs. */
      readonly estimate: { readonly usage: Usage; readonly cost: MicroYuan | null };
      /** What it can use at most: what budgets must have left for it. */
      readonly most: { readonly tokens: number; readonly cost: MicroYuan | null };
      readonly limits: readonly LimitStanding[];
      /** Null: every limit would let it in now. */
      readonly refusal: LimitRefusal | null;
    };

type Served = Extract<Explanation, { readonly kind: "served" }>;

/** A caller whom no row names: his limits are the defaults, untouched. */
const NOBODY: Caller = { kind: "own", credential: "", keyId: "" as KeyId };

export function explain(house: House, { path, key, body }: ExplainQuestion): Explanation {
  const caller: Caller = key === null ? NOBODY : { kind: "key", key, keyId: key.id };
  try {
    return foresee(house, caller, doorAt(house, path), body);
  } catch (thrown) {
    return { kind: "refused", error: asGatewayError(thrown) };
  }
}

function doorAt({ doors }: House, path: string): Door {
  const target = readRequestTarget(path, null);
  const door = target.kind === "path" ? doors.get(target.path) : undefined;
  if (door !== undefined) return door;
  throw new GatewayError("unsupported_endpoint", `Nothing that can be explained is served at ${path}.`);
}

function foresee(house: House, caller: Caller, door: Door, body: Buffer): Explanation {
  const reading = door.read(body);
  const { route, fallbackFrom } = findRoute(house.routes, caller, reading.intent.model);
  const passage = reading.prepare(route.target.traits, {
    requestId: newRequestId(house.clock.wallMs()),
    keyId: caller.keyId,
    startedAtWallMs: house.clock.wallMs(),
    memories: house.memories,
  });
  const served = servedBy(door, route, fallbackFrom);
  if (passage.kind === "local") return { ...served, changes: [], ...free };
  const { destination, cargo, answers } = passage;
  const intent = { ...reading.intent, ...passage.bounds };
  const { changes } = cargo.rewrite;
  const measure = measureBody(cargo.body);
  const { estimator, limits } = house;
  const common = { door, intent, route, fallbackFrom, bodyBytes: body.length, measure };
  const plan = { ...common, destination, answers, credential: null };
  const claim = new CallClaim(house, caller, plan, cargo);
  const usage: Usage = {
    inputTokens: estimator.inputTokens(route.target.label, measure),
    cachedInputTokens: 0,
    outputTokens: intent.answers * estimator.unseenOutputTokens(route.target.label, intent.outputTokensMax),
    reasoningTokens: 0,
  };
  return {
    ...served,
    changes,
    estimate: { usage, cost: route.price === null ? null : costOf(usage, route.price) },
    most: { tokens: claim.tokensMax, cost: claim.costMax },
    ...limits.preview(claim),
  };
}

function servedBy(
  door: Door,
  route: Route,
  fallbackFrom: string | null,
): Pick<Served, "kind" | "door" | "alias" | "isFallback" | "target" | "price"> {
  return {
    kind: "served",
    door: door.name,
    alias: route.alias,
    isFallback: fallbackFrom !== null,
    target: route.target.label,
    price: route.price,
  };
}

/** Nothing is asked of Ark, so nothing is used, and no limit has a say. */
const free: Pick<Served, "estimate" | "most" | "limits" | "refusal"> = {
  estimate: {
    usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 },
    cost: 0,
  },
  most: { tokens: 0, cost: 0 },
  limits: [],
  refusal: null,
};
