/** Gives tools the names that Ark takes, and gives clients theirs back. */
import { createHash } from "node:crypto";

/** Ark's bound (ark-api 4.7); Anthropic's is 128. */
export const TOOL_NAME_CHARACTERS_MAX = 64;
const DIGEST_CHARACTERS = 8;
const KEPT_CHARACTERS = TOOL_NAME_CHARACTERS_MAX - DIGEST_CHARACTERS - 1;

const arkName = /^[A-Za-z0-9_-]{1,64}$/;

/** The same for the same name, in whatever request: the names in a conversation stay what they were. */
export function arkToolName(name: string): string {
  if (arkName.test(name)) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, DIGEST_CHARACTERS);
  return `${name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, KEPT_CHARACTERS)}_${digest}`;
}

/** Of one request's tools, those whose names had to be changed. */
export class ToolNames {
  readonly #byArkName = new Map<string, string>();

  /** Gives the name that Ark takes. */
  add(name: string): string {
    const changed = arkToolName(name);
    if (changed !== name) this.#byArkName.set(changed, name);
    return changed;
  }

  /** The client's own name. */
  clientName(arkName: string): string {
    return this.#byArkName.get(arkName) ?? arkName;
  }
}
