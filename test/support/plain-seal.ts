/** A seal that anybody can read, for tests that look at what is sealed; it opens for its own key alone. */
import type { Seal } from "../../src/core/memories.ts";
import type { CallContext } from "../../src/protocols/door.ts";
import { callContext, noMemories } from "./call-context.ts";

const PREFIX = "vp1.";

export const plainSeal: Seal = {
  seal: (keyId, text) => `${PREFIX}${keyId}.${Buffer.from(text).toString("base64url")}`,
  open: (keyId, sealed) => {
    const own = `${PREFIX}${keyId}.`;
    return sealed.startsWith(own) ? Buffer.from(sealed.slice(own.length), "base64url").toString() : null;
  },
};

/** As {@link callContext}, with seals that open. */
export function sealingContext(changes: Partial<CallContext> = {}): CallContext {
  return callContext({ memories: { ...noMemories, seal: plainSeal }, ...changes });
}
