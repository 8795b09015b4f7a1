/** The repairs of a chat body that need nothing but the body: what clients send, and Ark refuses. */
import { GatewayError } from "../../core/errors.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import type { Splice } from "../../wire/json-splice.ts";
import { stringIs } from "../../wire/json-string.ts";
import { skipSpace } from "../../wire/json-value.ts";

const roleName = wantedNames(["role"]);
const unsupportedNames = wantedNames([
  "store",
  "metadata",
  "prediction",
  "client_metadata",
  "prompt_cache_key",
]);

const DEVELOPER = "developer";
const SYSTEM_ROLE = Buffer.from('"system"');

/** Of one kind in one body. A body of 64 MiB could hold millions, each of them a splice. */
export const REPAIRS_MAX = 10_000;

/** Beyond {@link REPAIRS_MAX}. @param what their number is followed by, a remedy included */
export function tooMany(what: string, param: string): GatewayError {
  return new GatewayError("invalid_request", `More than ${REPAIRS_MAX} ${what}.`, { param });
}

/** Containers open around messages, and around their members. */
const MESSAGES_DEPTH = 2;
const messageWalk = { depth: 3, reader: null };

/**
 * `developer_role`: every `role` of a message whose value is developer, however escaped, becomes system
 * (Ark refuses the word, ark-api 4.2). A message that gives its role twice has each mended: whichever
 * counts, Ark knows it. A role twisted in case is left to Ark.
 */
export class DeveloperRoles {
  readonly splices: Splice[] = [];
  readonly #body: Buffer;

  constructor(body: Buffer) {
    this.#body = body;
  }

  /**
   * Reads the messages, which begin at `start`, as they are first walked over; gives the byte after them.
   * @throws JsonSyntaxError, and GatewayError invalid_request beyond {@link REPAIRS_MAX}
   */
  read(start: number, limit: number): number {
    const messages = new ElementCursor(this.#body, start, limit, MESSAGES_DEPTH);
    while (messages.next()) if (messages.isObject) messages.endsAt(this.#message(messages.start, limit));
    return messages.position;
  }

  #message(start: number, limit: number): number {
    const members = new MemberCursor(this.#body, start, limit, roleName, messageWalk);
    for (let role = members.next(); role !== null; role = members.next()) {
      if (role.spelling === "folded" || role.kind !== "string") continue;
      if (!stringIs(this.#body, role.valueStart, role.valueEnd, DEVELOPER)) continue;
      if (this.splices.length === REPAIRS_MAX) {
        const remedy = "Send fewer, or give them the role system";
        throw tooMany(`messages have the role developer. ${remedy}`, "messages");
      }
      this.splices.push({ start: role.valueStart, end: role.valueEnd, bytes: SYSTEM_ROLE });
    }
    return members.position;
  }
}

/**
 * `both_token_limits`: `max_tokens` goes where both limits are set (Ark takes one of them, ark-api 4.1),
 * and the wider one, which counts the reasoning too, stays.
 */
export function tokenLimitToRemove(
  maxTokens: JsonMember | null,
  maxCompletionTokens: JsonMember | null,
): JsonMember | null {
  if (maxTokens === null || maxCompletionTokens === null) return null;
  return maxTokens.kind === "null" || maxCompletionTokens.kind === "null" ? null : maxTokens;
}

/**
 * `strip_unsupported`: the members at the top of a body that OpenAI knows and Ark does not (ark-api 4.1), as
 * often as they stand there. Those twisted in case are left to Ark.
 * @throws GatewayError invalid_request beyond {@link REPAIRS_MAX}
 */
export function unsupportedMembers(body: Buffer): JsonMember[] {
  const found: JsonMember[] = [];
  const members = new MemberCursor(body, skipSpace(body, 0, body.length), body.length, unsupportedNames);
  for (let member = members.next(); member !== null; member = members.next()) {
    if (member.spelling === "folded") continue;
    if (found.length === REPAIRS_MAX)
      throw tooMany("members that Ark does not know. Send fewer", member.name);
    found.push(member);
  }
  return found;
}
