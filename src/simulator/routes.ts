/** Which of Ark's paths the simulator answers, and how it says no on the others (ark-api 1.2, 3). */
import type { Entry } from "./models/registry.ts";

export type Route =
  | { readonly kind: "chat"; readonly entry: Entry }
  | { readonly kind: "models"; readonly entry: Entry }
  /** Ark asks for a key before it finds that there is nothing. */
  | { readonly kind: "locked" }
  /** 404 with an error that names the path. */
  | { readonly kind: "unknown"; readonly path: string }
  /** 404 without a body, as on the plan entry. */
  | { readonly kind: "void" };

const entryPrefixes: readonly (readonly [prefix: string, entry: Entry])[] = [
  ["/api/v3/", "standard"],
  ["/api/coding/v3/", "coding"],
  ["/api/plan/v3/", "plan"],
];

/** The way of a request line; the query plays no part. */
export function routeOf(method: string, target: string): Route {
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  for (const [prefix, entry] of entryPrefixes) {
    if (!path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    if (method === "POST" && rest === "chat/completions") return { kind: "chat", entry };
    if (entry === "plan") return { kind: "void" };
    if (method === "GET" && rest === "models") return { kind: "models", entry };
    if (entry === "coding" && rest === "v1/models") return { kind: "locked" };
  }
  if (method === "GET" && path === "/api/coding/v1/models") return { kind: "models", entry: "coding" };
  return { kind: "unknown", path };
}
