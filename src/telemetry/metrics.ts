/** The gateway's figures as Prometheus metrics: few series whatever clients send, and cheap to add to. */
import { Counter, Gauge, Registry } from "prom-client";
import { catalogue, type ErrorCode } from "../core/errors.ts";
import { yuanText } from "../core/money.ts";
import { VERSION } from "../core/version.ts";
import { FlatHistogram, type HistogramCells } from "./flat-histogram.ts";
import { LabelSet, OTHER } from "./label-set.ts";
import type { AttemptResult, Observer, RequestRecord } from "./observer.ts";
import { processRegistry } from "./process-metrics.ts";
import { ErrorCells, ModelCells, tokenKinds } from "./request-cells.ts";

export type MetricsOptions = {
  /** Aliases that get a label of their own: the first 50; the rest, and all other names, are `other`. */
  readonly models: readonly string[];
  readonly ledgerOpenRows: () => number;
  readonly droppedLogLines?: () => number;
};

const MODELS_MAX = 50;
const DOORS_MAX = 16;
const TARGETS_MAX = 2 * MODELS_MAX;
/** Ark's own codes that get a label, beside those of the catalogue. */
const UPSTREAM_CODES_MAX = 100;
const RENDERS_PER_SECOND_MAX = 20;
const NO_DOOR = "none";

const DURATION_SECONDS = [0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800];
const FIRST_BYTE_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300];
const OVERHEAD_SECONDS = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25];

class ModelMetrics extends ModelCells {
  readonly duration: HistogramCells;
  readonly firstByte: HistogramCells;

  constructor(model: string, duration: FlatHistogram, firstByte: FlatHistogram) {
    super();
    this.duration = duration.cellsOf(model);
    this.firstByte = firstByte.cellsOf(model);
  }
}

export class Metrics implements Observer {
  readonly #registry = new Registry();
  readonly #options: MetricsOptions;
  readonly #duration: FlatHistogram;
  readonly #firstByte: FlatHistogram;
  readonly #overhead: HistogramCells;
  readonly #models = new Map<string, ModelMetrics>();
  readonly #other: ModelMetrics;
  readonly #errors = new ErrorCells();
  readonly #attempts = new Map<string, Map<AttemptResult, number>>();
  readonly #codes = new LabelSet(Object.keys(catalogue).length + UPSTREAM_CODES_MAX, Object.keys(catalogue));
  readonly #doors = new LabelSet(DOORS_MAX, [NO_DOOR]);
  readonly #targets = new LabelSet(TARGETS_MAX);
  #inFlight = 0;
  #reloadFailures = 0;
  #rendered: Promise<string> | null = null;
  #renders = 0;
  #rendersSecond = 0;

