/** Who may come in: two spaces of keys that refuse each other (ark-api 1.2, 2.1). */
import { ArkRefusal } from "./error-envelope.ts";
import type { Entry } from "./models/registry.ts";

const BEARER = /^bearer +(\S+) *$/i;

export class KeyRing {
  readonly #keys: ReadonlySet<string> | "any";
  readonly #planKeys: ReadonlySet<string>;

  /** `any` lets every key in on the normal entries but those of the plan. */
  constructor(keys: "any" | readonly string[], planKeys: readonly string[]) {
    this.#keys = keys === "any" ? "any" : new Set(keys);
    this.#planKeys = new Set(planKeys);
  }

  /**
   * The key of an `Authorization` header. Throws ArkRefusal where it is missing, or not one for this entry.
   */
  check(entry: Entry, authorization: string | null): string {
    const key = authorization === null ? undefined : BEARER.exec(authorization)?.[1];
    if (key !== undefined && this.#fits(entry, key)) return key;
    throw new ArkRefusal("AuthenticationError");
  }

  #fits(entry: Entry, key: string): boolean {
    const isPlanKey = this.#planKeys.has(key);
    if (entry === "plan") return isPlanKey;
    return this.#keys === "any" ? !isPlanKey : this.#keys.has(key);
  }
}
