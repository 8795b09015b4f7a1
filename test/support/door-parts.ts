/** What a door is asked to prepare a call with, plain unless a test says otherwise. */
import { defaultRepairs } from "../../src/core/changes.ts";
import type { KeyId, RequestId } from "../../src/core/ids.ts";
import type { ReasoningMemory } from "../../src/core/memories.ts";
import type { CallContext, TargetTraits } from "../../src/protocols/door.ts";

/** A target that speaks chat and is called `m`. */
export function targetTraits(traits: Partial<TargetTraits> = {}): TargetTraits {
  return {
    model: "m",
    speaks: new Set(["chat"]),
    repairs: defaultRepairs,
    fillsRequired: false,
    readError: () => null,
    ...traits,
  };
}

/** A call whose gateway stores nothing, and remembers thoughts where a memory is given. */
export function callContext(keyId: KeyId, reasoning: ReasoningMemory | null): CallContext {
  const responses = {
    find: () => null,
    keep: () => {},
    remove: () => false,
    own: () => {},
    isAnothers: () => false,
  };
  return {
    requestId: "req_1" as RequestId,
    keyId,
    startedAtWallMs: 0,
    memories: { reasoning, responses, seal: { seal: () => "", open: () => null } },
  };
}
