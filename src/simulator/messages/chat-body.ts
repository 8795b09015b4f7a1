/** Checks an Anthropic conversation as Ark does, and says it as a chat body: both count and answer alike. */
import { ArkRefusal } from "../error-envelope.ts";
import { isObject, type JsonObject, memberOf } from "../json-value.ts";

function refuse(text: string, param: string): never {
  throw new ArkRefusal("InvalidParameter", text, param);
}

function missing(name: string): never {
  throw new ArkRefusal("MissingParameter", `The request lacks the parameter \`${name}\`.`, name);
}

function blocksOf(content: unknown, path: string): readonly JsonObject[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) return refuse(`\`${path}\` must be a text or a list of blocks.`, path);
  return content.map((block: unknown) =>
    isObject(block) ? block : refuse(`\`${path}\` holds what is no block.`, path),
  );
}

function textIn(block: JsonObject, path: string): string {
  const text = memberOf(block, "text");
  return typeof text === "string" ? text : refuse(`A text block of \`${path}\` lacks its text.`, path);
}

/** The text of a block that holds nothing else, such as one of a tool's result. */
function joinedText(content: unknown, path: string): string {
  if (content === undefined) return "";
  return blocksOf(content, path)
    .map((block) => (block["type"] === "text" ? textIn(block, path) : JSON.stringify(block)))
    .join("\n");
}

function mediaPart(block: JsonObject, path: string): JsonObject {
  const source = memberOf(block, "source");
  if (!isObject(source)) return refuse(`A block of \`${path}\` lacks its source.`, path);
  const url =
    source["type"] === "base64" ? `data:${source["media_type"]};base64,${source["data"]}` : source["url"];
  if (block["type"] === "image") return { type: "image_url", image_url: { url } };
  if (source["type"] === "text") return { type: "text", text: String(source["data"]) };
  return { type: "file", file: { file_url: url, file_id: source["file_id"] } };
}

type Turn = { readonly role: "user" | "assistant"; readonly blocks: readonly JsonObject[] };

function readTurn(message: unknown, index: number): Turn {
  const path = `messages[${index}]`;
  if (!isObject(message)) return refuse(`\`${path}\` is not an object.`, path);
  const role = memberOf(message, "role");
  if (role !== "user" && role !== "assistant") {
    const got = `The parameter \`messages.role\` in the request is not valid: got \`${String(role)}\``;
    return refuse(`${got}, expected one of \`user\` and \`assistant\`.`, "messages.role");
  }
  return { role, blocks: blocksOf(memberOf(message, "content"), `${path}.content`) };
}

