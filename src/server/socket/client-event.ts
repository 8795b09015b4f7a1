/** Reads what a client says over the WebSocket: one JSON object a message, of which few types are known. */
import { asGatewayError, type ErrorFacts, GatewayError } from "../../core/errors.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { type JsonMember, scanDocument } from "../../wire/json-scan.ts";
import { JsonSyntaxError } from "../../wire/json-value.ts";
import { socketError } from "./frames.ts";

/** A `response.create`, still as it came, with the members that this connection acts on. */
export type CreateEvent = {
  readonly lane: string | null;
  readonly message: Buffer;
  /** `generate: false`: the input is only to be kept for the next one. */
  readonly isWarmUp: boolean;
  readonly model: string | null;
  readonly previousId: string | null;
  readonly type: JsonMember;
  readonly input: JsonMember | null;
  readonly previous: JsonMember | null;
  /** Those that a body of `POST /v1/responses` must not have, besides `type`. */
  readonly surplus: readonly JsonMember[];
};

export type ClientEvent =
  | { readonly kind: "create"; readonly create: CreateEvent }
  /** More input for a response that is being made. */
  | { readonly kind: "steer"; readonly previousId: string | null; readonly inputJson: string }
  /** A receipt, to which nothing is to be said. */
  | { readonly kind: "receipt" }
  | { readonly kind: "refused"; readonly lane: string | null; readonly error: ErrorFacts };

const WANTED = wantedNames([
  "type",
  "stream_id",
  "generate",
  "stream",
  "background",
  "previous_response_id",
  "input",
  "model",
]);

const LANE = /^[A-Za-z0-9_.-]{1,256}$/;
const TYPE_CHARACTERS_SHOWN_MAX = 64;

/** Reads one text message. Never throws. */
export function readClientEvent(message: Buffer): ClientEvent {
  let lane: string | null = null;
  try {
    const members = scan(message);
    const read = (name: string) => soleMember(members, name);
    const type = read("type");
    const known = textOf(message, type);
    if (known === "response.processed") return { kind: "receipt" };
    if (known === "response.steer") return steer(message, read);
    if (type === null || known !== "response.create") throw unknownType(known);
    const named = read("stream_id");
    lane = textOf(message, named);
    if (named !== null && (lane === null || !LANE.test(lane))) {
      return { kind: "refused", lane: null, error: badLane() };
    }
    return { kind: "create", create: readCreate(message, type, named, lane, read) };
  } catch (thrown) {
    return { kind: "refused", lane, error: asGatewayError(thrown) };
  }
}

type Read = (name: string) => JsonMember | null;

function readCreate(
  message: Buffer,
  type: JsonMember,
  named: JsonMember | null,
  lane: string | null,
  read: Read,
): CreateEvent {
  if (read("background")?.kind === "true") {
    throw invalid("background", "`background` is not possible over a WebSocket. Leave it out, or use POST.");
  }
  const generate = read("generate");
  if (generate !== null && !["true", "false", "null"].includes(generate.kind)) {
    throw invalid("generate", "`generate` is true or false.");
  }
  const previous = read("previous_response_id");
  return {
    lane,
    message,
    isWarmUp: generate?.kind === "false",
    model: textOf(message, read("model")),
    previousId: textOf(message, previous),
    type,
    input: read("input"),
    previous,
    surplus: [named, generate, read("stream")].filter((member) => member !== null),
  };
}

function steer(message: Buffer, read: Read): ClientEvent {
  const input = read("input");
  return {
    kind: "steer",
    previousId: textOf(message, read("previous_response_id")),
    inputJson: input === null ? "[]" : message.toString("utf8", input.valueStart, input.valueEnd),
  };
}

function scan(message: Buffer): JsonMember[] {
  try {
    return scanDocument(message, WANTED);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new GatewayError(
      "invalid_json",
      `The message is not valid JSON: ${error.message}. Send one JSON object (RFC 8259) in each text message.`,
      { cause: error },
    );
  }
}

/** As every door has it: what readers may take for the member, and what stands twice, is refused. */
function soleMember(members: readonly JsonMember[], name: string): JsonMember | null {
  const [sole, second] = members.filter((member) => member.name === name);
  if (sole === undefined) return null;
  if (second === undefined && sole.spelling === "exact") return sole;
  throw new GatewayError(
    "ambiguous_body",
    `\`${name}\` stands twice in the message, or in a spelling that readers differ on. Send it once, exactly so.`,
    { param: name },
  );
}

function textOf(message: Buffer, member: JsonMember | null): string | null {
  if (member?.kind !== "string") return null;
  return JSON.parse(message.toString("utf8", member.valueStart, member.valueEnd));
}

function unknownType(type: string | null): GatewayError {
  const named = type === null ? "none" : `'${type.slice(0, TYPE_CHARACTERS_SHOWN_MAX)}'`;
  return invalid("type", `The message's type must be 'response.create', and is ${named}.`);
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError("invalid_request", message, { param });
}

function badLane(): ErrorFacts {
  return socketError(
    "invalid_stream_id",
    "`stream_id` has 1 to 256 letters, digits, underscores, hyphens and periods. Leave it out for the default one.",
    "stream_id",
  );
}
