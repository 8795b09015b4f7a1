/** Translates the content blocks of Messages into the parts of chat messages. */
import type { ChatPart, JsonObject } from "../../../core/chat.ts";
import { isObject, textOf } from "../../chat-answer.ts";
import { arrayAt, objectAt, stringAt } from "../../client-json.ts";
import { invalidMember } from "../../read-members.ts";

/** Between blocks that become one text. */
export const PARAGRAPH = "\n\n";

export function textPart(text: string): ChatPart {
  return { type: "text", text };
}

/** None for an empty text: Ark takes no such part. */
function textParts(text: string): readonly ChatPart[] {
  return text === "" ? [] : [textPart(text)];
}

/** A string stands for one text block. @throws GatewayError invalid_request */
export function blocksAt(content: unknown, path: string): readonly JsonObject[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return arrayAt(content, path).map((block, index) => objectAt(block, `${path}.${index}`));
}

/** `data:image/png;base64,...`: Ark wants it whole, and its subtype in lower case (ark-api 16, 24). */
function dataUrl(source: JsonObject, path: string): string {
  const mediaType = stringAt(source, "media_type", path).toLowerCase();
  return `data:${mediaType};base64,${stringAt(source, "data", path)}`;
}

function unknownSource(path: string, kind: string): never {
  throw invalidMember(
    `${path}.type`,
    `\`${path}.type\` is none that ${kind} can have. See Anthropic's Messages API.`,
  );
}

function imagePart(block: JsonObject, path: string): ChatPart {
  const source = objectAt(block["source"], `${path}.source`);
  switch (source["type"]) {
    case "base64":
      return { type: "image_url", image_url: { url: dataUrl(source, `${path}.source`) } };
    case "url":
      return { type: "image_url", image_url: { url: stringAt(source, "url", `${path}.source`) } };
    case "file":
      return { type: "image_url", image_url: { file_id: stringAt(source, "file_id", `${path}.source`) } };
    default:
      return unknownSource(`${path}.source`, "an image");
  }
}

/** Its title and context, then what it says. */
function described(block: JsonObject, text: string): string {
  const head = [textOf(block["title"]), textOf(block["context"])].filter((line) => line !== null);
  return [...head, text].filter((line) => line !== "").join("\n");
}

function documentParts(block: JsonObject, path: string): readonly ChatPart[] {
  const at = `${path}.source`;
  const source = objectAt(block["source"], at);
  const title = textOf(block["title"]);
  const named = title === null ? {} : { filename: title };
  switch (source["type"]) {
    case "base64":
      return [{ type: "file", file: { file_data: dataUrl(source, at), filename: title ?? "document.pdf" } }];
    case "url":
      return [{ type: "file", file: { file_url: stringAt(source, "url", at), ...named } }];
    case "file":
      return [{ type: "file", file: { file_id: stringAt(source, "file_id", at), ...named } }];
    case "text":
      return textParts(described(block, stringAt(source, "data", at)));
    case "content":
      return [
        ...textParts(described(block, "")),
        ...blocksAt(source["content"], `${at}.content`).flatMap((inner, index) =>
          partsOf(inner, `${at}.content.${index}`),
        ),
      ];
    default:
      return unknownSource(at, "a document");
  }
}

function searchResultParts(block: JsonObject, path: string): readonly ChatPart[] {
  const texts = blocksAt(block["content"], `${path}.content`).map(({ text }) => textOf(text));
  const lines = [textOf(block["title"]), textOf(block["source"]), ...texts];
  return textParts(lines.filter((line) => line !== null).join("\n"));
}

/**
 * The parts of a block of a user's, or of a tool's result. What only Anthropic's own service puts there, or
 * reads, is left out; so is empty text.
 * @throws GatewayError invalid_request for a block that lacks what its type must have
 */
export function partsOf(block: JsonObject, path: string): readonly ChatPart[] {
  switch (block["type"]) {
    case "text":
      return textParts(stringAt(block, "text", path));
    case "image":
      return [imagePart(block, path)];
    case "document":
      return documentParts(block, path);
    case "search_result":
      return searchResultParts(block, path);
    case "tool_reference":
      return [textPart(`Tool: ${stringAt(block, "tool_name", path)}`)];
    case undefined:
      throw invalidMember(`${path}.type`, `\`${path}.type\` is missing: every content block has a type.`);
    default:
      return [];
  }
}

/** A change of the tools in the middle of a conversation, in words. */
function toolChange(block: JsonObject): string {
  const tool = isObject(block["tool"]) ? block["tool"] : {};
  const definition = isObject(tool["definition"]) ? tool["definition"] : {};
  const name = textOf(tool["name"]) ?? textOf(definition["name"]);
  if (name === null) return "";
  const change = block["type"] === "tool_addition" ? "now" : "no longer";
  return `The tool ${name} is ${change} available.`;
}

/** The text of system blocks. @throws GatewayError invalid_request */
export function systemText(content: unknown, path: string): string {
  const texts = blocksAt(content, path).map((block, index) => {
    const type = block["type"];
    if (type === "tool_addition" || type === "tool_removal") return toolChange(block);
    return type === "text" ? stringAt(block, "text", `${path}.${index}`) : "";
  });
  return texts.filter((text) => text !== "").join(PARAGRAPH);
}

/** One string where all is text (old models take no arrays, ark-api 16, 11). */
export function contentOf(parts: readonly ChatPart[]): string | readonly ChatPart[] {
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return texts.length === parts.length ? texts.join(PARAGRAPH) : parts;
}
