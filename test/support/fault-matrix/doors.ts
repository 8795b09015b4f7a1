/** The doors of the matrix: how each is asked, and how its clients tell a whole answer from a broken one. */
import type { MatrixCall } from "./calls.ts";
import { pricedModels } from "./prices.ts";

export const matrixDoors = ["chat", "messages", "responses"] as const;
export type MatrixDoorName = (typeof matrixDoors)[number];

export type AskedOfDoor = Pick<MatrixCall, "shape" | "bound"> & {
  /** Null: it is left out. */
  readonly model: string | null;
  readonly prompt: string;
  /** The client asks for its usage itself, where the protocol has a word for it. */
  readonly wantsUsage: boolean;
};

export type MatrixDoor = {
  readonly path: string;
  readonly body: (asked: AskedOfDoor) => object;
  /** What events that are errors begin with; their JSON follows. */
  readonly errorBegins: readonly string[];
  /** The closing event in a stream's text. */
  readonly isDone: (text: string) => boolean;
  /** What the model says in a whole answer. */
  readonly saidIn: (answer: unknown) => unknown;
};

type Json = Record<string, unknown> | undefined;

const MESSAGE_TOKENS_MAX = 2_000;

export const doorOf: { readonly [name in MatrixDoorName]: MatrixDoor } = {
  chat: {
    path: "/v1/chat/completions",
    body: ({ model, prompt, shape, bound, wantsUsage }) => ({
      ...(model === null ? {} : { model }),
      messages: [{ role: "user", content: prompt }],
      ...(shape === "stream" ? { stream: true } : {}),
      ...(bound === null
        ? {}
        : { [bound.withThoughts ? "max_completion_tokens" : "max_tokens"]: bound.tokens }),
      ...(shape === "stream" && wantsUsage ? { stream_options: { include_usage: true } } : {}),
    }),
    errorBegins: ['data: {"error":{'],
    isDone: (text) => /^data: ?\[DONE\]/m.test(text),
    saidIn: (answer) => {
      const [choice] = ((answer as Json)?.["choices"] ?? []) as { message?: { content?: unknown } }[];
      return choice?.message?.content;
    },
  },
  messages: {
    path: "/v1/messages",
    body: ({ model, prompt, shape, bound }) => ({
      ...(model === null ? {} : { model }),
      max_tokens: bound?.tokens ?? MESSAGE_TOKENS_MAX,
      messages: [{ role: "user", content: prompt }],
      ...(shape === "stream" ? { stream: true } : {}),
    }),
    errorBegins: ['event: error\ndata: {"type":"error"'],
    isDone: (text) => /^event: ?message_stop$/m.test(text),
    saidIn: (answer) => {
      const content = ((answer as Json)?.["content"] ?? []) as { type?: unknown; text?: unknown }[];
      return content.find(({ type }) => type === "text")?.text;
    },
  },
  responses: {
    path: "/v1/responses",
    body: ({ model, prompt, shape, bound }) => ({
      ...(model === null ? {} : { model }),
      ...(bound === null ? {} : { max_output_tokens: bound.tokens }),
      input: prompt,
      store: false,
      ...(shape === "stream" ? { stream: true } : {}),
    }),
    // Ark's own errors have an event of their own; a response that broke off has failed.
    errorBegins: ["event: response.failed\ndata: {", "event: error\ndata: {"],
    isDone: (text) => /^event: ?response\.(?:completed|incomplete)$/m.test(text),
    saidIn: (answer) => {
      const output = ((answer as Json)?.["output"] ?? []) as { content?: { text?: unknown }[] }[];
      return output.flatMap(({ content }) => content ?? []).find(({ text }) => text !== undefined)?.text;
    },
  },
};

/** Whether the call's own bytes go to Ark; else they are translated. */
export function isVerbatim({ door, model }: Pick<MatrixCall, "door" | "model">): boolean {
  return door === "chat" || pricedModels[model]?.speaksAll === true;
}
