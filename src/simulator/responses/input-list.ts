/** Lists what a stored response was asked: `GET /responses/{id}/input_items` (ark-api 5.2). */
import { isObject, type JsonObject } from "../json-value.ts";
import { type ConversationItem, refuse } from "./input-items.ts";

export type ListQuery = {
  readonly after: string | null;
  readonly before: string | null;
  readonly limit: number;
  readonly order: "asc" | "desc";
  readonly include: ReadonlySet<string>;
};

const LIMIT_MAX = 100;
const LIMIT_BY_DEFAULT = 20;

/** What is only shown to those who ask for it, by the part that it is a member of. */
const shownOnDemand: Readonly<Record<string, { readonly member: string; readonly include: string }>> = {
  input_image: { member: "image_url", include: "message.input_image.image_url" },
  input_audio: { member: "audio_url", include: "message.input_audio.audio_url" },
};

function readLimit(value: string | null): number {
  if (value === null) return LIMIT_BY_DEFAULT;
  const limit = Number(value);
  if (/^\d+$/.test(value) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  return refuse(
    `The parameter \`limit\` in the request is not valid: must be from 1 to ${LIMIT_MAX}.`,
    "limit",
  );
}

function readOrder(value: string | null): "asc" | "desc" {
  if (value === null || value === "desc") return "desc";
  return value === "asc" ? "asc" : refuse("`order` must be asc or desc.", "order");
}

/** The query of a request target. Throws ArkRefusal where a value is not allowed. */
export function readListQuery(query: string): ListQuery {
  const given = new URLSearchParams(query);
  return {
    after: given.get("after"),
    before: given.get("before"),
    limit: readLimit(given.get("limit")),
    order: readOrder(given.get("order")),
    include: new Set([...given.getAll("include[]"), ...given.getAll("include")]),
  };
}

function shownPart(part: unknown, include: ReadonlySet<string>): unknown {
  if (!isObject(part)) return part;
  const type = String(part["type"]);
  const hidden = Object.hasOwn(shownOnDemand, type) ? shownOnDemand[type] : undefined;
  if (hidden === undefined || include.has(hidden.include)) return part;
  return { ...part, [hidden.member]: undefined };
}

function shownItem(item: ConversationItem, include: ReadonlySet<string>): JsonObject {
  const content = item["content"];
  if (item.type !== "message" || !Array.isArray(content)) return item;
  return { ...item, content: content.map((part) => shownPart(part, include)) };
}

function indexOf(items: readonly ConversationItem[], id: string, name: string): number {
  const index = items.findIndex((item) => item.id === id);
  return index >= 0 ? index : refuse(`\`${name}\` names no item of this response.`, name);
}

/** The list's JSON; `items` are oldest first. Throws ArkRefusal where `after` or `before` names no item. */
export function renderInputList(items: readonly ConversationItem[], query: ListQuery): string {
  const ordered = query.order === "asc" ? items : items.toReversed();
  const from = query.after === null ? 0 : indexOf(ordered, query.after, "after") + 1;
  const to = query.before === null ? ordered.length : indexOf(ordered, query.before, "before");
  const between = ordered.slice(from, Math.max(from, to));
  const page = between.slice(0, query.limit);
  return JSON.stringify({
    object: "list",
    data: page.map((item) => shownItem(item, query.include)),
    first_id: page[0]?.id ?? "",
    last_id: page.at(-1)?.id ?? "",
    has_more: between.length > page.length,
  });
}
