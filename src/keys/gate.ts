/** The port of the gate: who may come in. */
import type { KeyId } from "../core/ids.ts";

/** A caller that was let in. */
export type Caller = {
  /** What the caller showed; goes to Ark where the upstream has no key of its own. Never logged. */
  readonly credential: string;
  /** What the ledger calls it. */
  readonly keyId: KeyId;
};

export interface Gate {
  /** Null refuses; the same answer whatever the reason. */
  letIn(credential: string): Caller | null;
}
