/** Renders a planned reply as a `response` object, its keys in Ark's order (ark-api 5.5). */
import type { ChatPlan, PlannedToolCall } from "../chat/chat-plan.ts";
import type { TokenCounts } from "../chat/chat-usage.ts";
import type { Token } from "../chat/prose.ts";
import type { Identity, ItemKind } from "../identity.ts";
import { isObject, memberOf } from "../json-value.ts";
import type { ResponsesRequest } from "./responses-request.ts";

export type ResponseEnvelope = {
  /** `resp_` and the request's id. */
  readonly id: string;
  readonly createdS: number;
  readonly model: string;
  readonly serviceTier: "default" | "fast";
  /** Null where the response is not stored. */
  readonly expireAtS: number | null;
};

/** One item of the output; `tokens` are its text, or its arguments, token by token. */
export type OutputItem =
  | {
      readonly kind: "reasoning";
      readonly id: string;
      readonly tokens: readonly Token[];
      readonly sealed: string | null;
    }
  | { readonly kind: "message"; readonly id: string; readonly tokens: readonly Token[] }
  | {
      readonly kind: "function_call";
      readonly id: string;
      readonly tokens: readonly Token[];
      readonly call: PlannedToolCall;
    };

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** Where a response ends: all was said, a limit cut it, or the model broke. */
export type ResponseEnd =
  | { readonly status: "completed" | "incomplete" }
  | { readonly status: "failed"; readonly code: string; readonly message: string };

const itemKinds = {
  reasoning: "rs",
  message: "msg",
  function_call: "fc",
} as const satisfies Record<OutputItem["kind"], ItemKind>;

/** The items of a plan in the order in which they are said. */
export function outputItemsOf(
  plan: ChatPlan,
  includesSealed: boolean,
  identity: Identity,
): readonly OutputItem[] {
  const id = (kind: OutputItem["kind"]): string => identity.itemId(itemKinds[kind]);
  const items: OutputItem[] = [];
  if (plan.thoughts.length > 0) {
    const sealed = includesSealed ? plan.encryptedContent : null;
    items.push({ kind: "reasoning", id: id("reasoning"), tokens: plan.thoughts, sealed });
  }
  const isSilent = plan.toolCalls.length > 0 || plan.finishReason === "length";
  if (plan.content.length > 0 || !isSilent) {
    items.push({ kind: "message", id: id("message"), tokens: plan.content });
  }
  for (const call of plan.toolCalls) {
    items.push({ kind: "function_call", id: id("function_call"), tokens: call.fragments, call });
  }
  return items;
}

/** What is left of the output once all is said: nothing where thoughts alone used up the limit. */
export function finalItems(items: readonly OutputItem[], plan: ChatPlan): readonly OutputItem[] {
  const last = items.at(-1);
  return plan.finishReason === "length" && last?.kind === "reasoning" ? [] : items;
}

/** The tokens as the inside of one JSON string. */
export function joined(tokens: readonly Token[]): string {
  let json = "";
  for (const token of tokens) json += token.json;
  return json;
}

/** An item as it is begun: what is still empty is left out, as Ark leaves it out. */
export function renderBegunItem(item: OutputItem): string {
  switch (item.kind) {
    case "reasoning": {
      const sealed = item.sealed === null ? "" : `,"encrypted_content":"${item.sealed}"`;
      return `{"id":"${item.id}","type":"reasoning","status":"in_progress"${sealed}}`;
    }
    case "message":
      return `{"type":"message","role":"assistant","status":"in_progress","id":"${item.id}"}`;
    case "function_call": {
      const called = `"call_id":"${item.call.id}","name":"${item.call.name}","type":"function_call"`;
      return `{${called},"id":"${item.id}","status":"in_progress"}`;
    }
    default:
      return item satisfies never;
  }
}

export function renderItem(item: OutputItem, status: ItemStatus): string {
  const text = joined(item.tokens);
  switch (item.kind) {
    case "reasoning": {
      const sealed = item.sealed === null ? "" : `,"encrypted_content":"${item.sealed}"`;
      const summary = `[{"type":"summary_text","text":"${text}"}]`;
      return `{"id":"${item.id}","type":"reasoning","summary":${summary},"status":"${status}"${sealed}}`;
    }
    case "message": {
      const content = `[{"type":"output_text","text":"${text}"}]`;
      return `{"type":"message","role":"assistant","content":${content},"status":"${status}","id":"${item.id}"}`;
    }
    case "function_call": {
      const called = `"call_id":"${item.call.id}","name":"${item.call.name}","type":"function_call"`;
      return `{"arguments":"${text}",${called},"id":"${item.id}","status":"${status}"}`;
    }
    default:
      return item satisfies never;
  }
}

