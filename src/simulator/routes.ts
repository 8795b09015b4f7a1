/** Which of Ark's paths the simulator answers, and how it says no on the others (ark-api 1.2, 3). */
import type { BilledApi } from "./bill.ts";
import type { Entry } from "./models/registry.ts";

/** A call that is billed. */
export type ServiceRoute = { readonly kind: "service"; readonly api: BilledApi; readonly entry: Entry };

/** A response that was stored. */
export type StoredRoute = {
  readonly kind: "stored";
  readonly entry: Entry;
  readonly action: "get" | "delete" | "list_input";
  readonly id: string;
  /** Without its question mark. */
  readonly query: string;
};

export type Route =
  | ServiceRoute
  | StoredRoute
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

/** Below a data plane. */
const dataServices: Readonly<Record<string, BilledApi>> = {
  "chat/completions": "chat",
  responses: "responses",
};

const messagesPrefixes: readonly (readonly [prefix: string, entry: Entry])[] = [
  ["/api/compatible/", "standard"],
  ["/api/coding/", "coding"],
  ["/api/plan/", "plan"],
];

/** Below a base for Anthropic's protocol. */
const messagesServices: Readonly<Record<string, BilledApi>> = {
  "v1/messages": "messages",
  "v1/messages/count_tokens": "count_tokens",
};

function messagesRoute(path: string): ServiceRoute | null {
  for (const [prefix, entry] of messagesPrefixes) {
    if (!path.startsWith(prefix)) continue;
    const api = messagesServices[path.slice(prefix.length)];
    if (api !== undefined) return { kind: "service", api, entry };
  }
  return null;
}

const STORED = /^responses\/([^/]+)(\/input_items)?$/;

function storedRoute(method: string, rest: string, entry: Entry, query: string): StoredRoute | null {
  const found = STORED.exec(rest);
  const id = found?.[1];
  if (found === null || id === undefined) return null;
  const below = found[2] !== undefined;
  if (method === "GET") return { kind: "stored", entry, action: below ? "list_input" : "get", id, query };
  return method === "DELETE" && !below ? { kind: "stored", entry, action: "delete", id, query } : null;
}

/** The way of a request line. */
export function routeOf(method: string, target: string): Route {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const messages = method === "POST" ? messagesRoute(path) : null;
  if (messages !== null) return messages;
  for (const [prefix, entry] of entryPrefixes) {
    if (!path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    const api = method === "POST" ? dataServices[rest] : undefined;
    if (api !== undefined) return { kind: "service", api, entry };
    const stored = storedRoute(method, rest, entry, query);
    if (stored !== null) return stored;
    if (entry === "plan") return { kind: "void" };
    if (method === "GET" && rest === "models") return { kind: "models", entry };
    if (entry === "coding" && rest === "v1/models") return { kind: "locked" };
  }
  if (method === "GET" && path === "/api/coding/v1/models") return { kind: "models", entry: "coding" };
  return { kind: "unknown", path };
}
