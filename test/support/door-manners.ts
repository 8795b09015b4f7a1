/** How each door is spoken to, and what it says: what the tests of all doors know of one. */
import type { DoorName } from "../../src/protocols/door.ts";

export type Asked = {
  readonly model: string;
  readonly stream?: boolean;
  readonly text?: string;
  /** Of the answer, and of the thoughts where the door's bound holds them. */
  readonly tokensMax?: number;
};

export type DoorManners = {
  readonly path: string;
  /** Ark speaks it itself for models that do, so that bytes may pass as they are. */
  readonly mayBeVerbatim: boolean;
  readonly mayStream: boolean;
  /** A model is asked, and billed. */
  readonly isBilled: boolean;
  readonly body: (asked: Asked) => object;
  /** The code in a whole error body; throws where it has another shape. */
  readonly codeOfError: (body: unknown) => string;
  /** The code of the error that a stream ended in; null where it did not. */
  readonly codeOfStream: (text: string) => string | null;
  /** Whether a whole answer, or a stream's text, says that it is complete. */
  readonly isComplete: (text: string, stream: boolean) => boolean;
  readonly heartbeat: string;
};

type JsonObject = Readonly<Record<string, unknown>>;

/** The data of each event, comments aside. */
export function eventsOf(text: string): readonly string[] {
  return text
    .split("\n\n")
    .flatMap((event) => event.split("\n").filter((line) => line.startsWith("data: ")))
    .map((line) => line.slice("data: ".length));
}

function parsed(text: string): JsonObject {
  return text === "[DONE]" ? {} : (JSON.parse(text) as JsonObject);
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function word(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new TypeError(`no word: ${JSON.stringify(value)}`);
  return value;
}

function openaiCode(body: unknown): string {
  const error = member(body, "error");
  word(member(error, "message"));
  word(member(error, "type"));
  return word(member(error, "code"));
}

function anthropicCode(body: unknown): string {
  if (member(body, "type") !== "error")
    throw new TypeError(`no error of Anthropic's: ${JSON.stringify(body)}`);
  const error = member(body, "error");
  word(member(error, "message"));
  word(member(error, "type"));
  return word(member(error, "code"));
}

function messages(text: string): readonly object[] {
  return [{ role: "user", content: text }];
}

const DEFAULT_TEXT = "Tell me about tides.";

const openai = {
  isBilled: true,
  codeOfError: openaiCode,
  heartbeat: ": ping\n",
} as const;

/** Ark's errors in a stream's last event keep Ark's own code; ours have the catalogue's. */
export const doorManners: { readonly [door in DoorName]: DoorManners } = {
  chat: {
    ...openai,
    path: "/v1/chat/completions",
    mayBeVerbatim: true,
    mayStream: true,
    body: ({ model, stream, text = DEFAULT_TEXT, tokensMax }) => ({
      model,
      messages: messages(text),
      ...(stream === true ? { stream } : {}),
      ...(tokensMax === undefined ? {} : { max_completion_tokens: tokensMax }),
    }),
    codeOfStream: (text) => {
      const last = eventsOf(text).at(-1) ?? "{}";
      const error = member(parsed(last), "error");
      return error === undefined ? null : word(member(error, "code"));
    },
    isComplete: (text, stream) =>
      stream ? text.endsWith("data: [DONE]\n\n") : parsed(text)["object"] === "chat.completion",
  },
  messages: {
    path: "/v1/messages",
    mayBeVerbatim: true,
    mayStream: true,
    isBilled: true,
    body: ({ model, stream, text = DEFAULT_TEXT, tokensMax = 2_000 }) => ({
      model,
      max_tokens: tokensMax,
      messages: messages(text),
      ...(stream === true ? { stream } : {}),
    }),
    codeOfError: anthropicCode,
    codeOfStream: (text) => {
      const last = parsed(eventsOf(text).at(-1) ?? "{}");
      return last["type"] === "error" ? word(member(last["error"], "code")) : null;
    },
    isComplete: (text, stream) =>
      stream
        ? parsed(eventsOf(text).at(-1) ?? "{}")["type"] === "message_stop"
        : parsed(text)["type"] === "message",
    heartbeat: "event: ping\n",
  },
  count_tokens: {
    path: "/v1/messages/count_tokens",
    mayBeVerbatim: true,
    mayStream: false,
    isBilled: false,
    body: ({ model, text = DEFAULT_TEXT }) => ({ model, messages: messages(text) }),
    codeOfError: anthropicCode,
    codeOfStream: () => null,
    isComplete: (text) => Number.isInteger(parsed(text)["input_tokens"]),
    heartbeat: "",
  },
  responses: {
    ...openai,
    path: "/v1/responses",
    mayBeVerbatim: true,
    mayStream: true,
    body: ({ model, stream, text = DEFAULT_TEXT, tokensMax }) => ({
      model,
      input: text,
      store: false,
      ...(stream === true ? { stream } : {}),
      ...(tokensMax === undefined ? {} : { max_output_tokens: tokensMax }),
    }),
    codeOfStream: (text) => {
      const events = eventsOf(text).filter((data) => data !== "[DONE]");
      const last = parsed(events.at(-1) ?? "{}");
      if (last["type"] === "error") return word(last["code"]);
      return last["type"] === "response.failed"
        ? word(member(member(last["response"], "error"), "code"))
        : null;
    },
    isComplete: (text, stream) => {
      if (!stream) return parsed(text)["object"] === "response";
      const events = eventsOf(text).filter((data) => data !== "[DONE]");
      return parsed(events.at(-1) ?? "{}")["type"] === "response.completed";
    },
  },
  compact: {
    ...openai,
    path: "/v1/responses/compact",
    mayBeVerbatim: false,
    mayStream: false,
    body: ({ model, text = DEFAULT_TEXT }) => ({ model, input: text }),
    codeOfStream: () => null,
    isComplete: (text) => parsed(text)["object"] === "response.compaction",
  },
  input_tokens: {
    ...openai,
    path: "/v1/responses/input_tokens",
    mayBeVerbatim: false,
    mayStream: false,
    isBilled: false,
    body: ({ model, text = DEFAULT_TEXT }) => ({ model, input: text }),
    codeOfStream: () => null,
    isComplete: (text) => Number.isInteger(parsed(text)["input_tokens"]),
  },
};
