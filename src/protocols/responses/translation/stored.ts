/** What a client is shown of a response that the gateway keeps: itself, its input, and its end. */
import type { JsonObject } from "../../../core/chat.ts";
import type { StoredResponse } from "../../../core/memories.ts";
import { parseExact } from "../../../wire/exact-json.ts";
import { isObject } from "../../chat-answer.ts";
import { invalidMember } from "../../read-members.ts";

export const PAGE_ITEMS_MAX = 100;
const PAGE_ITEMS_DEFAULT = 20;

/** The response object as its client was given it. */
export function retrieveBody(stored: StoredResponse): Buffer {
  return Buffer.from(stored.response);
}

export function deletedBody(id: string): Buffer {
  return Buffer.from(JSON.stringify({ id, object: "response", deleted: true }));
}

function limitOf(query: URLSearchParams): number {
  const given = query.get("limit");
  if (given === null) return PAGE_ITEMS_DEFAULT;
  const limit = /^[0-9]{1,4}$/.test(given) ? Number(given) : 0;
  if (limit >= 1 && limit <= PAGE_ITEMS_MAX) return limit;
  throw invalidMember("limit", `\`limit\` must be a whole number from 1 to ${PAGE_ITEMS_MAX}.`);
}

function isAscending(query: URLSearchParams): boolean {
  const order = query.get("order") ?? "desc";
  if (order === "asc" || order === "desc") return order === "asc";
  throw invalidMember("order", "`order` must be asc or desc.");
}

function placeAfter(items: readonly JsonObject[], after: string | null): number {
  if (after === null) return 0;
  const place = items.findIndex(({ id }) => id === after);
  if (place >= 0) return place + 1;
  throw invalidMember("after", "`after` names no input item of this response.");
}

/**
 * One page of the response's own input, the newest first unless `order=asc`.
 * @throws GatewayError invalid_request for a query that cannot be
 */
export function inputItemsPage(stored: StoredResponse, query: URLSearchParams): Buffer {
  const parsed = parseExact(stored.inputItems);
  const items = Array.isArray(parsed) ? parsed.filter(isObject) : [];
  if (!isAscending(query)) items.reverse();
  const start = placeAfter(items, query.get("after"));
  const end = start + limitOf(query);
  const data = items.slice(start, end);
  return Buffer.from(
    JSON.stringify({
      object: "list",
      data,
      first_id: data.at(0)?.["id"] ?? null,
      last_id: data.at(-1)?.["id"] ?? null,
      has_more: end < items.length,
    }),
  );
}
