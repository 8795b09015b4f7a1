/** What the WebSocket says: events of the stream with their lane, and errors in OpenAI's words for it. */
import { randomBytes } from "node:crypto";
import {
  catalogue,
  type ErrorCode,
  type ErrorFacts,
  type ErrorType,
  GatewayError,
} from "../../core/errors.ts";

/**
 * Names the lane in an event, where there is one: at its end, so that what comes first stays first.
 * @param data one JSON object
 * @param lane of letters, digits, `_`, `-` and `.`
 */
export function inLane(data: string, lane: string | null): string {
  if (lane === null) return data;
  const end = data.lastIndexOf("}");
  if (end < 0) return data;
  const isEmpty = data.slice(0, end).trimEnd().endsWith("{");
  return `${data.slice(0, end)}${isEmpty ? "" : ","}"stream_id":"${lane}"}`;
}

/**
 * An error that is no part of a stream: with a status, by which clients know it for one.
 * @param headers of the answer that it stands for, such as `retry-after`
 */
export function errorFrame(
  lane: string | null,
  { status, type, code, message, param }: ErrorFacts,
  headers: Readonly<Record<string, string>> = {},
): string {
  return JSON.stringify({
    type: "error",
    status,
    ...(lane === null ? {} : { stream_id: lane }),
    error: { type, code, message, param },
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  });
}

/** An error that only WebSockets know. */
export function socketError(code: string, message: string, param: string | null = null): ErrorFacts {
  return { status: 400, type: "invalid_request_error", code, message, param };
}

/** The body of an answer that is an error, whosever it is; null where it is none that we can read. */
export function readErrorBody(status: number, body: Buffer): ErrorFacts | null {
  const error = asObject(asObject(parse(body.toString("utf8")))?.["error"]);
  return error === null ? null : factsOf(status, error);
}

/**
 * The `error` event of a stream, which has no status: the one that the catalogue has for its code, else 500.
 * @param data its JSON, flat or with an `error` member
 */
export function readErrorEvent(data: string): ErrorFacts {
  const event = asObject(parse(data)) ?? {};
  const error = asObject(event["error"]) ?? event;
  const { code } = error;
  const row =
    typeof code === "string" && Object.hasOwn(catalogue, code) ? catalogue[code as ErrorCode] : null;
  // The type of the event itself is not that of its error.
  return { ...factsOf(row?.status ?? 500, error), type: row?.type ?? typeOf(error, "server_error") };
}

function factsOf(status: number, error: Readonly<Record<string, unknown>>): ErrorFacts {
  const { message, code, param } = error;
  return {
    status,
    message: typeof message === "string" ? message : "The answer is an error that does not say which.",
    type: typeOf(error, "server_error"),
    code: typeof code === "string" ? code : "error",
    param: typeof param === "string" ? param : null,
  };
}

/** Whatever word an upstream has for it. */
function typeOf({ type }: Readonly<Record<string, unknown>>, otherwise: ErrorType): ErrorType {
  return typeof type === "string" && type !== "error" ? (type as ErrorType) : otherwise;
}

/**
 * What a request with `generate: false` is answered: its input is kept for the next one on this connection,
 * and no model is asked.
 * @param model as the client has named it
 */
export function warmUpFrames(
  lane: string | null,
  model: string | null,
  previousId: string | null,
  wallMs: number,
): { readonly id: string; readonly frames: readonly string[] } {
  const id = `resp_vp${randomBytes(16).toString("hex")}`;
  const response = {
    id,
    object: "response",
    created_at: Math.floor(wallMs / 1_000),
    status: "in_progress",
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model: model ?? "",
    output: [],
    parallel_tool_calls: true,
    previous_response_id: previousId,
    store: false,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
    usage: null,
  };
  const completed = {
    ...response,
    status: "completed",
    usage: {
      input_tokens: 0,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 0,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 0,
    },
  };
  const frames = [
    { type: "response.created", sequence_number: 0, response },
    { type: "response.in_progress", sequence_number: 1, response },
    { type: "response.completed", sequence_number: 2, response: completed },
  ];
  return { id, frames: frames.map((frame) => inLane(JSON.stringify(frame), lane)) };
}

/**
 * Mid-turn steering is for models that know it: what was to be steered is handed back.
 * @param inputJson as it came
 */
export function steeringRefusal(previousId: string | null, inputJson: string): string {
  const error = {
    code: "steering_not_supported",
    message: "No model here can be steered while it answers. Send the input with the next response.create.",
  };
  const head = JSON.stringify({ type: "response.steer.failed", sequence_number: 0, error }).slice(0, -1);
  return `${head},"steer":{"previous_response_id":${JSON.stringify(previousId)},"input":${inputJson}}}`;
}

export function brokenAnswer(): GatewayError {
  return new GatewayError("upstream_truncated", "The answer broke off before it was complete.");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null;
}
