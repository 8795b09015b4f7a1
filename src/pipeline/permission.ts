/** What a caller may use: to one who may not, a model is not there. */
import { GatewayError } from "../core/errors.ts";
import { matchesPattern } from "../core/name-pattern.ts";
import { nearestNames } from "../core/nearest-name.ts";
import type { Caller } from "../keys/gate.ts";
import type { Found, RouteTable } from "./route.ts";

const NEAREST_MAX = 3;

/** A model by the name that a client writes, or the alias that serves it. */
export function mayUse(caller: Caller, name: string): boolean {
  if (caller.kind === "own" || caller.key.models === null) return true;
  return caller.key.models.some((pattern) => matchesPattern(pattern, name));
}

/** @throws GatewayError model_not_found, in the same words whether it is not there or not his */
export function findRoute(
  routes: RouteTable,
  caller: Caller,
  model: string,
): Extract<Found, { kind: "found" }> {
  const found = routes.find(model);
  // A name that falls back is the default model's affair: that is what would answer.
  const name = found.kind === "found" && found.fallbackFrom === null ? model : routes.defaultAlias;
  if (found.kind === "found" && name !== null && mayUse(caller, name)) return found;
  const names = routes.names.filter((known) => mayUse(caller, known));
  const nearest = nearestNames(model, names, NEAREST_MAX);
  const advice =
    nearest.length === 0 ? "GET /v1/models lists what there is." : `Did you mean ${nearest.join(", ")}?`;
  throw new GatewayError("model_not_found", `The model '${model}' does not exist here. ${advice}`, {
    param: "model",
  });
}
