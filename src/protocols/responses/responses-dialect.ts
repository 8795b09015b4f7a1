/** How clients of Responses are told of errors and of waiting: a stream ends in a response that failed. */
import { isObject, textOf } from "../chat-answer.ts";
import type { Dialect } from "../door.ts";
import { parseObject } from "../event-tap.ts";
import { openaiDialect } from "../openai-dialect.ts";
import { ResponseIds } from "./translation/ids.ts";

const MS_PER_SECOND = 1_000;

/** What is known of a response whose stream breaks. */
export type BrokenResponse = {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
};

type ToldError = { readonly code: string; readonly message: string };

/** One that has not begun: nobody can ask for it. */
export function unbegunResponse(): BrokenResponse {
  return {
    id: ResponseIds.make().response,
    createdSeconds: Math.floor(Date.now() / MS_PER_SECOND),
    model: "",
  };
}

/**
 * One event `response.failed`: Codex and the AI SDK take it for the end; of an event `error` Codex knows
 * nothing. The response has every member that OpenAI's schema requires.
 */
export function failedEvent(
  { id, createdSeconds, model }: BrokenResponse,
  { code, message }: ToldError,
  sequenceNumber: number,
): Buffer {
  const response = {
    id,
    object: "response",
    created_at: createdSeconds,
    status: "failed",
    error: { code, message },
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output: [],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
  };
  const type = "response.failed";
  const data = JSON.stringify({ type, response, sequence_number: sequenceNumber });
  return Buffer.from(`event: ${type}\ndata: ${data}\n\n`);
}

/** Ark's own code and words, of an error body of its (ark-api 14.1). */
function toldBy(body: Buffer): ToldError | null {
  const error = parseObject(body.toString("utf8"))?.["error"];
  if (!isObject(error)) return null;
  const message = textOf(error["message"]);
  return message === null ? null : { code: textOf(error["code"]) ?? "server_error", message };
}

export const responsesDialect: Dialect = {
  ...openaiDialect,
  renderErrorEvent(error) {
    return failedEvent(unbegunResponse(), error, 0);
  },
  relayErrorEvent(body) {
    const error = toldBy(body);
    return error === null ? null : failedEvent(unbegunResponse(), error, 0);
  },
};
