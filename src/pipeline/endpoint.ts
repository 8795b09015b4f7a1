/** Where a request can go: a door towards Ark, or a page that the gateway answers by itself. */
import type { Door } from "../protocols/door.ts";

/** `route` names it in log and metrics; it is never a client's text. */
export type Endpoint = { readonly kind: "door"; readonly door: Door; readonly route: string } | Page;

export type Page =
  | { readonly kind: "preflight"; readonly route: "preflight" }
  | { readonly kind: "root"; readonly route: "/" }
  | { readonly kind: "alive"; readonly route: "/healthz" }
  | { readonly kind: "ready"; readonly route: "/readyz" }
  | { readonly kind: "models"; readonly route: "/models" }
  | { readonly kind: "model"; readonly route: "/models/{id}"; readonly id: string };
