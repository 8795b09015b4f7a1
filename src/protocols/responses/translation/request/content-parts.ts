/** Translates the content parts of Responses items into the parts of chat messages. */
import type { ChatPart, JsonObject } from "../../../../core/chat.ts";
import { textOf } from "../../../chat-answer.ts";
import { arrayAt, objectAt, stringAt } from "../../../client-json.ts";
import { invalidMember } from "../../../read-members.ts";

/** Between texts that become one. */
export const PARAGRAPH = "\n\n";

export function textPart(text: string): ChatPart {
  return { type: "text", text };
}

/** Those that are given, as members. */
function given(members: Readonly<Record<string, string | null>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(members)) if (value !== null) kept[name] = value;
  return kept;
}

/** Ark wants the type of a data URL in lower case (ark-api 16, 24). */
function lowerCaseType(url: string): string {
  const comma = url.slice(0, 5).toLowerCase() === "data:" ? url.indexOf(",") : -1;
  return comma < 0 ? url : url.slice(0, comma).toLowerCase() + url.slice(comma);
}

function urlOf(value: unknown): string | null {
  const url = textOf(value);
  return url === null ? null : lowerCaseType(url);
}

function lacks(path: string, members: string): never {
  throw invalidMember(path, `\`${path}\` needs one of ${members}.`);
}

/** `image_url` is a string here; chat's object of that name is understood too. */
function imagePart(part: JsonObject, path: string): ChatPart {
  const image = part["image_url"];
  const nested = typeof image === "object" && image !== null ? (image as JsonObject) : null;
  const source = given({ url: urlOf(nested?.["url"] ?? image), file_id: textOf(part["file_id"]) });
  if (Object.keys(source).length === 0) return lacks(path, "`image_url` or `file_id`");
  const detail = textOf(part["detail"] ?? nested?.["detail"]);
  return { type: "image_url", image_url: { ...source, ...given({ detail }) } };
}

function videoPart(part: JsonObject, path: string): ChatPart {
  const source = given({ url: urlOf(part["video_url"]), file_id: textOf(part["file_id"]) });
  if (Object.keys(source).length === 0) return lacks(path, "`video_url` or `file_id`");
  return { type: "video_url", video_url: source };
}

/** OpenAI's `{data, format}`, or Ark's `audio_url`. */
function audioPart(part: JsonObject, path: string): ChatPart {
  const url = urlOf(part["audio_url"]);
  if (url !== null) return { type: "input_audio", input_audio: { url } };
  const audio = objectAt(part["input_audio"], `${path}.input_audio`);
  return { type: "input_audio", input_audio: audio };
}

/** Bare base64 is taken for the one type of file that Ark reads (ark-api 4.2). */
function fileData(value: unknown): string | null {
  const data = textOf(value);
  return data === null || /^data:/i.test(data) ? urlOf(data) : `data:application/pdf;base64,${data}`;
}

function filePart(part: JsonObject, path: string): ChatPart {
  const source = given({
    file_data: fileData(part["file_data"]),
    file_url: textOf(part["file_url"]),
    file_id: textOf(part["file_id"]),
  });
  if (Object.keys(source).length === 0) return lacks(path, "`file_data`, `file_url` or `file_id`");
  return { type: "file", file: { ...source, ...given({ filename: textOf(part["filename"]) }) } };
}

/** Of one part: none where its text is empty. */
function partOf(part: JsonObject, path: string): readonly ChatPart[] {
  switch (part["type"]) {
    case "input_text":
    case "output_text":
    case "text":
    case "summary_text":
    case "reasoning_text": {
      const text = stringAt(part, "text", path);
      return text === "" ? [] : [textPart(text)];
    }
    case "refusal":
      return textOf(part["refusal"]) === null ? [] : [textPart(stringAt(part, "refusal", path))];
    case "input_image":
    case "image_url":
    case "computer_screenshot":
      return [imagePart(part, path)];
    case "input_file":
      return [filePart(part, path)];
    case "input_audio":
      return [audioPart(part, path)];
    case "input_video":
      return [videoPart(part, path)];
    default:
      throw invalidMember(
        `${path}.type`,
        `\`${path}.type\` is no kind of content that this model can be given. Send input_text, input_image, ` +
          "input_file, input_audio or output_text.",
      );
  }
}

/**
 * The parts of an item's content: a string, an array of parts, or nothing. Empty text is left out.
 * @throws GatewayError invalid_request
 */
export function partsOf(content: unknown, path: string): readonly ChatPart[] {
  if (typeof content === "string") return content === "" ? [] : [textPart(content)];
  return arrayAt(content, path).flatMap((part, index) => {
    const at = `${path}[${index}]`;
    return partOf(objectAt(part, at), at);
  });
}

/** The texts among them, as one. */
export function joinedText(parts: readonly ChatPart[]): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(PARAGRAPH);
}

/** One string where all is text (old models take no arrays, ark-api 16, 11). */
export function contentOf(parts: readonly ChatPart[]): string | readonly ChatPart[] {
  return parts.every(({ type }) => type === "text") ? joinedText(parts) : parts;
}
