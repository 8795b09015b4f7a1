/** The gates of a gateway with keys of its own, alone or beside callers' own Ark keys. */
import type { Clock } from "../core/clock.ts";
import { isCredential } from "./credential.ts";
import { FailedCredentials } from "./failures.ts";
import type { Caller, Gate } from "./gate.ts";
import type { KeyRing } from "./key-ring.ts";

/** Whatever begins so must be a key of ours; Ark's own keys do not. */
const OURS = "sk-";
/** And whatever holds this is one of ours with something around it, such as quotes: Ark must not see it. */
const MARK = "sk-vp-";

export type KeysGateParts = {
  readonly ring: KeyRing;
  readonly clock: Clock;
  /** Where wrong keys are counted; its own when left out. */
  readonly failures?: FailedCredentials;
};

/** Mode `keys`: a credential must be a key of ours. */
export class KeysGate implements Gate {
  readonly #ring: KeyRing;
  readonly #clock: Clock;
  readonly #failures: FailedCredentials;

  constructor({ ring, clock, failures = new FailedCredentials(clock) }: KeysGateParts) {
    this.#ring = ring;
    this.#clock = clock;
    this.#failures = failures;
  }

  letIn(credential: string): Caller | null {
    if (!isCredential(credential)) return null;
    const key = this.#ring.find(credential, this.#clock.wallMs());
    return key === null ? null : { kind: "key", key, keyId: key.id };
  }

  renew(caller: Caller): Caller | null {
    if (caller.kind === "own") return caller;
    const key = this.#ring.get(caller.keyId);
    if (key === null || !this.#ring.opens(key, this.#clock.wallMs())) return null;
    return key === caller.key ? caller : { kind: "key", key, keyId: key.id };
  }

  countFailure(address: string): number | null {
    return this.#failures.count(address);
  }
}

/** Mode `both`: one that begins with `sk-` must be ours, any other goes on to Ark as it is. */
export class BothGate implements Gate {
  readonly #keys: Gate;
  readonly #passthrough: Gate;

  constructor(gates: { readonly keys: Gate; readonly passthrough: Gate }) {
    this.#keys = gates.keys;
    this.#passthrough = gates.passthrough;
  }

  letIn(credential: string): Caller | null {
    const isForUs = credential.startsWith(OURS) || credential.toLowerCase().includes(MARK);
    return isForUs ? this.#keys.letIn(credential) : this.#passthrough.letIn(credential);
  }

  renew(caller: Caller): Caller | null {
    return this.#keys.renew(caller);
  }

  countFailure(address: string): number | null {
    return this.#keys.countFailure(address);
  }
}
