/** The port of the gate: who may come in. */
import type { KeyId } from "../core/ids.ts";
import type { KeyRecord } from "./key-record.ts";

/** A caller that was let in. */
export type Caller =
  /** With a credential that is not ours: it goes to Ark as it is. Never logged. */
  | { readonly kind: "own"; readonly credential: string; readonly keyId: KeyId }
  /** With one of the gateway's keys, which stays here: Ark is shown the gateway's own. */
  | { readonly kind: "key"; readonly key: KeyRecord; readonly keyId: KeyId };

export interface Gate {
  /** Null refuses; the same answer whatever the reason. */
  letIn(credential: string): Caller | null;
  /**
   * The caller as its key is by now, for those who were let in a while ago: itself where nothing has changed.
   * @returns null where its key opens nothing any more
   */
  renew(caller: Caller): Caller | null;
  /**
   * Counts a credential that was refused.
   * @param address of the connection
   * @returns seconds to wait where too many came from there, else null
   */
  countFailure(address: string): number | null;
}
