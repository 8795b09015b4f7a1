/** What the doctor finds: one line each, with what to do where something is to be done. */
import type { Phrase } from "../../core/language.ts";

export const states = ["ok", "warning", "failed", "skipped"] as const;
export type State = (typeof states)[number];

export const checkNames = [
  "configuration",
  "port",
  "disk",
  "access",
  "reach",
  "key",
  "clock",
  "endpoint",
] as const;
export type CheckName = (typeof checkNames)[number];

export type Finding = {
  readonly check: CheckName;
  readonly state: State;
  readonly text: Phrase;
  /** What to do; null where nothing is to be done. */
  readonly advice: Phrase | null;
};

export function finding(check: CheckName, state: State, text: Phrase, advice: Phrase | null = null): Finding {
  return { check, state, text, advice };
}
