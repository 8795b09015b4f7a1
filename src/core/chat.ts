/**
 * The chat vocabulary, which every translation goes through: its wire form is Ark's chat (ark-api 4).
 */

/** Any JSON object; members that the gateway does not act on stay what they are. */
export type JsonObject = { readonly [member: string]: unknown };

export type ChatPart =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "image_url";
      readonly image_url: { readonly url?: string; readonly file_id?: string; readonly detail?: string };
    }
  | { readonly type: "video_url"; readonly video_url: { readonly url?: string; readonly file_id?: string } }
  | { readonly type: "input_audio"; readonly input_audio: JsonObject }
  | {
      readonly type: "file";
      readonly file: {
        readonly file_data?: string;
        readonly file_url?: string;
        readonly file_id?: string;
        readonly filename?: string;
      };
    };

export type ChatToolCall = {
  readonly id: string;
  readonly type: "function";
  /** `arguments` is JSON in a string, as the model wrote it: it need not parse. */
  readonly function: { readonly name: string; readonly arguments: string };
};

export type ChatMessage =
  | { readonly role: "system"; readonly content: string | readonly ChatPart[] }
  | { readonly role: "user"; readonly content: string | readonly ChatPart[] }
  | {
      readonly role: "assistant";
      /** Empty, never null, beside tool calls (ark-api 16, 11). */
      readonly content: string;
      readonly reasoning_content?: string;
      readonly encrypted_content?: string;
      readonly tool_calls?: readonly ChatToolCall[];
    }
  /** Directly behind the message with its call. */
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string };

export type ChatTool = {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string;
    /** JSON Schema of an object. */
    readonly parameters: JsonObject;
    readonly strict?: boolean;
  };
};

export type ChatToolChoice =
  | "none"
  | "auto"
  | "required"
  | { readonly type: "function"; readonly function: { readonly name: string } };

export const reasoningEfforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type ReasoningEffort = (typeof reasoningEfforts)[number];

export type ChatResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly json_schema: {
        readonly name: string;
        readonly schema: JsonObject;
        readonly description?: string;
        readonly strict?: boolean;
      };
    };

/** A request as a translation writes it; Ark takes one of the two bounds on tokens. */
export type ChatRequest = {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: true;
  readonly stream_options?: { readonly include_usage: true };
  readonly thinking?: { readonly type: "enabled" | "disabled" };
  readonly reasoning_effort?: ReasoningEffort;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly stop?: readonly string[];
  readonly tools?: readonly ChatTool[];
  readonly tool_choice?: ChatToolChoice;
  readonly parallel_tool_calls?: boolean;
  readonly response_format?: ChatResponseFormat;
  readonly service_tier?: string;
};

export type ChatFinish = "stop" | "length" | "tool_calls" | "content_filter";

/** No answer, thought or argument of a chunk is empty here: what says nothing is not there. */
export type ChatDelta = {
  readonly reasoning: string | null;
  readonly encrypted: string | null;
  readonly content: string | null;
  readonly toolCalls: readonly ChatToolCallDelta[];
  readonly finish: ChatFinish | null;
};

export type ChatToolCallDelta = {
  readonly index: number;
  /** With the call's first fragment only. */
  readonly id: string | null;
  readonly name: string | null;
  readonly arguments: string | null;
};
