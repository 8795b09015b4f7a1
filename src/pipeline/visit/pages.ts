/** What the gateway answers by itself: who it is, how it is, and which models it has. */
import { GatewayError } from "../../core/errors.ts";
import type { Page } from "../endpoint.ts";
import type { Presence } from "./in-flight.ts";

export type Pages = {
  /** Name and version. */
  readonly root: Buffer;
  /** The whole answer of `GET /v1/models`. */
  readonly models: Buffer;
  /** One model's object; null where there is no such model. */
  readonly model: (id: string) => Buffer | null;
};

const ALIVE = Buffer.from('{"status":"ok"}');
const READY = Buffer.from('{"status":"ready"}');
const DRAINING = Buffer.from('{"status":"shutting_down"}');

/** @throws GatewayError model_not_found */
export function pageOf(
  page: Exclude<Page, { kind: "preflight" }>,
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
    case "models":
      return { status: 200, body: pages.models };
    case "model":
      return { status: 200, body: modelPage(pages, page.id) };
  }
}

function modelPage(pages: Pages, id: string): Buffer {
  const body = pages.model(id);
  if (body !== null) return body;
  throw new GatewayError("model_not_found", `There is no model '${id}' here. GET /v1/models lists them.`);
}
