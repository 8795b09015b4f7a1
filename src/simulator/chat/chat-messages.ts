/** Reads and checks the messages of a chat request: roles, parts, tool turns (ark-api 4.2). */
import { ArkRefusal } from "../error-envelope.ts";
import { isObject, type JsonObject, memberOf } from "../json-value.ts";
import { countTokens } from "./tokenizer.ts";

const roles = ["system", "user", "assistant", "tool"] as const;
export type Role = (typeof roles)[number] | "developer";

export type ChatMessages = {
  readonly lastRole: Role;
  /** All that the model reads, in one text; equal beginnings of it are what the prompt cache finds. */
  readonly prompt: string;
  readonly promptTokens: number;
  readonly hasImages: boolean;
};

const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_MEDIA_PART = 256;

const mediaParts = ["image_url", "video_url", "input_audio", "file"] as const;

function refuse(text: string, param = ""): never {
  throw new ArkRefusal("InvalidParameter", text, param);
}

function readRole(message: JsonObject, strict: boolean): Role {
  const role = memberOf(message, "role");
  if (role === undefined) throw new ArkRefusal("InvalidArgumentError", "A message lacks its `role`.");
  const known = roles.find((name) => name === role);
  if (known !== undefined) return known;
  if (role === "developer" && !strict) return "developer";
  return refuse(
    `The parameter \`messages.role\` in the request is not valid: got \`${String(role)}\`, ` +
      "expected one of `system`, `assistant`, `user` and `tool`.",
  );
}

class MessageReader {
  readonly #strict: boolean;
  readonly #texts: string[] = [];
  #tokens = 0;
  #hasImages = false;

  constructor(strict: boolean) {
    this.#strict = strict;
  }

  read(messages: readonly unknown[]): ChatMessages {
    let lastRole: Role = "user";
    for (const [index, message] of messages.entries()) {
      if (!isObject(message)) refuse(`\`messages[${index}]\` is not an object.`, "messages");
      lastRole = readRole(message, this.#strict);
      this.#add(lastRole, 0);
      this.#tokens += TOKENS_PER_MESSAGE;
      this.#readMessage(message, lastRole, index);
    }
    const prompt = this.#texts.join("\n");
    return { lastRole, prompt, promptTokens: this.#tokens, hasImages: this.#hasImages };
  }

  #add(text: string, tokens: number): void {
    this.#texts.push(text);
    this.#tokens += tokens;
  }

  #readMessage(message: JsonObject, role: Role, index: number): void {
    const content = memberOf(message, "content");
    const toolCalls = memberOf(message, "tool_calls");
    if (typeof content === "string") this.#add(content, countTokens(content));
    else if (Array.isArray(content)) this.#readParts(content, role, index);
    else if (content !== undefined) refuse(`\`messages[${index}].content\` is neither a text nor a list.`);
    else if (this.#strict && !(role === "assistant" && toolCalls !== undefined)) {
      const text = `The request lacks \`messages.content\` in message ${index}.`;
      throw new ArkRefusal("MissingParameter", text, "messages.content");
    }
    if (toolCalls !== undefined) {
      const text = JSON.stringify(toolCalls);
      this.#add(text, countTokens(text));
    }
    if (role === "tool" && this.#strict && typeof memberOf(message, "tool_call_id") !== "string") {
      const text = `The request lacks \`messages.tool_call_id\` in message ${index}.`;
      throw new ArkRefusal("MissingParameter", text, "messages.tool_call_id");
    }
  }

  #readParts(parts: readonly unknown[], role: Role, index: number): void {
    if (role === "tool" && this.#strict) refuse(`\`messages[${index}].content\` of a tool must be a text.`);
    for (const part of parts) {
      const type = isObject(part) ? memberOf(part, "type") : undefined;
      if (!isObject(part) || type === undefined)
        refuse(`\`messages[${index}].content\` has a part without type.`);
      if (type === "text") {
        const text = memberOf(part, "text");
        if (typeof text !== "string") refuse(`\`messages[${index}].content\` has a text part without text.`);
        this.#add(text, countTokens(text));
      } else if (mediaParts.some((name) => name === type)) {
        if (type === "image_url") this.#hasImages = true;
        this.#add(JSON.stringify(part), TOKENS_PER_MEDIA_PART);
      } else {
        refuse(
          `The parameter \`messages.content.type\` in the request is not valid: got \`${String(type)}\`, ` +
            "expected one of `text`, `image_url`, `video_url`, `input_audio` and `file`.",
        );
      }
    }
  }
}

/** `strict` is the state before the notice of 2026-09-09, which announced that much of this is let pass. */
export function readMessages(value: unknown, strict: boolean): ChatMessages {
  if (value === undefined) {
    throw new ArkRefusal("MissingParameter", "The request lacks the parameter `messages`.", "messages");
  }
  if (!Array.isArray(value) || value.length === 0)
    refuse("`messages` must be a list that is not empty.", "messages");
  return new MessageReader(strict).read(value);
}
