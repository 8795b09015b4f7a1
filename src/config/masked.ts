/** The configuration as it resolves, in the words of its file, with its secrets masked: fit to be printed. */
import type { LimitSettings } from "../core/limits.ts";
import type { Timeouts } from "../core/timeouts.ts";
import type { Config, LedgerConfig, ModelConfig } from "./config.ts";
import { exampleModels } from "./defaults.ts";
import { budgetSettings } from "./limit-settings.ts";
import { priceSettings } from "./price-settings.ts";
import { formatDuration, formatSize } from "./quantities.ts";
import type { LedgerSettings } from "./schema.ts";

const SHOWN_CHARACTERS = 3;
/** A shorter secret would be half given away by its beginning. */
const SHOWN_LENGTH_MIN = 12;

/** At most the first three characters, and the length: `ark…(44)`. */
export function maskSecret(secret: string): string {
  const shown = secret.length < SHOWN_LENGTH_MIN ? "" : secret.slice(0, SHOWN_CHARACTERS);
  return `${shown}…(${secret.length})`;
}

function timeoutSettings(timeouts: Timeouts): { readonly [name: string]: string | null } {
  return {
    dns: formatDuration(timeouts.dnsMs),
    connect: formatDuration(timeouts.connectMs),
    tls: formatDuration(timeouts.tlsMs),
    body_write: formatDuration(timeouts.bodyWriteMs),
    first_byte: formatDuration(timeouts.firstByteMs),
    first_token: timeouts.firstTokenMs === null ? null : formatDuration(timeouts.firstTokenMs),
    between_chunks: formatDuration(timeouts.betweenChunksMs),
    total: formatDuration(timeouts.totalMs),
    write_stall: formatDuration(timeouts.writeStallMs),
  };
}

function ledgerSettings(ledger: LedgerConfig): LedgerSettings {
  const { durability, retentionMs, clientLoss, onFailure, billColumns } = ledger;
  return {
    durability,
    retention: formatDuration(retentionMs),
    client_loss: clientLoss.kind,
    on_failure: onFailure,
    ...(clientLoss.kind === "cancel"
      ? {}
      : {
          drain_for: formatDuration(clientLoss.forMs),
          drain_tokens_max: clientLoss.tokensMax,
          drains_max: clientLoss.drainsMax,
        }),
    ...(Object.keys(billColumns).length === 0 ? {} : { bill_columns: billColumns }),
  };
}

function rateSettings(limits: LimitSettings): { readonly [name: string]: number | null } {
  return {
    requests_per_minute: limits.requestsPerMinute,
    tokens_per_minute: limits.tokensPerMinute,
    concurrent: limits.concurrent,
  };
}

function isLimited({ requestsPerMinute, tokensPerMinute, concurrent, budgets }: LimitSettings): boolean {
  return (
    [requestsPerMinute, tokensPerMinute, concurrent].some((limit) => limit !== null) || budgets.length > 0
  );
}

function limitSettings(limits: LimitSettings): object {
  return { ...rateSettings(limits), budgets: limits.budgets.map(budgetSettings) };
}

function limitsSettings({ keyDefaults, queue, total }: Config["limits"]): object {
  return {
    ...rateSettings(keyDefaults),
    queue:
      queue === null ? null : { waiting_max: queue.waitingMax, wait_max: formatDuration(queue.waitMaxMs) },
    total: limitSettings(total),
  };
}

/** What differs from the configuration's own timeouts and repairs; the rest is said once, above. */
function modelSettings(model: ModelConfig, config: Config): object {
  const own = timeoutSettings(model.timeouts);
  const general = timeoutSettings(config.timeouts);
  const timeouts = Object.entries(own).filter(([name, value]) => general[name] !== value);
  const removed = [...config.repairs].filter((repair) => !model.repairs.has(repair));
  const added = [...model.repairs].filter((repair) => !config.repairs.has(repair));
  return {
    targets: model.targets.map(({ upstream, model: id }) => ({ upstream, model: id })),
    speaks: [...model.speaks],
    ...(model.compat === config.compat ? {} : { compat: model.compat }),
    ...(timeouts.length === 0 ? {} : { timeouts: Object.fromEntries(timeouts) }),
    ...(model.price === null ? {} : { price: priceSettings(model.price) }),
    ...(isLimited(model.limits) ? { limits: limitSettings(model.limits) } : {}),
    ...(removed.length + added.length === 0
      ? {}
      : { repairs: [...added, ...removed.map((repair) => `-${repair}`)] }),
  };
}

function modelsOf(config: Config): object {
  return Object.fromEntries(config.models.map((model) => [model.alias, modelSettings(model, config)]));
}

/** Aliases of the default table that were taken out, as the file says it. */
function removedExamples(config: Config): object {
  const kept = new Set(config.models.map((model) => model.alias));
  const removed = [...exampleModels.keys()].filter((alias) => !kept.has(alias));
  return Object.fromEntries(removed.map((alias) => [alias, null]));
}

/** Plain values in the shape of the configuration file; read again they give the same, keys excepted. */
export function maskedSettings(config: Config): object {
  return {
    server: {
      host: config.server.host,
      port: config.server.port,
      body_bytes_max: formatSize(config.server.bodyBytesMax),
      bodies_bytes_max: formatSize(config.server.bodiesBytesMax),
      in_flight_max: config.server.inFlightMax,
      cors: [...config.server.corsOrigins],
    },
    control: { host: config.control.host, port: config.control.port },
    auth: { mode: config.auth.mode },
    upstreams: Object.fromEntries(
      config.upstreams.map((upstream) => [
        upstream.name,
        {
          kind: upstream.kind,
          base_url: upstream.baseUrl,
          anthropic_base_url: upstream.anthropicBaseUrl,
          api_keys: upstream.apiKeys.map(maskSecret),
        },
      ]),
    ),
    models: { ...removedExamples(config), ...modelsOf(config) },
    compat: config.compat,
    responses: { ...config.responses },
    reasoning: { ...config.reasoning },
    default_model: config.defaultModel,
    passthrough_models: [...config.passthroughModels],
    timeouts: {
      ...timeoutSettings(config.timeouts),
      request_headers: formatDuration(config.server.requestHeadersTimeoutMs),
      request_body: formatDuration(config.server.requestBodyTimeoutMs),
      drain: formatDuration(config.server.drainTimeoutMs),
    },
    heartbeat: {
      every: formatDuration(config.heartbeat.everyMs),
      before_first_byte: config.heartbeat.beforeFirstByte,
    },
    retries: { attempts_max: config.retries.attemptsMax },
    ledger: ledgerSettings(config.ledger),
    limits: limitsSettings(config.limits),
  };
}
