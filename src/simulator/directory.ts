/** Answers what is not billed: the model list, stored responses, and how Ark says that there is nothing. */
import { ArkRefusal } from "./error-envelope.ts";
import type { KeyRing } from "./key-ring.ts";
import { modelListJson } from "./models/model-list.ts";
import type { Retrieval } from "./responses/retrieval.ts";
import type { Route } from "./routes.ts";
import type { Answer, Manners } from "./wire/answer.ts";
import { emptyAnswer, jsonAnswer, refusalAnswer } from "./wire/plain-answer.ts";

type OtherRoute = Exclude<Route, { readonly kind: "service" }>;

export class Directory {
  readonly #keys: KeyRing;
  readonly #retrieval: Retrieval;

  constructor(keys: KeyRing, retrieval: Retrieval) {
    this.#keys = keys;
    this.#retrieval = retrieval;
  }

  answer(route: OtherRoute, authorization: string | null, requestId: string, manners: Manners): Answer {
    try {
      return this.#answer(route, authorization, manners);
    } catch (thrown) {
      if (!(thrown instanceof ArkRefusal)) throw thrown;
      return refusalAnswer(thrown, requestId, manners);
    }
  }

  #answer(route: OtherRoute, authorization: string | null, manners: Manners): Answer {
    switch (route.kind) {
      case "models":
        this.#keys.check(route.entry, authorization);
        return jsonAnswer(200, modelListJson, manners);
      case "stored":
        return this.#retrieval.answer(route, authorization, manners);
      case "locked":
        throw new ArkRefusal("AuthenticationError");
      case "unknown":
        throw new ArkRefusal("InvalidAction", `The action of the path ${route.path} does not exist.`);
      case "void":
        return emptyAnswer(404, manners);
      default:
        return route satisfies never;
    }
  }
}
