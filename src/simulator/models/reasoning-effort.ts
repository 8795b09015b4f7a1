/** What a model makes of `thinking` and `reasoning_effort` (ark-api 4.6). */
import { unreachable } from "../../core/errors.ts";
import type { ChatModel, EffortScale } from "./model-table.ts";

export const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type Effort = (typeof efforts)[number];

/** How hard a model thinks once its own scale has been applied. */
export type Depth = "off" | "low" | "medium" | "high" | "max";

function depthOnSeed(effort: Effort): Depth {
  if (effort === "none" || effort === "minimal") return "off";
  return effort === "xhigh" || effort === "max" ? "high" : effort;
}

function depthOnGlm52(effort: Effort): Depth {
  if (effort === "none" || effort === "minimal") return "off";
  return effort === "xhigh" || effort === "max" ? "max" : "high";
}

function depthOnDeepseekGa(effort: Effort): Depth {
  if (effort === "none" || effort === "minimal") return "off";
  if (effort === "medium") return "low";
  return effort === "xhigh" ? "high" : effort;
}

/** GLM 5.3 cannot be told to stop thinking, yet thinks nothing at `low`. */
function depthOnGlm53(effort: Effort): Depth {
  return effort === "low" ? "off" : depthOnGlm52(effort);
}

function depthOn(scale: EffortScale, effort: Effort): Depth {
  switch (scale) {
    case "seed":
      return depthOnSeed(effort);
    case "glm-5-2":
    case "deepseek-preview":
      return depthOnGlm52(effort);
    case "deepseek-ga":
      return depthOnDeepseekGa(effort);
    case "glm-5-3":
      return depthOnGlm53(effort);
    default:
      return unreachable(scale);
  }
}

/**
 * Where both are given and `thinking` is disabled, it wins; which of the two does on Ark is not documented.
 */
export function depthOf(
  model: ChatModel,
  thinking: "enabled" | "disabled" | "auto" | null,
  effort: Effort | null,
): Depth {
  if (model.reasoningTokensMax === 0 || thinking === "disabled") return "off";
  return effort === null ? model.effort.byDefault : depthOn(model.effort.scale, effort);
}

const shares: Readonly<Record<Depth, number>> = { off: 0, low: 0.5, medium: 1, high: 1.5, max: 2 };

/** Tokens of thought for a base figure that is a model's ordinary effort. */
export function reasoningTokensOf(depth: Depth, tokensAtMedium: number): number {
  return Math.round(tokensAtMedium * shares[depth]);
}
