/** The ids that the gateway gives to responses and their items: an item's tells which response it is of. */
import { randomBytes } from "node:crypto";

const RESPONSE_PREFIX = "resp_";
const OWN_MARK = "vp";
const RANDOM_BYTES = 16;

/** What an item's id begins with, as OpenAI's do. */
export type ItemKind = "msg" | "rs" | "fc" | "fco" | "ctc" | "ctco" | "cmp" | "item";

const ownItem = /^[a-z]{2,4}_(vp[0-9a-f]{32})_i?[0-9]{1,7}$/;

/** One response's id, and those of its items: `resp_vp...`, `msg_vp..._0`. */
export class ResponseIds {
  readonly #tail: string;

  constructor(tail: string) {
    this.#tail = tail;
  }

  static make(): ResponseIds {
    return new ResponseIds(OWN_MARK + randomBytes(RANDOM_BYTES).toString("hex"));
  }

  get response(): string {
    return RESPONSE_PREFIX + this.#tail;
  }

  inputItem(kind: ItemKind, index: number): string {
    return `${kind}_${this.#tail}_i${index}`;
  }

  outputItem(kind: ItemKind, index: number): string {
    return `${kind}_${this.#tail}_${index}`;
  }
}

/** The response that an item with this id is of; null where the gateway did not make the id. */
export function responseIdOfItem(itemId: string): string | null {
  const tail = ownItem.exec(itemId)?.[1];
  return tail === undefined ? null : RESPONSE_PREFIX + tail;
}
