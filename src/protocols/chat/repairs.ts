/** The repairs of a chat body, as splices: what clients send, and Ark refuses. */
import { GatewayError } from "../../core/errors.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { removeMember, type Splice } from "../../wire/json-splice.ts";
import { stringIs } from "../../wire/json-string.ts";

const roleName = wantedNames(["role"]);
export const DEVELOPER = "developer";
const SYSTEM_ROLE = Buffer.from('"system"');
/** A body of 64 MiB could hold three million, each of them a splice. */
export const DEVELOPER_ROLES_MAX = 10_000;

/**
 * `developer_role`: every `role` of a message whose value is developer, however escaped, becomes system
 * (Ark refuses the word, ark-api 4.2). A message that gives its role twice has each mended: whichever
 * counts, Ark knows it. A role twisted in case is left to Ark.
 * @throws GatewayError invalid_request beyond {@link DEVELOPER_ROLES_MAX}
 */
export function mendDeveloperRoles(body: Buffer, messages: JsonMember): Splice[] {
  const splices: Splice[] = [];
  if (messages.kind !== "array") return splices;
  const elements = new ElementCursor(body, messages.valueStart, messages.valueEnd);
  while (elements.next()) {
    if (!elements.isObject) continue;
    const members = new MemberCursor(body, elements.start, messages.valueEnd, roleName);
    for (let role = members.next(); role !== null; role = members.next()) {
      if (role.spelling === "folded" || role.kind !== "string") continue;
      if (!stringIs(body, role.valueStart, role.valueEnd, DEVELOPER)) continue;
      if (splices.length === DEVELOPER_ROLES_MAX) throw tooManyRoles();
      splices.push({ start: role.valueStart, end: role.valueEnd, bytes: SYSTEM_ROLE });
    }
    elements.endsAt(members.position);
  }
  return splices;
}

function tooManyRoles(): GatewayError {
  return new GatewayError(
    "invalid_request",
    `More than ${DEVELOPER_ROLES_MAX} messages have the role developer. Send fewer, or give them the role system.`,
    { param: "messages" },
  );
}

/**
 * `both_token_limits`: `max_tokens` goes where both limits are set (Ark takes one of them, ark-api 4.1),
 * and the wider one, which counts the reasoning too, stays.
 */
export function mendTokenLimits(
  body: Buffer,
  maxTokens: JsonMember | null,
  maxCompletionTokens: JsonMember | null,
): Splice | null {
  if (maxTokens === null || maxCompletionTokens === null) return null;
  if (maxTokens.kind === "null" || maxCompletionTokens.kind === "null") return null;
  return removeMember(body, maxTokens);
}
