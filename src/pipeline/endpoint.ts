/** Where a request can go: a door towards Ark, or a page that the gateway answers by itself. */
import type { GatewayError } from "../core/errors.ts";
import type { Door } from "../protocols/door.ts";

/** `route` names it in log and metrics; it is never a client's text. */
export type Endpoint =
  | { readonly kind: "door"; readonly door: Door; readonly route: string }
  /** Nothing is served here, or not by this method: told only to those who have a key. */
  | { readonly kind: "unserved"; readonly route: "other"; readonly error: GatewayError }
  | { readonly kind: "preflight"; readonly route: "preflight" }
  | OpenPage
  | ModelsPage;

/** For everybody, with or without a key. */
export type OpenPage =
  | { readonly kind: "root"; readonly route: "/" }
  | { readonly kind: "alive"; readonly route: "/healthz" }
  | { readonly kind: "ready"; readonly route: "/readyz" };

/** For those who may come in. */
export type ModelsPage =
  | { readonly kind: "models"; readonly route: "/models" }
  | { readonly kind: "model"; readonly route: "/models/{id}"; readonly id: string };
