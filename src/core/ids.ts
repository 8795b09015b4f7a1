/** The words that must not be mixed: branded ids and names, made only where outside data is checked. */
import { randomBytes } from "node:crypto";

declare const brand: unique symbol;

export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** One request of a client, as `req_` and 26 characters; in `x-request-id`, the log and the ledger. */
export type RequestId = Branded<string, "RequestId">;
/** One call to an upstream made for a request: the request's id, a dot, and the attempt's number from 1. */
export type AttemptId = Branded<string, "AttemptId">;
/** Who called, as the ledger names it: never the key itself. */
export type KeyId = Branded<string, "KeyId">;

const PREFIX = "req_";
const TIME_DIGITS = 10;
const TIME_MS_MAX = 32 ** TIME_DIGITS - 1;
const ALPHABET = Buffer.from("0123456789abcdefghjkmnpqrstvwxyz", "latin1");
const ENTROPY_BYTES = 4_096;
const ID_RANDOM_BYTES = 16;

const RANDOM_AT = PREFIX.length + TIME_DIGITS;
/** The id in the making: one string out of bytes is cheaper than thirty put together. */
const letters = Buffer.alloc(RANDOM_AT + ID_RANDOM_BYTES, PREFIX, "latin1");

let entropy = randomBytes(ENTROPY_BYTES);
let entropyUsed = 0;

/**
 * A new request id: ten base-32 digits of the wall clock in milliseconds, then sixteen of randomness, so that
 * ids sort by time and stay unique when the clock jumps.
 */
export function newRequestId(wallMs: number): RequestId {
  if (entropyUsed + ID_RANDOM_BYTES > ENTROPY_BYTES) {
    entropy = randomBytes(ENTROPY_BYTES);
    entropyUsed = 0;
  }
  writeTime(wallMs);
  for (let digit = 0; digit < ID_RANDOM_BYTES; digit++) {
    letters[RANDOM_AT + digit] = ALPHABET[(entropy[entropyUsed + digit] ?? 0) & 31] ?? 0;
  }
  entropyUsed += ID_RANDOM_BYTES;
  return letters.toString("latin1") as RequestId;
}

/** What the ids of a millisecond begin with; sorts before them and behind those of earlier ones. */
export function idPrefixAt(wallMs: number): string {
  writeTime(Math.min(wallMs, TIME_MS_MAX));
  return letters.toString("latin1", 0, RANDOM_AT);
}

function writeTime(wallMs: number): void {
  let rest = Math.max(0, Math.floor(wallMs));
  for (let at = RANDOM_AT - 1; at >= PREFIX.length; at--) {
    letters[at] = ALPHABET[rest % 32] ?? 0;
    rest = Math.floor(rest / 32);
  }
}

export function attemptIdOf(requestId: RequestId, attemptNumber: number): AttemptId {
  return `${requestId}.${attemptNumber}` as AttemptId;
}
