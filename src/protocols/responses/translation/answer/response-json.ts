/** A response as an object: what it is, what came of it, and what was asked for. */
import type { ChatFinish } from "../../../../core/chat.ts";
import type { ErrorFacts } from "../../../../core/errors.ts";
import type { Usage } from "../../../../core/usage.ts";
import type { ChatHead } from "../../../chat-answer.ts";
import type { AnswerTraits } from "./answer-traits.ts";

/** How far a response has come. */
export type ResponseState =
  | { readonly status: "in_progress" | "completed" }
  | { readonly status: "incomplete"; readonly reason: "max_output_tokens" | "content_filter" }
  | { readonly status: "failed"; readonly error: ErrorFacts };

/** Why the model stopped, as a state: a good end, or what cut it. */
export function stateOf(finish: ChatFinish): ResponseState {
  switch (finish) {
    case "length":
      return { status: "incomplete", reason: "max_output_tokens" };
    case "content_filter":
      return { status: "incomplete", reason: "content_filter" };
    case "stop":
    case "tool_calls":
      return { status: "completed" };
  }
}

/** As Responses tell it; Ark says nothing of what is written to its cache. */
export function responseUsage({
  inputTokens,
  cachedInputTokens,
  outputTokens,
  reasoningTokens,
}: Usage): object {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}

function endOf(state: ResponseState): string {
  const { status } = state;
  const error =
    status === "failed" ? JSON.stringify({ code: state.error.code, message: state.error.message }) : null;
  const incomplete = status === "incomplete" ? JSON.stringify({ reason: state.reason }) : null;
  return `"error":${error},"incomplete_details":${incomplete}`;
}

/** The response's JSON. `output` are the items, each in JSON; usage is left out where there is none. */
export function responseJson(
  traits: AnswerTraits,
  head: ChatHead | null,
  state: ResponseState,
  output: readonly string[],
  usage: Usage | null,
): string {
  const model = JSON.stringify(head === null || head.model === "" ? traits.model : head.model);
  const tier = head === null ? null : head.serviceTier;
  return (
    `{"id":"${traits.ids.response}","object":"response","created_at":${traits.createdSeconds},` +
    `"status":"${state.status}",${endOf(state)},"model":${model},"output":[${output.join(",")}],` +
    `${traits.echoes},"service_tier":${JSON.stringify(tier)}` +
    `${usage === null ? "" : `,"usage":${JSON.stringify(responseUsage(usage))}`}}`
  );
}
