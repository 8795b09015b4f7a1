/** The pages that the gateway answers by itself: who it is, and the models that a caller may use. */
import { PRODUCT, VERSION } from "../core/version.ts";
import type { Caller } from "../keys/gate.ts";
import { mayUse } from "../pipeline/permission.ts";
import type { Pages } from "../pipeline/visit/pages.ts";
import { type ModelCard, renderModel, renderModelList } from "../protocols/model-list.ts";

/** Lists that are kept; callers with the same permissions share one. */
const LISTS_MAX = 100;

export class ModelPages implements Pages {
  readonly root = Buffer.from(JSON.stringify({ name: PRODUCT, version: VERSION }));
  readonly #cards: ReadonlyMap<string, ModelCard>;
  /** By the patterns that they are for. They do not change until the configuration does. */
  readonly #lists = new Map<string, Buffer>();

  constructor(cards: readonly ModelCard[]) {
    this.#cards = new Map(cards.map((card) => [card.id, card]));
  }

  models(caller: Caller): Buffer {
    const patterns = caller.kind === "own" ? null : caller.key.models;
    const name = JSON.stringify(patterns);
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    const list = renderModelList([...this.#cards.values()].filter(({ id }) => mayUse(caller, id)));
    if (this.#lists.size >= LISTS_MAX) this.#lists.clear();
    this.#lists.set(name, list);
    return list;
  }

  model(id: string, caller: Caller): Buffer | null {
    const card = this.#cards.get(id);
    return card !== undefined && mayUse(caller, id) ? renderModel(card) : null;
  }
}
