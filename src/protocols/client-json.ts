/** Reads members of a client's parsed JSON, and says plainly where one is not what it should be. */
import type { JsonObject } from "../core/chat.ts";
import { GatewayError } from "../core/errors.ts";
import { parseExact, TooManyValuesError } from "../wire/exact-json.ts";
import { isObject } from "./chat-answer.ts";
import { invalidMember } from "./read-members.ts";

/** @throws GatewayError invalid_request */
export function objectAt(value: unknown, path: string): JsonObject {
  if (isObject(value)) return value;
  throw invalidMember(path, `\`${path}\` must be an object.`);
}

/** @throws GatewayError invalid_request */
export function stringAt(object: JsonObject, name: string, path: string): string {
  const value = object[name];
  if (typeof value === "string") return value;
  throw invalidMember(`${path}.${name}`, `\`${path}.${name}\` must be a string.`);
}

/** A string with something in it; missing and null are none. @throws GatewayError invalid_request */
export function wordAt(object: JsonObject, name: string): string | null {
  const value = object[name];
  if (value === undefined || value === null || value === "") return null;
  if (typeof value === "string") return value;
  throw invalidMember(name, `\`${name}\` must be a string or null.`);
}

/** Missing and null are nothing. @throws GatewayError invalid_request */
export function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw invalidMember(path, `\`${path}\` must be an array.`);
}

/** A number however it was spelled (`parseExact` keeps some as they stood), or null. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (!isObject(value)) return null;
  const spelled = value["rawJSON"];
  const isKept = typeof spelled === "string" && Object.getPrototypeOf(value) === null;
  const number = isKept ? Number(spelled) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

/** A value is two tokens and more to a model, and no window of Ark's is wider than 2^20 of them. */
export const BODY_VALUES_MAX = 524_288;

/**
 * The body of a request that is to be translated, which has been scanned. Millions of small values would hold
 * up every other call while they are parsed, and take gigabytes.
 * @throws GatewayError body_too_large beyond {@link BODY_VALUES_MAX}, invalid_json
 */
export function parseBody(bytes: Buffer): JsonObject {
  try {
    const body = parseExact(bytes.toString("utf8"), BODY_VALUES_MAX);
    if (isObject(body)) return body;
  } catch (error) {
    if (error instanceof TooManyValuesError) {
      const message = `The request's body holds more than ${BODY_VALUES_MAX} JSON values. Send less in one call.`;
      throw new GatewayError("body_too_large", message);
    }
    throw new GatewayError("invalid_json", "The request body could not be parsed as JSON.", { cause: error });
  }
  throw new GatewayError("invalid_json", "The request body is not a JSON object.");
}
