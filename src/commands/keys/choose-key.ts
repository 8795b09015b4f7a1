/** Finds the key that somebody means by its id or by its name. */
import { nearestNames } from "../../core/nearest-name.ts";
import type { KeyJson } from "../../server/admin/key-schemas.ts";

/** What is asked of a key to find it. */
export type NamedKey = Pick<KeyJson, "id" | "name" | "state">;

export type Choice<Key extends NamedKey> =
  | { readonly kind: "one"; readonly key: Key }
  | { readonly kind: "several"; readonly keys: readonly Key[] }
  | { readonly kind: "none"; readonly nearest: readonly string[] }
  /** The word is a key itself: it is not to be repeated. */
  | { readonly kind: "secret" };

/** An id beats a name, and a key that is not revoked beats those of its name that are. */
export function chooseKey<Key extends NamedKey>(keys: readonly Key[], word: string): Choice<Key> {
  const byId = keys.find(({ id }) => id === word);
  if (byId !== undefined) return { kind: "one", key: byId };
  const named = keys.filter(({ name }) => name === word);
  const standing = named.filter(({ state }) => state !== "revoked");
  const meant = standing.length > 0 ? standing : named;
  const [only, ...others] = meant;
  if (only !== undefined) {
    return others.length === 0 ? { kind: "one", key: only } : { kind: "several", keys: meant };
  }
  if (word.startsWith("sk-")) return { kind: "secret" };
  const names = new Set(keys.flatMap(({ id, name }) => [id, name]));
  return { kind: "none", nearest: nearestNames(word, names) };
}
