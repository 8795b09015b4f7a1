/** Finds the items that a request only names: the turns before it, and single items of those. */
import type { JsonObject } from "../../../../core/chat.ts";
import { GatewayError } from "../../../../core/errors.ts";
import type { KeyId } from "../../../../core/ids.ts";
import type { ResponseStore, StoredResponse } from "../../../../core/memories.ts";
import { countValues, parseExact } from "../../../../wire/exact-json.ts";
import { isObject } from "../../../chat-answer.ts";
import { BODY_VALUES_MAX, objectAt, stringAt } from "../../../client-json.ts";
import { invalidMember } from "../../../read-members.ts";
import { responseIdOfItem } from "../ids.ts";
import { typeOf } from "./item-pieces.ts";

/** As many as Ark takes of a chain (ark-api 5.1). */
export const CHAIN_ITEMS_MAX = 1_000;

function itemsIn(json: string): readonly JsonObject[] {
  const items = parseExact(json);
  return Array.isArray(items) ? items.filter(isObject) : [];
}

function notFound(id: string, previousId: string): GatewayError {
  const which = id === previousId ? "is not stored" : `goes on from ${id}, which is no longer stored`;
  return new GatewayError(
    "previous_response_not_found",
    `The previous response ${previousId} ${which}: it has expired, was deleted, was made with \`store: false\`, ` +
      "was too large to be kept beside later ones, or is not this key's or this model's. Send the conversation in " +
      "`input`.",
    { param: "previous_response_id" },
  );
}

function tooMany(): GatewayError {
  return invalidMember(
    "previous_response_id",
    `The conversation before this response has more than ${CHAIN_ITEMS_MAX} items, or values. Shorten it with ` +
      "POST /v1/responses/compact, or send what counts of it in `input`.",
  );
}

/** Looks up what one caller has stored, for one request. */
export class EarlierItems {
  readonly #responses: ResponseStore;
  readonly #keyId: KeyId;
  readonly #opened = new Map<string, readonly JsonObject[]>();
  readonly #byId = new Map<StoredResponse, ReadonlyMap<unknown, JsonObject>>();
  readonly #referred = new Set<string>();
  /** Each turn could be as many as one body may hold; together they are no more than that. */
  #valuesLeft = BODY_VALUES_MAX;

  constructor(responses: ResponseStore, keyId: KeyId) {
    this.#responses = responses;
    this.#keyId = keyId;
  }

  /**
   * Input and output of the previous response and of all before it, the oldest first; instructions are not
   * carried over.
   * @param isLastFree the items of the previous response itself do not count: what could be answered can be
   * shortened
   * @throws GatewayError previous_response_not_found, invalid_request beyond {@link CHAIN_ITEMS_MAX}
   */
  chain(previousId: string, isLastFree = false): readonly JsonObject[] {
    const turns: (readonly JsonObject[])[] = [];
    let items = 0;
    for (let id: string | null = previousId; id !== null; ) {
      const stored: StoredResponse | null = this.#responses.find(this.#keyId, id);
      if (stored === null) throw notFound(id, previousId);
      const turn = this.#itemsOf(stored);
      if (turns.length > 0 || !isLastFree) items += turn.length;
      if (items > CHAIN_ITEMS_MAX) throw tooMany();
      turns.push(turn);
      id = stored.previousId;
    }
    return turns.reverse().flat();
  }

  /**
   * The items, with each reference replaced by what it refers to. An item may be referred to once: else a
   * small body could grow without end.
   * @throws GatewayError invalid_request
   */
  resolve(items: readonly unknown[]): readonly JsonObject[] {
    return items.map((value, index) => {
      const path = `input[${index}]`;
      const item = objectAt(value, path);
      return typeOf(item, path) === "item_reference" ? this.#refer(stringAt(item, "id", path), path) : item;
    });
  }

  #refer(itemId: string, path: string): JsonObject {
    if (this.#referred.has(itemId)) {
      throw invalidMember(`${path}.id`, `\`${path}\` refers to ${itemId} a second time.`);
    }
    this.#referred.add(itemId);
    const responseId = responseIdOfItem(itemId);
    const stored = responseId === null ? null : this.#responses.find(this.#keyId, responseId);
    const item = stored === null ? undefined : this.#itemsById(stored).get(itemId);
    if (item !== undefined) return item;
    throw invalidMember(
      `${path}.id`,
      `\`${path}\` refers to an item that is not stored: it has expired, was deleted, was made with ` +
        "`store: false`, or is not this key's. Send the item itself.",
    );
  }

  #itemsById(stored: StoredResponse): ReadonlyMap<unknown, JsonObject> {
    const known = this.#byId.get(stored);
    if (known !== undefined) return known;
    const byId = new Map(this.#itemsOf(stored).map((item) => [item["id"], item]));
    this.#byId.set(stored, byId);
    return byId;
  }

  #itemsOf(stored: StoredResponse): readonly JsonObject[] {
    const known = this.#opened.get(stored.id);
    if (known !== undefined) return known;
    for (const json of [stored.inputItems, stored.outputItems]) this.#valuesLeft -= countValues(json);
    if (this.#valuesLeft < 0) throw tooMany();
    const items = [...itemsIn(stored.inputItems), ...itemsIn(stored.outputItems)];
    this.#opened.set(stored.id, items);
    return items;
  }
}
