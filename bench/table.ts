/** What the run prints, and what it writes to results.json. */
import { cpus, release, totalmem } from "node:os";
import type { Figure } from "./figures.ts";
import { differences, median, ratios } from "./statistics.ts";

/** The name of the origin, which is measured without a relay, and of the yardstick. */
const DIRECT = "direct";
const YARDSTICK = "nginx";

export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
};

export function machine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
  };
}

/** How a server stood to its figure's yardstick in each round; empty where it has none. */
export function relationsOf(figure: Figure, name: string): number[] {
  const values = figure.rounds[name];
  if (values === undefined) return [];
  switch (figure.relation) {
    case "ratio":
      return ratios(values, figure.rounds[YARDSTICK] ?? []);
    case "added":
      return differences(values, figure.rounds[DIRECT] ?? []);
    case "none":
      return [];
  }
}

function shown(value: number, unit: string): string {
  if (Number.isNaN(value)) return "-";
  if (unit === "chunks") return value.toFixed(2);
  if (unit === "ms" && Math.abs(value) < 10) return value.toFixed(3);
  return value.toFixed(value < 100 ? 1 : 0);
}

/** The median of the rounds, and the lowest and highest of them. */
function relationShown(figure: Figure, name: string): string {
  const relations = relationsOf(figure, name);
  if (relations.length === 0) return "-";
  const show = (value: number): string =>
    figure.relation === "ratio" ? value.toFixed(2) : shown(value, figure.unit);
  const range = `(${show(Math.min(...relations))} to ${show(Math.max(...relations))})`;
  const middle = show(median(relations));
  return figure.relation === "ratio" ? `${middle} x ${range}` : `+${middle} ${range}`;
}

function targetShown({ target, relation, unit }: Figure): string {
  if (Number.isNaN(target)) return "-";
  if (relation === "ratio") return `<= ${target} x`;
  return `<= ${relation === "added" ? "+" : ""}${target} ${unit}`;
}

/** A Markdown table: medians by server, then how each relates to nginx (`x`) or to no relay at all (`+`). */
export function table(figures: readonly Figure[], servers: readonly string[]): string {
  const compared = servers.filter((name) => name !== DIRECT);
  const columns = ["figure", "unit", ...servers, ...compared.map((name) => `${name} relative`), "target"];
  const rows = figures.map((figure) => [
    figure.title,
    figure.unit,
    ...servers.map((name) => shown(median(figure.rounds[name] ?? []), figure.unit)),
    ...compared.map((name) => relationShown(figure, name)),
    targetShown(figure),
  ]);
  return [columns, columns.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** May a figure be this much higher than the other revision's. */
const GROWTH_MAX = 1.1;
const BUDGETED = ["unary_cpu", "stream_cpu"];

/** The budgets that this tree breaks against another revision: one line each. */
export function brokenBudgets(figures: readonly Figure[], gateway: string, against: string): string[] {
  return figures.flatMap((figure) => {
    if (!BUDGETED.includes(figure.key)) return [];
    const growth = median(ratios(figure.rounds[gateway] ?? [], figure.rounds[against] ?? []));
    if (growth <= GROWTH_MAX) return [];
    return [`${figure.title}: ${growth.toFixed(2)} x that of ${against}, allowed are ${GROWTH_MAX}`];
  });
}
