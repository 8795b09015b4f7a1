/** The gate where callers bring Ark keys of their own: each goes on to Ark as it is. */
import { isCredential } from "./credential.ts";
import type { Fingerprints } from "./fingerprint.ts";
import type { Caller, Gate } from "./gate.ts";

export class PassthroughGate implements Gate {
  readonly #fingerprints: Fingerprints;

  constructor(fingerprints: Fingerprints) {
    this.#fingerprints = fingerprints;
  }

  letIn(credential: string): Caller | null {
    if (!isCredential(credential)) return null;
    return { kind: "own", credential, keyId: this.#fingerprints.of(credential) };
  }

  /** Whether an Ark key is still good, Ark says. */
  renew(caller: Caller): Caller {
    return caller;
  }

  /** What it refuses is malformed, not guessed: whether an Ark key is good, Ark says. */
  countFailure(_address: string): number | null {
    return null;
  }
}
