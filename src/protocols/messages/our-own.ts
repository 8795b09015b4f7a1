/** Finds in a Messages body what Ark's own base does not take: system messages, and our sealed thoughts. */
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { stringIs } from "../../wire/json-string.ts";
import type { StringWatch } from "../../wire/json-value.ts";

const SYSTEM = "system";
/** What every seal begins with (core/memories.ts). */
const SEAL_BEGIN = Buffer.from('"vp1.');

const messageMembers = wantedNames(["role", "content"]);
const blockMembers = wantedNames(["signature", "data"]);

function isSealed(bytes: Buffer, start: number): boolean {
  for (let index = 0; index < SEAL_BEGIN.length; index++) {
    if (bytes[start + index] !== SEAL_BEGIN[index]) return false;
  }
  return true;
}

/** Notes whether a walk has passed a word that may be one of them: most bodies have none. */
export class OwnWatch implements StringWatch {
  seen = false;

  look(bytes: Buffer, start: number, end: number): void {
    if (!this.seen && (stringIs(bytes, start, end, SYSTEM) || isSealed(bytes, start))) this.seen = true;
  }
}

/**
 * Whether a message has the role system, or a block of one a signature of our making. Ark's base refuses the
 * one (ark-api 6) and cannot read the other, which comes from a turn that was translated: such bodies are
 * translated, whatever else the target speaks. No repair of the closed list could mend them in place.
 */
export function holdsOurOwn(bytes: Buffer, messages: JsonMember): boolean {
  if (messages.kind !== "array") return false;
  const elements = new ElementCursor(bytes, messages.valueStart, messages.valueEnd);
  while (elements.next()) {
    if (!elements.isObject) continue;
    const members = new MemberCursor(bytes, elements.start, messages.valueEnd, messageMembers);
    for (let member = members.next(); member !== null; member = members.next()) {
      if (member.name === "role" ? isSystem(bytes, member) : holdsSeal(bytes, member)) return true;
    }
    elements.endsAt(members.position);
  }
  return false;
}

function isSystem(bytes: Buffer, role: JsonMember): boolean {
  return role.kind === "string" && stringIs(bytes, role.valueStart, role.valueEnd, SYSTEM);
}

function holdsSeal(bytes: Buffer, content: JsonMember): boolean {
  if (content.kind !== "array") return false;
  const blocks = new ElementCursor(bytes, content.valueStart, content.valueEnd);
  while (blocks.next()) {
    if (!blocks.isObject) continue;
    const members = new MemberCursor(bytes, blocks.start, content.valueEnd, blockMembers);
    for (let member = members.next(); member !== null; member = members.next()) {
      if (member.kind === "string" && isSealed(bytes, member.valueStart)) return true;
    }
    blocks.endsAt(members.position);
  }
  return false;
}
