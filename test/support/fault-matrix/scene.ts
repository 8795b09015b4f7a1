/** One way for Ark's side of a call to go wrong, and what its row may say if the client stays to the end. */
import type { ScriptStep } from "../../../src/simulator/index.ts";
import type { Seeded } from "../seeded.ts";

export type Shape = "stream" | "whole";

/** `state cause provenance` of a row; a pattern where chance or the kernel decides. */
export type RowPattern = RegExp;

export type Scene = {
  readonly name: string;
  /** How often it is picked, as a share of all weights; 1 where left out. */
  readonly weight?: number;
  /** The upstream that plays it; one of the quick ones where left out. */
  readonly upstream?: string;
  readonly shape?: Shape;
  /** What the simulator is told to do; null where the upstream does it by itself. */
  step(random: Seeded, shape: Shape): ScriptStep;
  readonly stream: RowPattern;
  readonly whole: RowPattern;
  /** Where Messages end otherwise. */
  readonly messages?: Ways;
  /** Where Responses do. */
  readonly responses?: Ways;
};

/** Patterns of a door that goes two ways. */
export type Ways = {
  readonly [way in "verbatim" | "translated"]?: { readonly [shape in Shape]?: RowPattern };
};

export const FINAL = /^settled -E upstream_final$/;
/** The next call may find the connection closed under it: it is not sent again (reliability U25). */
export const FINAL_OR_STALE = /^(settled -E upstream_final|failed U[BH] estimated)$/;
export const COUNTED = /^settled -E counted$/;
export const ESTIMATED = /^settled -E estimated$/;
export const REFUSED = /^failed -E none$/;
/** Where the cut comes before an event, in the middle of the text, or behind the usage. */
export const CUT =
  /^(failed U[HF] (estimated|counted)|partial US (counted|estimated|upstream_final)|settled -E upstream_final)$/;
export const CUT_WHOLE = /^(failed U[HS] estimated|settled -E upstream_final)$/;
export const INVALID = /^failed U[HF] estimated$/;
/** What cannot be read cannot be translated (Messages and Responses to a model that speaks chat). */
export const UNREADABLE = {
  translated: {
    stream: /^(failed U[HF] (estimated|counted)|partial US (counted|estimated|upstream_final))$/,
    whole: /^failed US estimated$/,
  },
} as const;
export const INVALID_FREE = /^failed U[HFS] none$/;
export const UNREACHABLE = /^failed UC none$/;

const STREAM_BYTES = 6_000;
const WHOLE_BYTES = 400;

export function somewhere(random: Seeded, shape: Shape): number {
  return random.below(shape === "stream" ? STREAM_BYTES : WHOLE_BYTES);
}

export function bodyOrWire(random: Seeded): "body" | "wire" {
  return random.pick(["body", "wire"]);
}
