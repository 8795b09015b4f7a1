/** What the gateway answers by itself: who it is, how it is, and which models it has. */
import { GatewayError } from "../../core/errors.ts";
import type { Caller } from "../../keys/gate.ts";
import type { ModelsPage, OpenPage } from "../endpoint.ts";
import type { Presence } from "./in-flight.ts";

export type Pages = {
  /** Name and version. */
  readonly root: Buffer;
  /** The whole answer of `GET /v1/models`: of those that this caller may use. */
  readonly models: (caller: Caller) => Buffer;
  /** One model's object; null where there is no such model for this caller. */
  readonly model: (id: string, caller: Caller) => Buffer | null;
};

const ALIVE = Buffer.from('{"status":"ok"}');
const READY = Buffer.from('{"status":"ready"}');
const DRAINING = Buffer.from('{"status":"shutting_down"}');

/** What everybody may ask. */
export function openPageOf(
  page: OpenPage,
  pages: Pages,
  presence: Presence,
): { status: number; body: Buffer } {
  switch (page.kind) {
    case "root":
      return { status: 200, body: pages.root };
    case "alive":
      return { status: 200, body: ALIVE };
    case "ready":
      return presence === "serving" ? { status: 200, body: READY } : { status: 503, body: DRAINING };
  }
}

/** @throws GatewayError model_not_found, the same whether there is no such model or it is not the caller's */
export function modelsPageOf(page: ModelsPage, pages: Pages, caller: Caller): Buffer {
  if (page.kind === "models") return pages.models(caller);
  const body = pages.model(page.id, caller);
  if (body !== null) return body;
  throw new GatewayError(
    "model_not_found",
    `There is no model '${page.id}' here. GET /v1/models lists them.`,
  );
}
