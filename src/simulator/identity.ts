/** Makes the ids that Ark puts into its answers, in their shapes (ark-api 1.4). */
import { randomBytes } from "node:crypto";
import { SeededRandom } from "./random.ts";

const ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz";
const TOOL_CALL_ID_LENGTH = 24;
const REQUEST_ID_HEX_LENGTH = 38;
/** `encrypted_content` is base64 of a blob that opens with this. */
const SEALED_PREFIX = Buffer.from("v1~", "latin1");
const SEALED_BYTES = 96;

/** The items of a Responses answer: thoughts, a message, a call of a function. */
export type ItemKind = "rs" | "msg" | "fc";

const ITEM_ID_ZEROS = "0".repeat(20);

function wallDigits(wallMs: number): string {
  return String(Math.max(0, Math.floor(wallMs)))
    .padStart(13, "0")
    .slice(-13);
}

export class Identity {
  readonly #random: SeededRandom;
  readonly #wallMs: () => number;

  /** With a seed the ids are the same on every run; with null they are new each time. */
  constructor(seed: number | null, wallMs: () => number) {
    this.#random = new SeededRandom(seed ?? randomBytes(4).readUInt32LE());
    this.#wallMs = wallMs;
  }

  /** 53 characters: `02`, thirteen digits of wall milliseconds, 38 lower-case hex digits. */
  requestId(): string {
    let hex = "";
    while (hex.length < REQUEST_ID_HEX_LENGTH) hex += this.#random.uint32().toString(16).padStart(8, "0");
    return `02${wallDigits(this.#wallMs())}${hex.slice(0, REQUEST_ID_HEX_LENGTH)}`;
  }

  /** `rs_`, `msg_` or `fc_`, `02`, the wall's milliseconds, zeros, `ffff`, an address and six hex digits. */
  itemId(kind: ItemKind): string {
    const address = this.#random.uint32().toString(16).padStart(8, "0");
    const tail = this.#random.bytes(3).toString("hex");
    return `${kind}_02${wallDigits(this.#wallMs())}${ITEM_ID_ZEROS}ffff${address}${tail}`;
  }

  /** `call_` and 24 lower-case letters or digits. */
  toolCallId(): string {
    let id = "call_";
    for (let index = 0; index < TOOL_CALL_ID_LENGTH; index++) {
      id += ALPHANUMERIC.charAt(this.#random.below(ALPHANUMERIC.length));
    }
    return id;
  }
}

/** An opaque blob as in `encrypted_content`: base64 that begins `djF+`. */
export function sealedThought(random: SeededRandom): string {
  return Buffer.concat([SEALED_PREFIX, random.bytes(SEALED_BYTES)]).toString("base64");
}
