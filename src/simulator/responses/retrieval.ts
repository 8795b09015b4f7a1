/** Shows, lists and deletes what was stored: `/responses/{id}` and its `/input_items` (ark-api 5.2). */
import { ArkRefusal } from "../error-envelope.ts";
import type { KeyRing } from "../key-ring.ts";
import type { StoredRoute } from "../routes.ts";
import type { Answer, Manners } from "../wire/answer.ts";
import { jsonAnswer } from "../wire/plain-answer.ts";
import { readListQuery, renderInputList } from "./input-list.ts";
import type { StoredResponse, StoredResponses } from "./stored-responses.ts";

export class Retrieval {
  readonly #keys: KeyRing;
  readonly #stored: StoredResponses;

  constructor(keys: KeyRing, stored: StoredResponses) {
    this.#keys = keys;
    this.#stored = stored;
  }

  /** Throws ArkRefusal for a response that is not there, or is another key's. */
  answer(route: StoredRoute, authorization: string | null, manners: Manners): Answer {
    const key = this.#keys.check(route.entry, authorization);
    const response = this.#stored.get(key, route.id);
    if (response === null) {
      const text = `The response ${route.id} does not exist or you do not have access to it.`;
      throw new ArkRefusal("NotFound.Response", text);
    }
    return jsonAnswer(200, this.#text(route, key, response), manners);
  }

  #text(route: StoredRoute, key: string, response: StoredResponse): string {
    switch (route.action) {
      case "get":
        return response.body;
      case "delete":
        this.#stored.delete(key, response.id);
        return `{"id":"${response.id}","object":"response","deleted":true}`;
      case "list_input": {
        // Ark lists what went before in the conversation too.
        const before = this.#stored.conversation(key, response.previousId);
        return renderInputList([...before, ...response.input], readListQuery(route.query));
      }
      default:
        return route.action satisfies never;
    }
  }
}
