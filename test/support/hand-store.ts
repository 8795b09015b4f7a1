/** Keeps responses by hand, for one test: nothing expires, and each key has its own. */
import type { KeyId } from "../../src/core/ids.ts";
import type { ResponseStore, StoredResponse } from "../../src/core/memories.ts";
import type { CallContext } from "../../src/protocols/door.ts";
import { callContext, noMemories } from "./call-context.ts";
import { plainSeal } from "./plain-seal.ts";

export class HandStore implements ResponseStore {
  readonly kept: StoredResponse[] = [];
  readonly #byKey = new Map<string, StoredResponse>();

  find(keyId: KeyId, id: string): StoredResponse | null {
    return this.#byKey.get(`${keyId} ${id}`) ?? null;
  }

  keep(keyId: KeyId, response: StoredResponse): void {
    this.kept.push(response);
    this.#byKey.set(`${keyId} ${response.id}`, response);
  }

  remove(keyId: KeyId, id: string): boolean {
    return this.#byKey.delete(`${keyId} ${id}`);
  }

  own(): void {}

  isAnothers(): boolean {
    return false;
  }
}

/** A call of this key's, with seals that open and what is kept here. */
export function storingContext(responses: HandStore, keyId = "ark-0"): CallContext {
  const memories = { ...noMemories, seal: plainSeal, responses };
  return callContext({ memories, keyId: keyId as KeyId });
}
