/** How a request ended: the outcome that metrics count, and two letters for who ended it and when. */

export const outcomes = ["ok", "partial", "failed", "refused", "abandoned"] as const;
/**
 * `ok`: answered as Ark answered; `partial`: began, then broke; `failed`: no answer of a model;
 * `refused`: by the gateway, before Ark; `abandoned`: the client left first.
 */
export type Outcome = (typeof outcomes)[number];

/** Client, Upstream, Gateway, Dependency, or nobody: a normal end. */
export const parties = ["C", "U", "G", "D", "-"] as const;
export type Party = (typeof parties)[number];

/**
 * Auth, Queue and limits, Body in, Name lookup, Connect, Tls, Headers awaited, First token awaited,
 * Streaming, End.
 */
export const phases = ["A", "Q", "B", "N", "C", "T", "H", "F", "S", "E"] as const;
export type Phase = (typeof phases)[number];

/** Two letters in HAProxy's manner, such as `CS`: the client left while the answer was streaming. */
export type Cause = `${Party}${Phase}`;

export const NORMAL_END: Cause = "-E";

/** The ledger's word for an attempt that is over; an attempt that is not is `open`. */
export const settlements = ["settled", "partial", "failed", "interrupted"] as const;
export type Settlement = (typeof settlements)[number];
