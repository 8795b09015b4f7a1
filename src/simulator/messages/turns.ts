/** Checks an Anthropic conversation as Ark does, and says it as chat's messages: both count alike. */
import { isObject, type JsonObject, memberOf } from "../json-value.ts";
import { missing, refuse } from "./refusals.ts";

/** Characters of base64, plain or for addresses: what Ark seals is nothing else. */
const SEALED = /^[A-Za-z0-9+/_-]+=*$/;

type Turn = { readonly role: "system" | "user" | "assistant"; readonly blocks: readonly JsonObject[] };

function blocksOf(content: unknown, path: string): readonly JsonObject[] {
  if (content === undefined) return missing(path);
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) return refuse(`\`${path}\` must be a text or a list of blocks.`, path);
  return content.map((block: unknown) => {
    if (isObject(block) && typeof block["type"] === "string") return block;
    return refuse(`\`${path}\` holds a block without a type.`, path);
  });
}

function textIn(block: JsonObject, path: string): string {
  const text = memberOf(block, "text");
  return typeof text === "string" ? text : refuse(`A text block of \`${path}\` lacks its text.`, path);
}

function unknownBlock(block: JsonObject, path: string, expected: string): never {
  const got = `The parameter \`${path}.type\` in the request is not valid: got \`${String(block["type"])}\``;
  return refuse(`${got}, expected one of ${expected}.`, `${path}.type`);
}

function textMember(source: JsonObject, name: string, path: string): string {
  const value = memberOf(source, name);
  return typeof value === "string" && value !== "" ? value : missing(`${path}.source.${name}`);
}

/** The address of what a source holds, or the address it is. */
function addressOf(source: JsonObject, path: string): string {
  if (source["type"] === "url") return textMember(source, "url", path);
  return `data:${textMember(source, "media_type", path)};base64,${textMember(source, "data", path)}`;
}

/** An image or a document as a part of chat's. */
function mediaPart(block: JsonObject, path: string): JsonObject {
  const source = memberOf(block, "source");
  if (!isObject(source)) return missing(`${path}.source`);
  const kind = source["type"];
  if (kind === "file") return { type: "file", file: { file_id: textMember(source, "file_id", path) } };
  if (kind === "text" && block["type"] === "document") {
    return { type: "text", text: textMember(source, "data", path) };
  }
  if (kind !== "base64" && kind !== "url") {
    return refuse(`\`${path}.source.type\` is not valid: got \`${String(kind)}\`.`, `${path}.source.type`);
  }
  const url = addressOf(source, path);
  return block["type"] === "image"
    ? { type: "image_url", image_url: { url } }
    : { type: "file", file: { file_url: url } };
}

/** Text stays text where it is alone, so that it counts as the same words on chat do. */
function contentOf(parts: readonly JsonObject[]): unknown {
  const [only] = parts;
  return parts.length === 1 && only?.["type"] === "text" ? only["text"] : parts;
}

function partOf(block: JsonObject, path: string, expected: string): JsonObject {
  switch (block["type"]) {
    case "text":
      return { type: "text", text: textIn(block, path) };
    case "image":
    case "document":
      return mediaPart(block, path);
    default:
      return unknownBlock(block, path, expected);
  }
}

function toolMessage(block: JsonObject, path: string): JsonObject {
  const content = memberOf(block, "content");
  const inside = `${path}.content`;
  const blocks = content === undefined ? [] : blocksOf(content, inside);
  const parts = blocks.map((part) => partOf(part, inside, "`text`, `image` and `document`"));
  const id = memberOf(block, "tool_use_id");
  if (typeof id !== "string") missing(`${path}.tool_use_id`);
  return { role: "tool", tool_call_id: id, content: parts.length === 0 ? "" : contentOf(parts) };
}

function userMessages({ blocks }: Turn, path: string): readonly JsonObject[] {
  const results: JsonObject[] = [];
  const parts: JsonObject[] = [];
  for (const block of blocks) {
    if (block["type"] === "tool_result") results.push(toolMessage(block, path));
    else parts.push(partOf(block, path, "`text`, `image`, `document` and `tool_result`"));
  }
  return parts.length === 0 ? results : [...results, { role: "user", content: contentOf(parts) }];
}

