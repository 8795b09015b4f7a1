/** What an attempt is taken to have used, where that is known from, and what it costs. */
import { costOf, type MicroYuan } from "../core/money.ts";
import type { TextMeasure } from "../core/text-measure.ts";
import type { Provenance, Usage } from "../core/usage.ts";
import type { Consumption } from "./delivery/delivery.ts";
import type { House } from "./house.ts";
import type { Attempt } from "./relay.ts";
import type { CallPlan, Plan } from "./resolve.ts";

export type Bill = {
  readonly usage: Usage | null;
  readonly provenance: Provenance;
  /** Null where the price is not known. */
  readonly cost: MicroYuan | null;
};

export const FREE: Bill = { usage: null, provenance: "none", cost: 0 };

/** What was told stands; what was not is counted from the text that was seen, or estimated without any. */
export function billOf(house: House, plan: CallPlan, attempt: Attempt, consumption: Consumption): Bill {
  if (plan.answers.isFree) return FREE;
  switch (consumption.kind) {
    case "free":
      return FREE;
    case "told": {
      const { usage, isFinal } = consumption;
      return priced(plan, usage, isFinal ? "upstream_final" : "upstream_partial");
    }
    case "untold": {
      const { delivered, opening } = consumption;
      const usage = estimate(house, plan, attempt, delivered, opening);
      return priced(plan, usage, delivered === null ? "estimated" : "counted");
    }
  }
}

/** Nothing is taken for cached that was not told: an estimate should not flatter. */
function estimate(
  house: House,
  plan: Plan,
  attempt: Attempt,
  delivered: TextMeasure | null,
  opening: Usage | null,
): Usage {
  const { estimator } = house;
  const model = attempt.target.label;
  const outputTokens =
    delivered === null
      ? unseenTokens(house, plan, attempt)
      : bounded(plan, delivered, estimator.outputTokens(model, delivered));
  // Of nothing, where the figures are told at the end alone.
  if (opening !== null && opening.inputTokens > 0) return { ...opening, outputTokens, reasoningTokens: 0 };
  const inputTokens = estimator.inputTokens(model, plan.measure);
  return { inputTokens, cachedInputTokens: 0, outputTokens, reasoningTokens: 0 };
}

/** No more than the client had allowed: Ark keeps to that. */
function bounded({ intent }: Plan, { thoughtBytes }: TextMeasure, tokens: number): number {
  const { outputTokensMax, boundsThoughts, answers } = intent;
  const isBound = outputTokensMax !== null && (boundsThoughts || thoughtBytes === 0);
  return isBound ? Math.min(tokens, outputTokensMax * answers) : tokens;
}

/** A stream shows its tokens as they come; an answer that is no stream may be done before a byte is out. */
function unseenTokens({ estimator }: House, { intent }: Plan, { answer, target }: Attempt): number {
  if (intent.stream || answer.phase === "B") return 0;
  return intent.answers * estimator.unseenOutputTokens(target.label, intent.outputTokensMax);
}

function priced({ route: { price } }: Plan, usage: Usage, provenance: Provenance): Bill {
  const isKnown = price !== null && usage.isSpecial !== true;
  return { usage, provenance, cost: isKnown ? costOf(usage, price) : null };
}
