/** Finds the model that a name means on each of Ark's entries (ark-api 1.1, 1.2). */
import { ArkRefusal } from "../error-envelope.ts";
import { type ChatModel, datedModels, planNames, planOnlyModels, planRouters } from "./model-table.ts";

/** `standard` is `/api/v3`, `coding` `/api/coding/v3`, `plan` `/api/plan/v3`. */
export type Entry = "standard" | "coding" | "plan";

export type ServedModel = {
  readonly model: ChatModel;
  /** What the answer's `model` says. */
  readonly echoed: string;
};

function withoutVersion(id: string): string {
  return id.replace(/-\d{6}$/, "");
}

export class Registry {
  readonly #byId = new Map<string, ChatModel>();
  readonly #endpoints: ReadonlyMap<string, string>;
  readonly #notOpen: ReadonlySet<string>;
  /** Plan models by the name without dots or date: `doubao-seed-2-0-lite`. */
  readonly #planByFamily = new Map<string, ChatModel>();

  /**
   * `endpoints` maps endpoint ids to model ids, `notOpen` names the models that are not activated.
   * Throws RangeError where an endpoint's model is unknown.
   */
  constructor(endpoints: Readonly<Record<string, string>>, notOpen: readonly string[]) {
    for (const model of [...datedModels, ...planOnlyModels]) this.#byId.set(model.id, model);
    for (const [name, id] of Object.entries(planNames)) {
      this.#planByFamily.set(withoutVersion(name.replaceAll(".", "-")), this.#known(id, name));
    }
    for (const [endpoint, id] of Object.entries(endpoints)) this.#known(id, endpoint);
    this.#endpoints = new Map(Object.entries(endpoints));
    this.#notOpen = new Set(notOpen);
  }

  /** The model behind a name. Throws ArkRefusal with Ark's code for names that lead nowhere. */
  resolve(entry: Entry, asked: string): ServedModel {
    return entry === "standard" ? this.#resolveStandard(asked) : this.#resolvePlan(asked);
  }

  #resolveStandard(asked: string): ServedModel {
    const endpointModel = this.#endpoints.get(asked);
    const model = this.#byId.get(endpointModel ?? asked);
    const callable = endpointModel !== undefined || (model !== undefined && isCallableById(model));
    if (model === undefined || !callable) {
      const text = `The model or endpoint ${asked} does not exist or you do not have access to it.`;
      throw new ArkRefusal("InvalidEndpointOrModel.NotFound", text);
    }
    if (this.#notOpen.has(model.id) || this.#notOpen.has(asked)) {
      const text = `Your account has not activated the model ${asked}. Please activate it in the Ark console.`;
      throw new ArkRefusal("ModelNotOpen", text);
    }
    return { model, echoed: model.id };
  }

  /** The version of a dated id is ignored, and routers say another name than they were called by. */
  #resolvePlan(asked: string): ServedModel {
    const router = Object.hasOwn(planRouters, asked) ? planRouters[asked] : undefined;
    if (router !== undefined) return { model: this.#known(router.servedBy, asked), echoed: router.echoed };
    const only = planOnlyModels.find((model) => model.id === asked);
    const named = Object.hasOwn(planNames, asked) ? planNames[asked] : undefined;
    const dated = this.#byId.has(asked) ? this.#planByFamily.get(familyOf(asked)) : undefined;
    const model = only ?? (named === undefined ? dated : this.#byId.get(named));
    if (model === undefined) {
      const text = `The model ${asked} is not supported by the plan; see https://www.volcengine.com/docs/82379/2366394.`;
      throw new ArkRefusal("UnsupportedModel", text);
    }
    return { model, echoed: model.id };
  }

  #known(id: string, from: string): ChatModel {
    const model = this.#byId.get(id);
    if (model === undefined) throw new RangeError(`${from} points to ${id}, which is not a chat model here`);
    return model;
  }
}

function isCallableById(model: ChatModel): boolean {
  return model.status !== "Shutdown" && !planOnlyModels.includes(model);
}

/** `doubao-seed-2-0-lite-260428` is of the family `doubao-seed-2-0-lite`, previews and GA builds included. */
function familyOf(id: string): string {
  return withoutVersion(id).replace(/-(ga|preview)$/, "");
}
