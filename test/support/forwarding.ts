/**
 * Judges a body that was sent on: byte for byte by its parts, and by what the platform's own parser reads.
 */
import { isDeepStrictEqual } from "node:util";
import type { Change } from "../../src/core/changes.ts";
import type { ChatBody } from "./chat-bodies.ts";

type JsonObject = { [member: string]: unknown };

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What the client's body says once the changes are made to the values instead of the bytes. */
function changedValue({ client, target, repairs, intent }: ChatBody): unknown {
  const body: JsonObject = JSON.parse(client);
  body["model"] = target;
  if (intent.stream) {
    const options = body["stream_options"];
    body["stream_options"] = { ...(isObject(options) ? options : {}), include_usage: true };
  }
  const messages = body["messages"];
  if (repairs.has("developer_role") && Array.isArray(messages)) {
    for (const message of messages) {
      if (isObject(message) && message["role"] === "developer") message["role"] = "system";
    }
  }
  const limits = [body["max_tokens"], body["max_completion_tokens"]];
  if (repairs.has("both_token_limits") && limits.every((limit) => typeof limit === "number")) {
    delete body["max_tokens"];
  }
  return body;
}

/** What is wrong with the body that went on, or null. */
export function faultIn(body: ChatBody, sentOn: Buffer, changes: readonly Change[]): string | null {
  if (!sentOn.equals(Buffer.from(body.sentOn)))
    return "the bytes differ from the client's with the splices made";
  if (!isDeepStrictEqual(changes, body.changes)) return "the changes told are not the changes made";
  let value: unknown;
  try {
    value = JSON.parse(sentOn.toString());
  } catch {
    return "what was sent on is not JSON";
  }
  return isDeepStrictEqual(value, changedValue(body)) ? null : "a parser reads something else";
}