  constructor(options: MetricsOptions) {
    this.#options = options;
    const registry = this.#registry;
    this.#duration = new FlatHistogram({
      name: "volcano_request_duration_seconds",
      help: "From arrival to the last byte, of requests that went to an upstream.",
      buckets: DURATION_SECONDS,
      registry,
    });
    this.#firstByte = new FlatHistogram({
      name: "volcano_time_to_first_byte_seconds",
      help: "From arrival to the first byte of Ark's answer.",
      buckets: FIRST_BYTE_SECONDS,
      registry,
    });
    const overhead = new FlatHistogram({
      name: "volcano_gateway_overhead_seconds",
      help: "Of a request's duration, what was not spent with an upstream.",
      buckets: OVERHEAD_SECONDS,
      registry,
    });
    this.#overhead = overhead.cellsOf(null);
    this.#other = new ModelMetrics(OTHER, this.#duration, this.#firstByte);
    this.setModels(options.models);
    this.#registerRequests();
    this.#registerErrors();
    this.#registerState();
  }

  /** Takes over the aliases of a new configuration; series of those that are gone end. */
  setModels(models: readonly string[]): void {
    const kept = new Set(models.slice(0, MODELS_MAX));
    for (const model of this.#models.keys()) {
      if (kept.has(model)) continue;
      this.#models.delete(model);
      if (model === OTHER) continue;
      this.#duration.end(model);
      this.#firstByte.end(model);
    }
    for (const model of kept) {
      if (this.#models.has(model)) continue;
      this.#models.set(model, new ModelMetrics(model, this.#duration, this.#firstByte));
    }
    this.#models.set(OTHER, this.#other);
  }

  requestStarted(): void {
    this.#inFlight++;
  }

  requestSkipped(): void {
    this.#inFlight--;
  }

  requestEnded(record: RequestRecord): void {
    this.#inFlight--;
    const model = this.#models.get(record.modelLabel) ?? this.#other;
    model.countEnd(record.door === null ? NO_DOOR : this.#doors.admit(record.door), record);
    if (record.attempts > 0) model.duration.observe(record.totalMs / 1000);
    if (record.firstByteMs !== null) model.firstByte.observe(record.firstByteMs / 1000);
    if (record.upstreamMs !== null) {
      this.#overhead.observe(Math.max(0, record.totalMs - record.upstreamMs) / 1000);
    }
    if (record.usage !== null) model.countTokens(record.usage);
    if (record.cost !== null) model.cost += record.cost;
    if (record.fallbackFrom !== null) model.fallbacks++;
    if (record.errorCode !== null) {
      this.#errors.count(this.#codes.admit(record.errorCode), record.errorSource);
    }
  }

  /** @param target one of the configuration's; beyond the bound it counts as `other` */
  attemptEnded(target: string, result: AttemptResult): void {
    const label = this.#targets.admit(target);
    let results = this.#attempts.get(label);
    if (results === undefined) {
      results = new Map();
      this.#attempts.set(label, results);
    }
    results.set(result, (results.get(result) ?? 0) + 1);
  }

  /** A connection was refused before there was a request. */
  connectionRefused(code: ErrorCode): void {
    const { status, source } = catalogue[code];
    this.#other.countEnd(NO_DOOR, { status, outcome: "refused" });
    this.#errors.count(code, source);
  }

  configReloadFailed(): void {
    this.#reloadFailures++;
  }

  /** Prometheus' text format 0.0.4. Somebody who asks too often in a second gets the last answer again. */
  render(): Promise<string> {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#rendersSecond) {
      this.#rendersSecond = second;
      this.#renders = 0;
    }
    if (this.#rendered === null || this.#renders < RENDERS_PER_SECOND_MAX) {
      this.#renders++;
      this.#rendered = this.#render();
    }
    return this.#rendered;
  }

  close(): void {
    this.#registry.clear();
  }

  async #render(): Promise<string> {
    const texts = await Promise.all([this.#registry.metrics(), processRegistry().metrics()]);
    return texts.join("\n");
  }

  #registerRequests(): void {
    const models = this.#models;
    new Counter({
      name: "volcano_requests_total",
      help: "Requests that are over, by how they ended.",
      labelNames: ["model", "door", "status_class", "outcome"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [model, cells] of models) {
          for (const { labels, count } of cells.ends()) this.inc({ model, ...labels }, count);
        }
      },
    });
    new Counter({
      name: "volcano_tokens_total",
      help: "Tokens by Ark's count, or ours where none came; cached are part of input, reasoning of output.",
      labelNames: ["model", "kind"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [model, { tokens }] of models) {
          for (const [index, kind] of tokenKinds.entries()) {
            const count = tokens[index] ?? 0;
            if (count > 0) this.inc({ model, kind }, count);
          }
        }
      },
    });
    new Counter({
      name: "volcano_cost_cny_total",
      help: "What requests cost, in yuan by the list or configured price; where none is known, nothing.",
      labelNames: ["model"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [model, { cost }] of models) if (cost > 0) this.inc({ model }, Number(yuanText(cost)));
      },
    });
    new Counter({
      name: "volcano_model_fallbacks_total",
      help: "Requests for unknown names that the default model has served.",
      labelNames: ["model"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [model, { fallbacks }] of models) if (fallbacks > 0) this.inc({ model }, fallbacks);
      },
    });
  }

  #registerErrors(): void {
    const errors = this.#errors;
    const attempts = this.#attempts;
    new Counter({
      name: "volcano_errors_total",
      help: "Errors by code (the gateway's own, or Ark's) and by whose fault they were.",
      labelNames: ["code", "source"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { labels, count } of errors.counts()) this.inc(labels, count);
      },
    });
    new Counter({
      name: "volcano_upstream_attempts_total",
      help: "Calls to upstreams, by target and by what became of them.",
      labelNames: ["target", "result"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [target, results] of attempts) {
          for (const [result, count] of results) this.inc({ target, result }, count);
        }
      },
    });
  }

  #registerState(): void {
    const { ledgerOpenRows, droppedLogLines } = this.#options;
    this.#gauge("volcano_inflight_requests", "Requests in the house.", () => this.#inFlight);
    this.#gauge("volcano_ledger_open_rows", "Attempts that are not settled.", ledgerOpenRows);
    this.#total(
      "volcano_config_reload_failures_total",
      "Configurations not taken over.",
      () => this.#reloadFailures,
    );
    if (droppedLogLines !== undefined) {
      this.#total("volcano_log_lines_dropped_total", "Log lines that nobody took in time.", droppedLogLines);
    }
    const info = new Gauge({
      name: "volcano_build_info",
      help: "Always 1; the labels say what is running.",
      labelNames: ["version", "node"],
      registers: [this.#registry],
    });
    info.set({ version: VERSION, node: process.version }, 1);
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}
