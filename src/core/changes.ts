/**
 * The closed list of what the gateway may change in a request body; each is a splice and is said in a
 * header.
 */

/** Repairs mend what clients send and Ark refuses. */
export const repairs = [
  "developer_role",
  "both_token_limits",
  "namespace_tools",
  "responses_unknown_keys",
  "empty_tool_parameters",
  "reasoning_replay",
  "strip_unsupported",
] as const;
export type Repair = (typeof repairs)[number];

/** Those that are in force where nothing is said: `strip_unsupported` takes out what Ark may know one day. */
export const defaultRepairs: ReadonlySet<Repair> = new Set(
  repairs.filter((repair) => repair !== "strip_unsupported"),
);

/** `translation`: the body is ours, made from the client's for a model that speaks another protocol. */
export const changes = ["model", "include_usage", "translation", ...repairs] as const;
/** A name in `x-volcano-changes`. */
export type Change = (typeof changes)[number];
