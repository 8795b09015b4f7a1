/** The gate before there are keys: every credential comes in, and goes on to Ark as it is. */

import type { Fingerprints } from "./fingerprint.ts";
import type { Caller, Gate } from "./gate.ts";

const CREDENTIAL_BYTES_MAX = 4_096;

/**
 * Visible ASCII, no spaces: anything else cannot be a bearer token (RFC 6750, 2.1) and may not reach a
 * header.
 */
function isToken(credential: string): boolean {
  if (credential.length === 0 || credential.length > CREDENTIAL_BYTES_MAX) return false;
  for (let index = 0; index < credential.length; index++) {
    const code = credential.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

export class PassthroughGate implements Gate {
  readonly #fingerprints: Fingerprints;

  constructor(fingerprints: Fingerprints) {
    this.#fingerprints = fingerprints;
  }

  letIn(credential: string): Caller | null {
    return isToken(credential) ? { credential, keyId: this.#fingerprints.of(credential) } : null;
  }
}
