/** Reads the members that every door acts on: the model's name, flags, and bounds on tokens. */
import { GatewayError } from "../core/errors.ts";
import { readCount } from "../wire/json-number.ts";
import type { JsonMember } from "../wire/json-scan.ts";
import { decodeString } from "../wire/json-string.ts";

export const MODEL_BYTES_MAX = 256;
const WORD_BYTES_MAX = 64;

/** A member whose value cannot be acted on. */
export function invalidMember(param: string, message: string): GatewayError {
  return new GatewayError("invalid_request", message, { param });
}

/** The body names no model. */
export function missingModel(): GatewayError {
  return new GatewayError(
    "missing_model",
    "The request body names no model. Set `model` to a name that GET /v1/models lists.",
    { param: "model" },
  );
}

/**
 * The name, decoded. Half of a surrogate pair is refused here and nowhere else: readers turn it into
 * different names.
 * @throws GatewayError missing_model, invalid_request
 */
export function readModel(body: Buffer, member: JsonMember | null): string {
  if (member === null || member.kind === "null") throw missingModel();
  if (member.kind !== "string")
    throw invalidMember("model", "`model` must be a string, such as a name of GET /v1/models.");
  const model = decodeString(body, member.valueStart, member.valueEnd, MODEL_BYTES_MAX);
  if (model === null)
    throw invalidMember("model", `\`model\` is longer than ${MODEL_BYTES_MAX} bytes. Send a shorter name.`);
  if (model === "") throw missingModel();
  if (/\p{Cc}/u.test(model))
    throw invalidMember("model", "`model` holds a control character. Send the name alone.");
  if (!model.isWellFormed()) {
    throw invalidMember(
      "model",
      "`model` holds half of a surrogate pair. Send a name that is valid Unicode.",
    );
  }
  return model;
}

/** Missing and null are false. @throws GatewayError invalid_request */
export function readFlag(member: JsonMember | null): boolean {
  if (member === null) return false;
  if (member.kind === "true") return true;
  if (member.kind === "false" || member.kind === "null") return false;
  throw invalidMember(member.name, `\`${member.name}\` must be true, false or null.`);
}

/** A short word, such as a tier or a type; empty for a longer text, null for what is no text. */
export function readWord(body: Buffer, member: JsonMember | null): string | null {
  if (member === null || member.kind !== "string") return null;
  return decodeString(body, member.valueStart, member.valueEnd, WORD_BYTES_MAX) ?? "";
}

/** A bound on tokens; null where there is none. @throws GatewayError invalid_request */
export function readBound(body: Buffer, member: JsonMember | null): number | null {
  if (member === null || member.kind === "null") return null;
  const bound = member.kind === "number" ? readCount(body, member.valueStart, member.valueEnd) : null;
  if (bound === null) {
    throw invalidMember(
      member.name,
      `\`${member.name}\` must be a whole number of tokens, not negative, or null.`,
    );
  }
  return bound;
}
