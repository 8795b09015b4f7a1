/** Finds in a Responses body what only this gateway can read: what it sealed, references to its items. */
import { wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor, scanObject } from "../../wire/json-scan.ts";
import { stringIs } from "../../wire/json-string.ts";

/** What every seal begins with (core/memories.ts), in its opening quote. */
const SEAL_BEGIN = Buffer.from('"vp1.');
/** Part of every id that the gateway gives to an item. */
const OUR_ID_MARK = Buffer.from("_vp");

const bodyMembers = wantedNames(["input"]);
const itemMembers = wantedNames(["type", "id", "encrypted_content"]);

function beginsWithSeal(body: Buffer, { valueStart, valueEnd }: JsonMember): boolean {
  const end = valueStart + SEAL_BEGIN.length;
  return end < valueEnd && body.compare(SEAL_BEGIN, 0, SEAL_BEGIN.length, valueStart, end) === 0;
}

function isOurId(body: Buffer, { valueStart, valueEnd }: JsonMember): boolean {
  const at = body.indexOf(OUR_ID_MARK, valueStart);
  return at >= 0 && at < valueEnd;
}

/** Whether one item is a reference to an item of ours, or holds a seal; leaves the cursor at its end. */
function isOurs(body: Buffer, item: MemberCursor): boolean {
  let isReference = false;
  let hasOurId = false;
  for (let member = item.next(); member !== null; member = item.next()) {
    if (member.kind !== "string") continue;
    if (member.name === "encrypted_content" && beginsWithSeal(body, member)) return true;
    if (member.name === "type") {
      isReference = stringIs(body, member.valueStart, member.valueEnd, "item_reference");
    }
    if (member.name === "id") hasOurId = isOurId(body, member);
  }
  return isReference && hasOurId;
}

/**
 * Whether an item of `input` has an `encrypted_content` of our making (a reasoning or a compaction item), or
 * is a reference to an item that the gateway made. Ark can read neither: such a body is translated, whatever
 * the target speaks. The body has been scanned and is valid.
 */
export function holdsOurSeal(body: Buffer): boolean {
  if (!body.includes(SEAL_BEGIN) && !body.includes(OUR_ID_MARK)) return false;
  for (const { kind, valueStart, valueEnd } of scanObject(body, 0, body.length, bodyMembers)) {
    if (kind !== "array") continue;
    const items = new ElementCursor(body, valueStart, valueEnd);
    while (items.next()) {
      if (!items.isObject) continue;
      const item = new MemberCursor(body, items.start, valueEnd, itemMembers);
      if (isOurs(body, item)) return true;
      items.endsAt(item.position);
    }
  }
  return false;
}
