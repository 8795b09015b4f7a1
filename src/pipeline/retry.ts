/** Whether an attempt that failed is made again: a pure rule over the error and the count. */
import type { GatewayError } from "../core/errors.ts";

export type Next = { readonly kind: "same-target"; readonly delayMs: number } | { readonly kind: "give-up" };

/** What the rule needs to know of a failed attempt. */
export type FailedAttempt = {
  readonly error: GatewayError;
  /** A byte of the request may have reached the upstream: it may be billed, so it is never sent again. */
  readonly dispatched: boolean;
  /** A certificate that does not verify will not verify a moment later. */
  readonly final: boolean;
};

const DELAY_MS = 100;

/** Retries only what provably never reached the model; the waits are 100 ms, 200 ms and so on. */
export function decide(failed: FailedAttempt, attempt: number, attemptsMax: number): Next {
  if (failed.dispatched || failed.final || failed.error.repeat !== "safe") return { kind: "give-up" };
  if (attempt >= attemptsMax) return { kind: "give-up" };
  return { kind: "same-target", delayMs: DELAY_MS * attempt };
}
