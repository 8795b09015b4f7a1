/** Puts defaults, file, environment and command line together into the one frozen configuration. */

import { resolve } from "node:path";
import { defaultRepairs } from "../core/changes.ts";
import { nearestName } from "../core/nearest-name.ts";
import { anthropicBaseOf } from "./anthropic-base.ts";
import type { AuthMode, Config, ModelConfig, UpstreamConfig } from "./config.ts";
import { DEFAULT_DATA_FOLDER, DEFAULT_HOST_WITH_KEY, DEFAULT_UPSTREAM_NAME, defaults } from "./defaults.ts";
import { keysOf, type Overrides } from "./environment.ts";
import { isLoopbackHost } from "./loopback.ts";
import { type Place, type Problem, problemAt, type Reason } from "./problem.ts";
import { parseSizeBytes } from "./quantities.ts";
import { authModeOf, checkUpstreamKeys, holdsArkKey } from "./resolve-auth.ts";
import { resolveLedger } from "./resolve-ledger.ts";
import { resolveLimits, unpricedModels } from "./resolve-limits.ts";
import { resolveModels } from "./resolve-models.ts";
import { defaultTimeouts, durationMs, mergeTimeouts } from "./resolve-timeouts.ts";
import type { Settings } from "./schema.ts";
import type { Path } from "./yaml-tree.ts";

export type Resolution = {
  readonly config: Config;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
};

/** Whether it is the base URL of a Coding Plan or an Agent Plan, on whichever host. */
export function isPlanBaseUrl(baseUrl: string): boolean {
  return /^\/api\/(?:coding|plan)(?:\/|$)/.test(new URL(baseUrl).pathname);
}

function withoutTrailingSlash(baseUrl: string): string {
  const url = new URL(baseUrl);
  return url.origin + url.pathname.replace(/\/+$/, "");
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}