/** Thoughts that come back count nothing, as on chat. */
function assistantMessage({ blocks }: Turn, path: string): JsonObject {
  const calls: JsonObject[] = [];
  const texts: string[] = [];
  for (const block of blocks) {
    switch (block["type"]) {
      case "text":
        texts.push(textIn(block, path));
        break;
      case "tool_use": {
        const described = { name: block["name"], arguments: JSON.stringify(block["input"] ?? {}) };
        calls.push({ id: block["id"], type: "function", function: described });
        break;
      }
      case "thinking":
        if (typeof block["signature"] !== "string")
          refuse(`A thinking block of \`${path}\` is unsigned.`, path);
        break;
      case "redacted_thinking":
        break;
      default:
        refuse(`\`${path}\` has a block of type \`${String(block["type"])}\`.`, path);
    }
  }
  return {
    role: "assistant",
    content: texts.join("\n"),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function userMessages({ blocks }: Turn, path: string): readonly JsonObject[] {
  const results: JsonObject[] = [];
  const parts: JsonObject[] = [];
  for (const block of blocks) {
    switch (block["type"]) {
      case "text":
        parts.push({ type: "text", text: textIn(block, path) });
        break;
      case "image":
      case "document":
        parts.push(mediaPart(block, path));
        break;
      case "tool_result":
        if (typeof block["tool_use_id"] !== "string") missing(`${path}.tool_use_id`);
        results.push({
          role: "tool",
          tool_call_id: block["tool_use_id"],
          content: joinedText(memberOf(block, "content"), path),
        });
        break;
      default:
        refuse(`\`${path}\` has a block of type \`${String(block["type"])}\`.`, path);
    }
  }
  const [only] = parts;
  const content = parts.length === 1 && only?.["type"] === "text" ? only["text"] : parts;
  return parts.length === 0 ? results : [...results, { role: "user", content }];
}

function chatMessages(body: JsonObject): readonly JsonObject[] {
  const list = memberOf(body, "messages");
  if (list === undefined) missing("messages");
  if (!Array.isArray(list) || list.length === 0) return refuse("`messages` must hold a message.", "messages");
  const system = memberOf(body, "system");
  const first = system === undefined ? [] : [{ role: "system", content: joinedText(system, "system") }];
  const turns = list.flatMap((message: unknown, index) => {
    const turn = readTurn(message, index);
    const path = `messages[${index}].content`;
    return turn.role === "user" ? userMessages(turn, path) : [assistantMessage(turn, path)];
  });
  return [...first, ...turns];
}

/** Only what the client runs itself; what Ark would run is not simulated. */
function chatTools(tools: unknown): readonly JsonObject[] | undefined {
  if (tools === undefined) return undefined;
  if (!Array.isArray(tools)) return refuse("`tools` must be a list.", "tools");
  const own = tools.filter((tool) => isObject(tool) && isObject(memberOf(tool, "input_schema")));
  if (own.length === 0) return undefined;
  return own.map((tool: JsonObject) => ({
    type: "function",
    function: { name: tool["name"], description: tool["description"], parameters: tool["input_schema"] },
  }));
}

const choices: Readonly<Record<string, string>> = { auto: "auto", any: "required", none: "none" };

function chatToolChoice(choice: unknown): unknown {
  if (choice === undefined) return undefined;
  const type = isObject(choice) ? choice["type"] : undefined;
  if (isObject(choice) && type === "tool") return { type: "function", function: { name: choice["name"] } };
  return (
    choices[String(type)] ?? refuse("`tool_choice.type` is not auto, any, tool or none.", "tool_choice.type")
  );
}

function chatThinking(thinking: unknown): JsonObject | undefined {
  if (thinking === undefined) return undefined;
  const type = isObject(thinking) ? thinking["type"] : undefined;
  if (type === "disabled") return { type: "disabled" };
  if (type === "enabled" || type === "adaptive") return { type: "enabled" };
  return refuse("`thinking.type` is not enabled, adaptive or disabled.", "thinking.type");
}

/** `severalToolCalls` of the simulator's chat is asked for, not the default. */
function allowsSeveral(choice: unknown): boolean {
  return isObject(choice) && memberOf(choice, "disable_parallel_tool_use") === false;
}

/**
 * The chat body of an Anthropic body; `max_tokens` bounds the answer alone, as on chat (unconfirmed).
 * @param isCounting the request asks for its tokens only: it needs no `max_tokens`
 * @throws ArkRefusal
 */
export function chatBodyOf(body: JsonObject, isCounting: boolean): JsonObject {
  const messages = chatMessages(body);
  const maxTokens = memberOf(body, "max_tokens");
  if (maxTokens === undefined && !isCounting) missing("max_tokens");
  const output = memberOf(body, "output_config");
  const choice = memberOf(body, "tool_choice");
  const tier = memberOf(body, "service_tier");
  return {
    model: memberOf(body, "model"),
    stream: memberOf(body, "stream"),
    temperature: memberOf(body, "temperature"),
    top_p: memberOf(body, "top_p"),
    max_tokens: maxTokens,
    messages,
    tools: chatTools(memberOf(body, "tools")),
    tool_choice: chatToolChoice(choice),
    parallel_tool_calls: allowsSeveral(choice),
    thinking: chatThinking(memberOf(body, "thinking")),
    reasoning_effort: isObject(output) ? memberOf(output, "effort") : undefined,
    service_tier: tier === "standard_only" ? "default" : tier,
  };
}
