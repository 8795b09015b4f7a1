/** How a row ends that nobody settled, as its process was killed: with an estimate. */
import { costOf, type MicroYuan } from "../../core/money.ts";
import { TOKENS_MAX, type Usage } from "../../core/usage.ts";
import type { Estimator } from "../estimator.ts";
import type { Ending, OpenRow } from "./attempt-table.ts";

/** Nothing is known of what came after the opening, but that the gateway did not see its end. */
const nothingSeen = {
  state: "interrupted",
  cause: "GS",
  status: null,
  errorCode: null,
  dispatchedMs: null,
  firstByteMs: null,
  totalMs: null,
} as const;

export function interruption({ group, estimateFrom }: OpenRow, estimator: Estimator): Ending {
  // A request that was at no upstream yet reached no model.
  if (group.upstream === "") return { ...nothingSeen, usage: null, provenance: "none", cost: 0 };
  const model = `${group.upstream}/${group.upstreamModel}`;
  const usage: Usage = {
    inputTokens: countOf(estimator.inputTokens(model, estimateFrom.body)),
    cachedInputTokens: 0,
    outputTokens: countOf(estimator.unseenOutputTokens(model, estimateFrom.outputTokensMax)),
    reasoningTokens: 0,
  };
  const cost: MicroYuan | null = estimateFrom.price === null ? null : costOf(usage, estimateFrom.price);
  return { ...nothingSeen, usage, provenance: "estimated", cost };
}

/** A measure that an earlier version kept may lack what this one reads, and give no number. */
function countOf(estimate: number): number {
  return estimate >= 0 ? Math.min(Math.round(estimate), TOKENS_MAX) : 0;
}
