/** What a door is given beside a body: a target, and whose call it is. */
import { defaultRepairs } from "../../src/core/changes.ts";
import { type KeyId, newRequestId } from "../../src/core/ids.ts";
import type { Memories } from "../../src/core/memories.ts";
import type { CallContext, TargetTraits } from "../../src/protocols/door.ts";
import { readArkError } from "../../src/upstreams/ark/error-codes.ts";

/** A target that speaks chat alone. */
export function chatTraits(model: string, changes: Partial<TargetTraits> = {}): TargetTraits {
  return {
    model,
    speaks: new Set(["chat"]),
    repairs: defaultRepairs,
    fillsRequired: false,
    readError: readArkError,
    ...changes,
  };
}

/** Keeps nothing, and seals nothing. */
export const noMemories: Memories = {
  reasoning: null,
  responses: {
    find: () => null,
    keep: () => {},
    remove: () => false,
    own: () => {},
    isAnothers: () => false,
  },
  seal: { seal: (_keyId, text) => `vp1.${Buffer.from(text).toString("base64url")}`, open: () => null },
};

export function callContext(changes: Partial<CallContext> = {}): CallContext {
  const startedAtWallMs = Date.UTC(2026, 10, 23, 4);
  return {
    requestId: newRequestId(startedAtWallMs),
    keyId: "ark-0" as KeyId,
    startedAtWallMs,
    memories: noMemories,
    ...changes,
  };
}
