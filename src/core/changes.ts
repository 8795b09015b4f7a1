/**
 * The closed list of what the gateway may change in a request body; each is a splice and is said in a
 * header.
 */

/** Repairs mend what clients send and Ark refuses. */
export const repairs = ["developer_role", "both_token_limits"] as const;
export type Repair = (typeof repairs)[number];

export const changes = ["model", "include_usage", ...repairs] as const;
/** A name in `x-volcano-changes`. */
export type Change = (typeof changes)[number];