function toolCall(block: JsonObject, path: string): JsonObject {
  const id = memberOf(block, "id");
  const name = memberOf(block, "name");
  const input = memberOf(block, "input");
  if (typeof id !== "string") missing(`${path}.id`);
  if (typeof name !== "string") missing(`${path}.name`);
  if (!isObject(input)) return refuse(`\`${path}.input\` must be an object.`, `${path}.input`);
  return { id, type: "function", function: { name, arguments: JSON.stringify(input) } };
}

/** What Ark itself has not sealed it cannot open: an error until the notice of 2026-09-09, nothing since. */
function checkSeal(block: JsonObject, member: "signature" | "data", path: string): void {
  const sealed = memberOf(block, member);
  if (typeof sealed !== "string") missing(`${path}.${member}`);
  if (!SEALED.test(sealed)) refuse(`\`${path}.${member}\` is an invalid signature.`, `${path}.${member}`);
}

/** Thoughts that come back count nothing, as on chat. */
function assistantMessage({ blocks }: Turn, path: string, strict: boolean): JsonObject {
  const calls: JsonObject[] = [];
  const texts: string[] = [];
  for (const block of blocks) {
    switch (block["type"]) {
      case "text":
        texts.push(textIn(block, path));
        break;
      case "tool_use":
        calls.push(toolCall(block, path));
        break;
      case "thinking":
        if (strict) checkSeal(block, "signature", path);
        break;
      case "redacted_thinking":
        if (strict) checkSeal(block, "data", path);
        break;
      default:
        unknownBlock(block, path, "`text`, `thinking`, `redacted_thinking` and `tool_use`");
    }
  }
  const content = texts.join("\n");
  return { role: "assistant", content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}

function joinedText(blocks: readonly JsonObject[], path: string): string {
  return blocks
    .map((block) => (block["type"] === "text" ? textIn(block, path) : unknownBlock(block, path, "`text`")))
    .join("\n");
}

function readRole(message: JsonObject, strict: boolean): Turn["role"] {
  const role = memberOf(message, "role");
  if (role === undefined) return missing("messages.role");
  if (role === "user" || role === "assistant" || (role === "system" && !strict)) return role;
  const got = `The parameter \`messages.role\` in the request is not valid: got \`${String(role)}\``;
  return refuse(`${got}, expected one of \`user\` and \`assistant\`.`, "messages.role");
}

function messagesOf(message: unknown, index: number, strict: boolean): readonly JsonObject[] {
  const path = `messages[${index}]`;
  if (!isObject(message)) return refuse(`\`${path}\` is not an object.`, "messages");
  const role = readRole(message, strict);
  const turn = { role, blocks: blocksOf(memberOf(message, "content"), `${path}.content`) };
  switch (role) {
    case "system":
      return [{ role, content: joinedText(turn.blocks, `${path}.content`) }];
    case "user":
      return userMessages(turn, `${path}.content`);
    case "assistant":
      return [assistantMessage(turn, `${path}.content`, strict)];
    default:
      return role satisfies never;
  }
}

/**
 * Chat's messages for `system` and `messages`. `strict` is the state before the notice of 2026-09-09: no role
 * but user and assistant, and no signature that Ark has not made.
 * @throws ArkRefusal
 */
export function chatMessages(body: JsonObject, strict: boolean): readonly JsonObject[] {
  const list = memberOf(body, "messages");
  if (list === undefined) missing("messages");
  if (!Array.isArray(list) || list.length === 0) {
    return refuse("`messages` must be a list that is not empty.", "messages");
  }
  const system = memberOf(body, "system");
  const first =
    system === undefined
      ? []
      : [{ role: "system", content: joinedText(blocksOf(system, "system"), "system") }];
  return [...first, ...list.flatMap((message: unknown, index) => messagesOf(message, index, strict))];
}