/** Only the last item can be cut. */
export function itemStatus(items: readonly OutputItem[], index: number, plan: ChatPlan): ItemStatus {
  return plan.finishReason === "length" && index === items.length - 1 ? "incomplete" : "completed";
}

export class ResponseRenderer {
  readonly #envelope: ResponseEnvelope;
  readonly #request: ResponsesRequest;

  constructor(envelope: ResponseEnvelope, request: ResponsesRequest) {
    this.#envelope = envelope;
    this.#request = request;
  }

  /** As the first events carry it: neither status, nor output, nor usage. */
  begun(): string {
    return `{${this.#opening("", "")}${this.#middle()}${this.#closing()}}`;
  }

  /** `usageJson` null leaves the usage out; `outputJson` are the items, each JSON. */
  ended(end: ResponseEnd, outputJson: readonly string[], usageJson: string | null): string {
    const error =
      end.status === "failed"
        ? `,"error":{"code":${JSON.stringify(end.code)},"message":${JSON.stringify(end.message)}}`
        : "";
    const incomplete = end.status === "incomplete" ? ',"incomplete_details":{"reason":"length"}' : "";
    const usage = usageJson === null ? "" : `,"usage":${usageJson}`;
    return (
      `{${this.#opening(error, incomplete)},"output":[${outputJson.join(",")}]` +
      `${this.#middle()},"status":"${end.status}"` +
      `${this.#echoes(["temperature", "tools", "top_p"])}${usage}${this.#closing()}}`
    );
  }

  #opening(error: string, incomplete: string): string {
    const { id, createdS, model } = this.#envelope;
    return (
      `"created_at":${createdS}${error},"id":"${id}"${incomplete}` +
      `,"max_output_tokens":${this.#request.maxOutputTokens},"model":"${model}","object":"response"`
    );
  }

  #middle(): string {
    const echoes = this.#echoes(["previous_response_id", "thinking"]);
    return `${echoes},"service_tier":"${this.#envelope.serviceTier}"`;
  }

  #closing(): string {
    const caching = memberOf(this.#request.body, "caching") ?? { type: "disabled" };
    const { expireAtS } = this.#envelope;
    return (
      `,"caching":${JSON.stringify(caching)}${this.#echoes(["text", "instructions"])}` +
      `,"store":${this.#request.store}${expireAtS === null ? "" : `,"expire_at":${expireAtS}`}` +
      `${this.#echoes(["tool_choice", "parallel_tool_calls", "max_tool_calls", "reasoning"])}` +
      `${this.#contextManagement()}${this.#echoes(["session", "safety_identifier"])}`
    );
  }

  /** Ark says which edits it made; none is ever needed here. */
  #contextManagement(): string {
    return isObject(memberOf(this.#request.body, "context_management"))
      ? ',"context_management":{"applied_edits":[]}'
      : "";
  }

  /** Only what was sent comes back. */
  #echoes(names: readonly string[]): string {
    let echoes = "";
    for (const name of names) {
      const value = memberOf(this.#request.body, name);
      if (value !== undefined) echoes += `,"${name}":${JSON.stringify(value)}`;
    }
    return echoes;
  }
}

/** A reply before it is whole or streamed. */
export type PlannedResponse = {
  readonly renderer: ResponseRenderer;
  readonly items: readonly OutputItem[];
  readonly plan: ChatPlan;
  readonly counts: TokenCounts;
};

/** The whole object of a reply that went as planned. */
export function renderResponse(
  renderer: ResponseRenderer,
  items: readonly OutputItem[],
  plan: ChatPlan,
  usageJson: string | null,
): string {
  const output = finalItems(items, plan).map((item, index, kept) =>
    renderItem(item, itemStatus(kept, index, plan)),
  );
  const status = plan.finishReason === "length" ? "incomplete" : "completed";
  return renderer.ended({ status }, output, usageJson);
}
