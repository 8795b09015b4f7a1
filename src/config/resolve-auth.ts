/** Settles who may come in, and whether the upstreams have the keys which that takes. */
import type { AuthMode, ModelConfig, UpstreamConfig } from "./config.ts";
import { defaults } from "./defaults.ts";
import type { Place, Reason } from "./problem.ts";
import type { Settings } from "./schema.ts";
import type { Path } from "./yaml-tree.ts";

/** Whether the gateway has an Ark key of its own. */
export function holdsArkKey(upstreams: readonly UpstreamConfig[]): boolean {
  return upstreams.some(({ apiKeys }) => apiKeys.length > 0);
}

/** The file's mode; else `keys` once the gateway holds an Ark key, which strangers could spend. */
export function authModeOf(settings: Settings, upstreams: readonly UpstreamConfig[]): AuthMode {
  return settings.auth?.mode ?? (holdsArkKey(upstreams) ? "keys" : defaults.auth.mode);
}

/** What the gate's rules are checked against. */
export type AuthContext = {
  readonly settings: Settings;
  readonly mode: AuthMode;
  readonly upstreams: readonly UpstreamConfig[];
  readonly models: readonly ModelConfig[];
  readonly passthroughModels: readonly string[];
  placeOf(path: Path): Place;
  wrong(place: Place, reason: Reason): void;
  warn(place: Place, reason: Reason): void;
};

/** The upstreams that calls can reach; names that are passed through go to the first one. */
function upstreamsInUse({ upstreams, models, passthroughModels }: AuthContext): readonly UpstreamConfig[] {
  const names = new Set(models.flatMap(({ targets }) => targets.map(({ upstream }) => upstream)));
  return upstreams.filter(
    ({ name }, index) => names.has(name) || (index === 0 && passthroughModels.length > 0),
  );
}

/** A key of ours never goes to Ark: where callers bring one, each upstream in use needs a key for Ark. */
export function checkUpstreamKeys(context: AuthContext): void {
  const { settings, mode } = context;
  if (mode === "passthrough") return;
  for (const { name, apiKeys } of upstreamsInUse(context)) {
    if (apiKeys.length > 0) continue;
    const isNamed = settings.upstreams !== undefined;
    const place = context.placeOf(isNamed ? ["upstreams", name, "api_keys"] : ["auth", "mode"]);
    if (mode === "keys") context.wrong(place, { kind: "upstream-without-key", name });
    else context.warn(place, { kind: "own-keys-only", name });
  }
}
