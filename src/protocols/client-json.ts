/** Reads members of a client's parsed JSON, and says plainly where one is not what it should be. */
import type { JsonObject } from "../core/chat.ts";
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
