/** Reads and checks the input of a Responses request, and gives each item the id it is stored under. */
import { ArkRefusal } from "../error-envelope.ts";
import type { Identity, ItemKind } from "../identity.ts";
import { isObject, type JsonObject, memberOf } from "../json-value.ts";

/** An item of a conversation: what came in, or what a model answered. */
export type ConversationItem = JsonObject & { readonly id: string; readonly type: string };

/** Finds an item that was stored for the same key; null where there is none. */
export type ItemFinder = (id: string) => ConversationItem | null;

const roles = ["user", "system", "developer", "assistant"] as const;

const partSources: Readonly<Record<string, readonly string[]>> = {
  input_image: ["image_url", "file_id"],
  input_video: ["video_url", "file_id"],
  input_audio: ["audio_url", "file_id"],
  input_file: ["file_id", "file_data", "file_url"],
};

export function refuse(text: string, param: string): never {
  throw new ArkRefusal("InvalidParameter", text, param);
}

export function missing(path: string): never {
  throw new ArkRefusal("MissingParameter", `The request lacks the parameter \`${path}\`.`, path);
}

function textOf(object: JsonObject, name: string, path: string): string {
  const value = memberOf(object, name);
  if (value === undefined) return missing(`${path}.${name}`);
  if (typeof value === "string") return value;
  return refuse(`\`${path}.${name}\` must be a text.`, `${path}.${name}`);
}

function checkPart(part: unknown, path: string): void {
  if (!isObject(part)) refuse(`\`${path}\` is not an object.`, path);
  const type = memberOf(part, "type");
  if (type === "input_text" || type === "output_text") {
    textOf(part, "text", path);
    return;
  }
  const sources =
    typeof type === "string" && Object.hasOwn(partSources, type) ? partSources[type] : undefined;
  if (sources === undefined) refuse(`\`${path}.type\` is not valid: got \`${String(type)}\`.`, path);
  const given = sources.filter((name) => typeof memberOf(part, name) === "string");
  if (given.length === 0) missing(`${path}.${sources.join("|")}`);
}

function checkContent(content: unknown, path: string): void {
  if (typeof content === "string") return;
  if (content === undefined) missing(path);
  if (!Array.isArray(content)) refuse(`\`${path}\` is neither a text nor a list.`, path);
  for (const [index, part] of content.entries()) checkPart(part, `${path}[${index}]`);
}

function readRole(message: JsonObject): (typeof roles)[number] {
  const role = memberOf(message, "role");
  if (role === undefined) throw new ArkRefusal("InvalidArgumentError", "A message lacks its `role`.");
  const known = roles.find((name) => name === role);
  if (known !== undefined) return known;
  const text =
    `The parameter \`input.role\` in the request is not valid: got \`${String(role)}\`, ` +
    "expected one of `user`, `system`, `developer` and `assistant`.";
  throw new ArkRefusal("InvalidArgumentError.UnknownRole", text);
}

const idKinds: Readonly<Record<string, ItemKind>> = { function_call: "fc", reasoning: "rs" };

export class InputReader {
  readonly #identity: Identity;
  readonly #find: ItemFinder;

  constructor(identity: Identity, find: ItemFinder) {
    this.#identity = identity;
    this.#find = find;
  }

  /** Throws ArkRefusal at the first item that is wrong. */
  read(input: unknown): readonly ConversationItem[] {
    if (input === undefined) return missing("input");
    if (typeof input === "string") return [this.#readMessage({ role: "user", content: input }, "input")];
    if (!Array.isArray(input) || input.length === 0) {
      return refuse("`input` must be a text or a list that is not empty.", "input");
    }
    return input.map((item: unknown, index) => this.#readItem(item, `input[${index}]`));
  }

  #readItem(item: unknown, path: string): ConversationItem {
    if (!isObject(item)) return refuse(`\`${path}\` is not an object.`, path);
    const type = String(memberOf(item, "type") ?? "message");
    switch (type) {
      case "message":
        return this.#readMessage(item, path);
      case "function_call":
        textOf(item, "call_id", path);
        textOf(item, "name", path);
        textOf(item, "arguments", path);
        return this.#kept(item, type);
      case "function_call_output":
        textOf(item, "call_id", path);
        checkContent(memberOf(item, "output"), `${path}.output`);
        return this.#kept(item, type);
      case "item_reference":
        return this.#referred(textOf(item, "id", path), path);
      default:
        return this.#kept(item, type);
    }
  }

  #readMessage(message: JsonObject, path: string): ConversationItem {
    const role = readRole(message);
    const content = memberOf(message, "content");
    checkContent(content, `${path}.content`);
    const partType = role === "assistant" ? "output_text" : "input_text";
    const parts = typeof content === "string" ? [{ type: partType, text: content }] : content;
    const read = { type: "message", role, content: parts, id: this.#idOf(message, "msg") };
    return memberOf(message, "partial") === true ? { ...read, partial: true } : read;
  }

  #referred(id: string, path: string): ConversationItem {
    const item = this.#find(id);
    if (item !== null) return item;
    return refuse(`Item with id ${id} not found.`, `${path}.id`);
  }

  #kept(item: JsonObject, type: string): ConversationItem {
    return { ...item, type, id: this.#idOf(item, idKinds[type] ?? "msg") };
  }

  #idOf(item: JsonObject, kind: ItemKind): string {
    const id = memberOf(item, "id");
    return typeof id === "string" && id !== "" ? id : this.#identity.itemId(kind);
  }
}
