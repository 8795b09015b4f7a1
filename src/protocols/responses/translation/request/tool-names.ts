/** Gives a client's tools the names that Ark takes: those of a namespace flattened, and none too long. */
import { createHash } from "node:crypto";

/** Ark's bound (ark-api 4.7). */
export const TOOL_NAME_CHARACTERS_MAX = 64;
const DIGEST_CHARACTERS = 8;
const KEPT_CHARACTERS = TOOL_NAME_CHARACTERS_MAX - DIGEST_CHARACTERS - 1;
const NAMESPACE_END = "__";

const arkNames = /^[A-Za-z0-9_-]{1,64}$/;

/** The same for the same tool, in whatever request: the names in a conversation stay what they were. */
export function arkToolName(name: string, namespace: string | null): string {
  const flat = namespace === null ? name : namespace + NAMESPACE_END + name;
  if (arkNames.test(flat)) return flat;
  const digest = createHash("sha256").update(flat).digest("hex").slice(0, DIGEST_CHARACTERS);
  return `${flat.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, KEPT_CHARACTERS)}_${digest}`;
}
