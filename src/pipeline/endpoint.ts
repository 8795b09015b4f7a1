/** Where a request can go: a door towards Ark, or a page that the gateway answers by itself. */
import type { GatewayError } from "../core/errors.ts";
import type { Door, StoredAct } from "../protocols/door.ts";

/** `route` names it in log and metrics; it is never a client's text. */
export type Endpoint =
  | { readonly kind: "door"; readonly door: Door; readonly route: string }
  /** Nothing is served here, or not by this method: told only to those who have a key. */
  | { readonly kind: "unserved"; readonly route: "other"; readonly error: GatewayError }
  | { readonly kind: "preflight"; readonly route: "preflight" }
  | StoredPage
  | OpenPage
  | ModelsPage;

/** A stored response, which the gateway or Ark keeps. */
export type StoredPage = {
  readonly kind: "stored";
  readonly route: "/responses/{id}" | "/responses/{id}/input_items";
  /** Letters, digits, hyphens and underscores. */
  readonly id: string;
  readonly act: StoredAct;
  /** Without the question mark. */
  readonly query: string;
};

/** For everybody, with or without a key. */
export type OpenPage =
  | { readonly kind: "root"; readonly route: "/" }
  | { readonly kind: "alive"; readonly route: "/healthz" }
  | { readonly kind: "ready"; readonly route: "/readyz" };

/** For those who may come in. */
export type ModelsPage =
  | { readonly kind: "models"; readonly route: "/models" }
  | { readonly kind: "model"; readonly route: "/models/{id}"; readonly id: string };
