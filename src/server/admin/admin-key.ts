/** The key of the admin API: made once, known afterwards by its hash alone, and hard to guess at. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";

const PREFIX = "vp-admin-";
const KEY_BYTES = 20;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const DIGIT_BITS = 5;

/** `vp-admin-` and 32 digits of base 32 (RFC 4648), 160 random bits. */
export function newAdminKey(): string {
  let digits = "";
  let held = 0;
  let bits = 0;
  for (const byte of randomBytes(KEY_BYTES)) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= DIGIT_BITS; bits -= DIGIT_BITS) digits += ALPHABET[(held >> (bits - DIGIT_BITS)) & 31];
    held &= (1 << bits) - 1;
  }
  return PREFIX + digits;
}

/** SHA-256 in hexadecimal: enough for 160 random bits, which no dictionary holds. */
export function adminKeyHash(key: string): string {
  return createHash("sha256").update(key, "utf8").digest("hex");
}

export type AdminKeyAtStart = {
  /** Of the key in force. */
  readonly hash: string;
  /** A key that has just been made: to be stored as its hash, then shown once. Null where there was one. */
  readonly made: string | null;
};

/**
 * The key in force: the one that is configured, else the one whose hash the ledger keeps, else a new one.
 * A configured key leaves the stored one alone, which counts again once it is gone.
 */
export function adminKeyAtStart(configured: string | null, storedHash: string | null): AdminKeyAtStart {
  if (configured !== null) return { hash: adminKeyHash(configured), made: null };
  if (storedHash !== null) return { hash: storedHash, made: null };
  const made = newAdminKey();
  return { hash: adminKeyHash(made), made };
}

const FAILURES_MAX = 10;
const WINDOW_MS = 60_000;
const ADDRESSES_MAX = 1_000;

type Failures = { count: number; readonly sinceMs: number };

/** Lets in who has the key, and for a while nobody from where too many wrong ones came. */
export class AdminGate {
  readonly #keyHash: () => string | null;
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** In the order in which their windows began. */
  readonly #failures = new Map<string, Failures>();

  /** @param keyHash the hash in force, as `adminKeyHash` gives it; null lets nobody in */
  constructor(keyHash: () => string | null, clock: Pick<Clock, "monotonicMs">) {
    this.#keyHash = keyHash;
    this.#clock = clock;
  }

  /** Addresses whose failures are remembered. */
  get addresses(): number {
    return this.#failures.size;
  }

  /**
   * @param authorization the header as it came
   * @param address whose failures count together
   * @throws GatewayError invalid_api_key, with the same words whatever was wrong; rate_limit_exceeded
   */
  check(authorization: string | undefined, address: string): void {
    const key = bearerOf(authorization);
    // The right key always opens: whoever shares the operator's address must not be able to lock him out, and
    // nobody guesses sixteen characters over a network.
    if (this.#isRight(key)) return;
    this.#refuseGuesser(address);
    if (key !== "") this.#countFailure(address);
    throw new GatewayError(
      "invalid_api_key",
      "These paths need the admin key: send it as 'Authorization: Bearer <key>'. It was shown when the " +
        "gateway first started; VOLCANO_PROXY_ADMIN_KEY sets another.",
      { headers: { "www-authenticate": "Bearer" } },
    );
  }

  /** Digests of one length are compared, so the time taken tells nothing of the key. */
  #isRight(key: string): boolean {
    const expected = Buffer.from(this.#keyHash() ?? "", "hex");
    const found = Buffer.from(adminKeyHash(key), "hex");
    return expected.length === found.length && timingSafeEqual(expected, found);
  }

  #refuseGuesser(address: string): void {
    const failures = this.#failures.get(address);
    if (failures === undefined) return;
    const leftMs = failures.sinceMs + WINDOW_MS - this.#clock.monotonicMs();
    if (leftMs <= 0) this.#failures.delete(address);
    else if (failures.count >= FAILURES_MAX) {
      throw new GatewayError(
        "rate_limit_exceeded",
        `There were ${FAILURES_MAX} wrong admin keys from this address within a minute. Wait, then try again.`,
        { retryAfterSeconds: Math.ceil(leftMs / 1_000) },
      );
    }
  }

  #countFailure(address: string): void {
    const failures = this.#failures.get(address);
    if (failures !== undefined) {
      failures.count++;
      return;
    }
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= ADDRESSES_MAX && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(address, { count: 1, sinceMs: this.#clock.monotonicMs() });
  }
}

/** Empty where there is none: the hash of nothing is no key's. */
function bearerOf(authorization = ""): string {
  const space = authorization.indexOf(" ");
  const isBearer = space > 0 && authorization.slice(0, space).toLowerCase() === "bearer";
  return isBearer ? authorization.slice(space + 1).trim() : "";
}
