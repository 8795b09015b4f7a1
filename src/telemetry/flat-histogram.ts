/** A Prometheus histogram whose buckets are plain numbers in an array until somebody looks. */
import { Histogram, type MetricType, type Registry } from "prom-client";

export type FlatHistogramOptions = {
  readonly name: string;
  readonly help: string;
  /** In ascending order; what is greater than the last counts in the sum and the count alone. */
  readonly buckets: readonly number[];
  readonly registry: Registry;
};

type Values = Awaited<ReturnType<Histogram["get"]>>["values"];

/** One series. prom-client keys its buckets by their bounds as text, which costs ten times as much. */
export class HistogramCells {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length);
  }

  /** Nothing has been observed: no series is shown. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    this.#sum += value;
    this.#count++;
    for (let index = 0; index < bounds.length; index++) {
      if (value > (bounds[index] ?? 0)) continue;
      this.#counts[index] = (this.#counts[index] ?? 0) + 1;
      return;
    }
  }

  /** Cumulative buckets, sum and count, as the text format has them. */
  values(name: string, labels: Readonly<Record<string, string>>): Values {
    let below = 0;
    const values: Values = this.#bounds.map((bound, index) => {
      below += this.#counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { le: bound, ...labels }, value: below };
    });
    values.push(
      { metricName: `${name}_bucket`, labels: { le: "+Inf", ...labels }, value: this.#count },
      { metricName: `${name}_sum`, labels: { ...labels }, value: this.#sum },
      { metricName: `${name}_count`, labels: { ...labels }, value: this.#count },
    );
    return values;
  }
}

/** There is nothing to gather first: the figures are in the cells. */
function nothing(): void {}

/** A histogram with the label `model`, or without one. */
export class FlatHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string | null, HistogramCells>();

  constructor({ name, help, buckets, registry }: FlatHistogramOptions) {
    super({ name, help, buckets: [...buckets], registers: [registry] });
    this.#name = name;
    this.#help = help;
    this.#bounds = buckets;
  }

  /** The series of a model; null: the one without a label. */
  cellsOf(model: string | null): HistogramCells {
    let cells = this.#series.get(model);
    if (cells === undefined) {
      cells = new HistogramCells(this.#bounds);
      this.#series.set(model, cells);
    }
    return cells;
  }

  end(model: string): void {
    this.#series.delete(model);
  }

  override get(): ReturnType<Histogram["get"]> {
    return this.getForPromString();
  }

  /** What the registry asks for first. */
  async getForPromString(): ReturnType<Histogram["get"]> {
    const values = [...this.#series].flatMap(([model, cells]) =>
      cells.isEmpty ? [] : cells.values(this.#name, model === null ? {} : { model }),
    );
    // prom-client's types have an enum for the word that its code writes as it is.
    const type = "histogram" as unknown as MetricType;
    return { name: this.#name, help: this.#help, type, aggregator: "sum", collect: nothing, values };
  }
}
