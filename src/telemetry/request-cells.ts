/** Plain counters that the hot path adds to; Prometheus' own are filled from them when somebody looks. */
import { outcomes } from "../core/ending.ts";
import type { ErrorSource } from "../core/errors.ts";
import type { MicroYuan } from "../core/money.ts";
import type { Usage } from "../core/usage.ts";
import type { RequestRecord } from "./observer.ts";

export const tokenKinds = ["input", "cached_input", "output", "reasoning"] as const;

const statusClasses = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;
const errorSources = [
  "client",
  "gateway",
  "upstream",
  "dependency",
] as const satisfies readonly ErrorSource[];

/** The parts of a record that say how a request ended. */
export type Ended = Pick<RequestRecord, "status" | "outcome">;

/** What is counted for one model: each addition is to a number in an array, found without hashing labels. */
export class ModelCells {
  fallbacks = 0;
  /** In micro-yuan, so that the sum stays exact (up to nine thousand million yuan). */
  cost: MicroYuan = 0;
  readonly tokens = new Float64Array(tokenKinds.length);
  readonly #ends = new Map<string, Float64Array>();

  countEnd(door: string, { status, outcome }: Ended): void {
    let cells = this.#ends.get(door);
    if (cells === undefined) {
      cells = new Float64Array(statusClasses.length * outcomes.length);
      this.#ends.set(door, cells);
    }
    const statusClass = status >= 100 && status < 600 ? Math.floor(status / 100) : 0;
    bump(cells, statusClass * outcomes.length + outcomes.indexOf(outcome));
  }

  countTokens(usage: Usage): void {
    const { tokens } = this;
    tokens[0] = (tokens[0] ?? 0) + usage.inputTokens;
    tokens[1] = (tokens[1] ?? 0) + usage.cachedInputTokens;
    tokens[2] = (tokens[2] ?? 0) + usage.outputTokens;
    tokens[3] = (tokens[3] ?? 0) + usage.reasoningTokens;
  }

  /** Every kind of end that has happened, with its labels. */
  *ends(): Generator<{ labels: { door: string; status_class: string; outcome: string }; count: number }> {
    for (const [door, cells] of this.#ends) {
      for (const [index, count] of cells.entries()) {
        if (count === 0) continue;
        const status_class = statusClasses[Math.floor(index / outcomes.length)] ?? "other";
        yield {
          labels: { door, status_class, outcome: outcomes[index % outcomes.length] ?? "failed" },
          count,
        };
      }
    }
  }
}

/** Errors by code and by whose fault they were. */
export class ErrorCells {
  readonly #codes = new Map<string, Float64Array>();

  count(code: string, source: ErrorSource | null): void {
    let cells = this.#codes.get(code);
    if (cells === undefined) {
      cells = new Float64Array(errorSources.length);
      this.#codes.set(code, cells);
    }
    // An error that nobody owns is ours.
    bump(cells, errorSources.indexOf(source ?? "gateway"));
  }

  *counts(): Generator<{ labels: { code: string; source: string }; count: number }> {
    for (const [code, cells] of this.#codes) {
      for (const [index, count] of cells.entries()) {
        if (count > 0) yield { labels: { code, source: errorSources[index] ?? "gateway" }, count };
      }
    }
  }
}

function bump(cells: Float64Array, index: number): void {
  cells[index] = (cells[index] ?? 0) + 1;
}
