/** Carries what a conversation has come to in a compaction item, and takes it out again. */
import { parseObject } from "../../event-tap.ts";
import type { ThoughtSeal } from "../../sealed-thoughts.ts";

export function sealSummary(summary: string, { seal, keyId }: ThoughtSeal): string {
  return seal.seal(keyId, JSON.stringify({ s: summary }));
}

/** Null for what is no summary of ours, or another caller's. */
export function openSummary(sealed: unknown, { seal, keyId }: ThoughtSeal): string | null {
  const opened = typeof sealed === "string" ? seal.open(keyId, sealed) : null;
  const summary = opened === null ? null : parseObject(opened)?.["s"];
  return typeof summary === "string" ? summary : null;
}