class Resolver {
  readonly #settings: Settings;
  readonly #overrides: Overrides;
  readonly #dataFolder: string;
  readonly #placeInFile: (path: Path) => Place;
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];

  constructor(
    settings: Settings,
    overrides: Overrides,
    workingFolder: string,
    placeInFile: (path: Path) => Place,
  ) {
    this.#settings = settings;
    this.#overrides = overrides;
    this.#dataFolder = resolve(workingFolder, overrides.dataFolder?.value ?? DEFAULT_DATA_FOLDER);
    this.#placeInFile = placeInFile;
  }

  #wrong(place: Place, reason: Reason): void {
    this.problems.push(problemAt(place, reason));
  }

  #warn(place: Place, reason: Reason): void {
    this.warnings.push(problemAt(place, reason));
  }

  resolve(): Config {
    const settings = this.#settings;
    const timeouts = mergeTimeouts(defaultTimeouts, settings.timeouts ?? {});
    const upstreams = this.#upstreams();
    const context = {
      upstreams,
      timeouts,
      compat: settings.compat ?? defaults.compat,
      placeOf: this.#placeInFile,
      problems: this.problems,
      warnings: this.warnings,
    };
    const models = resolveModels(context, settings.models ?? {}, this.#overrides.models);
    const mode = authModeOf(settings, upstreams);
    const passthroughModels = settings.passthrough_models ?? [...defaults.passthrough_models];
    this.#checkUpstreamKeys(mode, upstreams, models, passthroughModels);
    const limits = resolveLimits(settings.limits ?? {});
    this.warnings.push(...unpricedModels(limits, models, this.#placeInFile));
    return {
      server: this.#server(mode === "passthrough" && holdsArkKey(upstreams)),
      control: this.#control(),
      auth: { mode },
      limits,
      upstreams,
      models,
      defaultModel: this.#defaultModel(models.map((model) => model.alias)),
      passthroughModels,
      repairs: defaultRepairs,
      compat: settings.compat ?? defaults.compat,
      timeouts,
      responses: { store: settings.responses?.store ?? defaults.responses.store },
      reasoning: { memory: settings.reasoning?.memory ?? defaults.reasoning.memory },
      heartbeat: {
        everyMs: durationMs(settings.heartbeat?.every ?? defaults.heartbeat.every),
        beforeFirstByte: settings.heartbeat?.before_first_byte ?? defaults.heartbeat.before_first_byte,
      },
      retries: { attemptsMax: settings.retries?.attempts_max ?? defaults.retries.attempts_max },
      ledger: resolveLedger(settings.ledger ?? {}, this.#dataFolder),
      log: { level: this.#overrides.logLevel, format: this.#overrides.logFormat },
    };
  }

  #upstreams(): readonly UpstreamConfig[] {
    const named = Object.entries(this.#settings.upstreams ?? { [DEFAULT_UPSTREAM_NAME]: {} });
    if (named.length === 0) this.#wrong(this.#placeInFile(["upstreams"]), { kind: "no-upstream" });
    return named.map(([name, settings], index) => {
      // The environment knows one upstream: the first.
      const { baseUrl: base, apiKeys: keys } =
        index === 0 ? this.#overrides : { baseUrl: null, apiKeys: null };
      const baseUrl = withoutTrailingSlash(base?.value ?? settings.base_url ?? defaults.upstream.base_url);
      const upstream: UpstreamConfig = {
        name,
        kind: settings.kind ?? defaults.upstream.kind,
        baseUrl,
        anthropicBaseUrl: anthropicBaseOf(settings.anthropic_base_url, baseUrl),
        apiKeys: keys?.value ?? keysOf(settings.api_keys ?? defaults.upstream.api_keys),
      };
      this.#warnOfUpstream(upstream, base?.place ?? this.#placeInFile(["upstreams", name, "base_url"]));
      return upstream;
    });
  }

  #warnOfUpstream(upstream: UpstreamConfig, place: Place): void {
    const url = new URL(upstream.baseUrl);
    if (isPlanBaseUrl(upstream.baseUrl)) this.#warn(place, { kind: "plan-base-url" });
    const isLocal = isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ""));
    if (url.protocol === "http:" && !isLocal) this.#warn(place, { kind: "key-in-the-clear" });
  }

  #checkUpstreamKeys(
    mode: AuthMode,
    upstreams: readonly UpstreamConfig[],
    models: readonly ModelConfig[],
    passthroughModels: readonly string[],
  ): void {
    checkUpstreamKeys({
      settings: this.#settings,
      mode,
      upstreams,
      models,
      passthroughModels,
      placeOf: this.#placeInFile,
      wrong: (place, reason) => this.#wrong(place, reason),
      warn: (place, reason) => this.#warn(place, reason),
    });
  }

  /** @param lendsKey whoever reaches the gateway spends its Ark key */
  #server(lendsKey: boolean): Config["server"] {
    const { server, timeouts } = this.#settings;
    const override = this.#overrides.host;
    const chosen = override?.value ?? server?.host;
    if (chosen !== undefined && lendsKey && !isLoopbackHost(chosen)) {
      const place = override?.place ?? this.#placeInFile(["server", "host"]);
      this.#wrong(place, { kind: "host-with-key", host: chosen });
    }
    return {
      host: chosen ?? (lendsKey ? DEFAULT_HOST_WITH_KEY : defaults.server.host),
      port: this.#overrides.port?.value ?? server?.port ?? defaults.server.port,
      bodyBytesMax: parseSizeBytes(server?.body_bytes_max ?? defaults.server.body_bytes_max) ?? 0,
      bodiesBytesMax: parseSizeBytes(server?.bodies_bytes_max ?? defaults.server.bodies_bytes_max) ?? 0,
      inFlightMax: server?.in_flight_max ?? defaults.server.in_flight_max,
      requestHeadersTimeoutMs: durationMs(timeouts?.request_headers ?? defaults.timeouts.request_headers),
      requestBodyTimeoutMs: durationMs(timeouts?.request_body ?? defaults.timeouts.request_body),
      drainTimeoutMs: durationMs(timeouts?.drain ?? defaults.timeouts.drain),
      corsOrigins: server?.cors ?? [...defaults.server.cors],
    };
  }

  #control(): Config["control"] {
    const { control, server } = this.#settings;
    const host = this.#overrides.controlHost?.value ?? control?.host ?? defaults.control.host;
    const port = this.#overrides.controlPort?.value ?? control?.port ?? defaults.control.port;
    if (!isLoopbackHost(host)) {
      const place = this.#overrides.controlHost?.place ?? this.#placeInFile(["control", "host"]);
      this.#warn(place, { kind: "control-open", host });
    }
    const dataPort = this.#overrides.port?.value ?? server?.port ?? defaults.server.port;
    if (port === dataPort && port !== 0) {
      const place =
        this.#overrides.controlPort?.place ??
        (control?.port === undefined ? this.#overrides.port?.place : undefined) ??
        this.#placeInFile(control?.port === undefined ? ["server", "port"] : ["control", "port"]);
      this.#wrong(place, { kind: "same-port", port });
    }
    return { host, port, ...this.#operatorKeys() };
  }

  #operatorKeys(): Pick<Config["control"], "adminKey" | "readKey"> {
    const { adminKey, readKey } = this.#overrides;
    if (readKey !== null && readKey.value === adminKey?.value) {
      this.#wrong(readKey.place, { kind: "same-keys" });
    }
    return { adminKey: adminKey?.value ?? null, readKey: readKey?.value ?? null };
  }

  #defaultModel(aliases: readonly string[]): string | null {
    const name =
      this.#settings.default_model === undefined ? defaults.default_model : this.#settings.default_model;
    if (name === null || aliases.includes(name)) return name;
    const path = this.#settings.default_model === undefined ? ["models", name] : ["default_model"];
    const nearest = nearestName(name, aliases);
    this.#wrong(this.#placeInFile(path), { kind: "unknown-default-model", name, nearest, known: aliases });
    return name;
  }
}

/**
 * Resolves checked settings; relative paths begin in the working folder. The configuration may be used only
 * where there are no problems.
 */
export function resolveConfig(
  settings: Settings,
  overrides: Overrides,
  workingFolder: string,
  placeInFile: (path: Path) => Place,
): Resolution {
  const resolver = new Resolver(settings, overrides, workingFolder, placeInFile);
  const config = resolver.resolve();
  return { config: deepFreeze(config), problems: resolver.problems, warnings: resolver.warnings };
}
