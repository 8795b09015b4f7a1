/** Gives every tool of a request one plain name that Ark takes, and clients their own words for it back. */
import { createHash } from "node:crypto";
import type { JsonMember } from "../../wire/json-scan.ts";

/** Ark's bound (ark-api 4.7); OpenAI's is 128, and a namespace comes on top. */
export const TOOL_NAME_CHARACTERS_MAX = 64;
const DIGEST_CHARACTERS = 8;
const KEPT_CHARACTERS = TOOL_NAME_CHARACTERS_MAX - DIGEST_CHARACTERS - 1;
const SEPARATOR = "__";
/** What Codex takes a tool without a namespace to be in. */
const DEFAULT_NAMESPACE = "functions";

const arkName = /^[A-Za-z0-9_-]{1,64}$/;
const standsInNames = new Uint8Array(256);
for (let byte = 0; byte < 128; byte++) standsInNames[byte] = arkName.test(String.fromCharCode(byte)) ? 1 : 0;

/** Whether a name in a body is one that Ark takes (ark-api 4.7), and spelled without an escape. */
export function isArkToolName(bytes: Buffer, name: JsonMember): boolean {
  const { kind, spelling, valueStart, valueEnd } = name;
  const characters = valueEnd - valueStart - 2;
  if (kind !== "string" || spelling !== "exact") return false;
  if (characters < 1 || characters > TOOL_NAME_CHARACTERS_MAX) return false;
  for (let at = valueStart + 1; at < valueEnd - 1; at++) {
    if (standsInNames[bytes[at] as number] === 0) return false;
  }
  return true;
}

/** `custom` tools take free text; they go to Ark as functions with one argument of that text. */
export type ToolKind = "function" | "custom";

/** A tool as its client knows it. */
export type ToolIdentity = {
  readonly kind: ToolKind;
  readonly name: string;
  readonly namespace: string | null;
};

/** One for each tool: the key of a name in no namespace begins with its kind, all others with a bracket. */
function keyOf(identity: ToolIdentity): string {
  const { kind, name, namespace } = identity;
  return namespace === null ? `${kind} ${name}` : longKeyOf(identity);
}

function longKeyOf({ kind, name, namespace }: ToolIdentity): string {
  return JSON.stringify([kind, namespace, name]);
}

function joinedName({ name, namespace }: ToolIdentity): string {
  if (namespace === null || namespace === "" || namespace === DEFAULT_NAMESPACE) return name;
  return namespace.endsWith(SEPARATOR) ? namespace + name : namespace + SEPARATOR + name;
}

/** The same for the same tool, in whatever request: the names in a conversation stay what they were. */
function digestedName(joined: string, identity: ToolIdentity): string {
  const digest = createHash("sha256").update(longKeyOf(identity)).digest("hex").slice(0, DIGEST_CHARACTERS);
  return `${joined.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, KEPT_CHARACTERS)}_${digest}`;
}

/** The names of one request's tools, those of its `tools` and those that only its `input` speaks of. */
export class ToolNames {
  readonly #arkNames = new Map<string, string>();
  readonly #identities = new Map<string, ToolIdentity>();
  /** By the client's own name for each; there may be thousands of tools, and as many asked for. */
  readonly #arkNamesOf = new Map<string, string[]>();
  #restoresAny = false;
  #holdsNamespaces = false;

  /**
   * The name by which Ark is to know this tool; the same again for the same tool. Where two tools would have
   * one name, the second gets a digest behind its own: those of no namespace are to be declared first.
   */
  declare(identity: ToolIdentity): string {
    const key = keyOf(identity);
    const known = this.#arkNames.get(key);
    if (known !== undefined) return known;
    const joined = joinedName(identity);
    const isFree = arkName.test(joined) && !this.#identities.has(joined);
    const name = isFree ? joined : digestedName(joined, identity);
    this.#arkNames.set(key, name);
    this.#identities.set(name, identity);
    const named = this.#arkNamesOf.get(identity.name);
    if (named === undefined) this.#arkNamesOf.set(identity.name, [name]);
    else named.push(name);
    if (this.restore(name) !== null) this.#restoresAny = true;
    if (identity.namespace !== null) this.#holdsNamespaces = true;
    return name;
  }

  /**
   * The name of a tool that a conversation speaks of: of either kind, and declared if it is not yet, since a
   * client may no longer offer what it once did.
   */
  arkName(name: string, namespace: string | null, kind: ToolKind = "function"): string {
    const other = kind === "function" ? "custom" : "function";
    return (
      this.#arkNames.get(keyOf({ kind, name, namespace })) ??
      this.#arkNames.get(keyOf({ kind: other, name, namespace })) ??
      this.declare({ kind, name, namespace })
    );
  }

  /** The name of the tool that a `tool_choice` means: of no namespace, else the only one of that name. */
  chosenName(name: string, namespace: string | null, kind: ToolKind = "function"): string {
    const named = this.#arkNamesOf.get(name) ?? [];
    const isDeclared = named.some((known) => this.#identities.get(known)?.namespace === namespace);
    if (isDeclared || namespace !== null) return this.arkName(name, namespace, kind);
    const [only, second] = named;
    return only !== undefined && second === undefined ? only : this.arkName(name, null, kind);
  }

  /** The client's own words for the tool that Ark calls so; null where they are the same, or Ark's alone. */
  restore(name: string): ToolIdentity | null {
    const identity = this.#identities.get(name);
    if (identity === undefined) return null;
    const isSame = identity.kind === "function" && identity.namespace === null && identity.name === name;
    return isSame ? null : identity;
  }

  /** Whether any tool stands in a namespace, and may have taken the name that another would have had. */
  get holdsNamespaces(): boolean {
    return this.#holdsNamespaces;
  }

  /** Whether any name must be given back on the way back. */
  get restoresAny(): boolean {
    return this.#restoresAny;
  }
}
