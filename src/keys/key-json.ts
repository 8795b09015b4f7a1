/** A key's record as text, and back: whatever is not exactly as it was written is not read. */
import type { KeyId } from "../core/ids.ts";
import { checkDraft, draftOf, frozenDraft, isWallMs } from "./key-draft.ts";
import type { KeyHash, KeyRecord } from "./key-record.ts";

/** What the ledger calls the records of keys. */
export const KEY_RECORDS = "key";

const ID = /^key_[a-z2-7]{16}$/;
const HASH = /^[0-9a-f]{64}$/;
const HINT_CHARACTERS_MAX = 64;

/** The members of a record, in the order in which they are written. */
const members = [
  "id",
  "name",
  "owner",
  "hash",
  "previous",
  "hint",
  "models",
  "limits",
  "tags",
  "createdAtWallMs",
  "expiresAtWallMs",
  "revokedAtWallMs",
] as const satisfies readonly (keyof KeyRecord)[];

const isMember = new Set<string>(members);

/** JSON, without the key itself, which no record holds. */
export function keyRecordText(record: KeyRecord): string {
  return JSON.stringify(Object.fromEntries(members.map((member) => [member, record[member]])));
}

/**
 * A record that nobody can change. A member that is not known fails too: it may be a limit of a later
 * version, and a key without its limit would open too much.
 * @throws Error which names the member, and holds nothing of the text
 */
export function readKeyRecord(text: string): KeyRecord {
  const value = parsed(text);
  for (const member of members) if (!Object.hasOwn(value, member)) throw unreadable(member);
  for (const member of Object.keys(value)) if (!isMember.has(member)) throw unreadable("a member");
  // Each member is checked below, or by the draft's own checks.
  const record = value as KeyRecord;
  const { id, hash, previous, hint, createdAtWallMs, revokedAtWallMs } = record;
  if (!isText(id, ID)) throw unreadable("id");
  if (!isText(hash, HASH)) throw unreadable("hash");
  if (typeof hint !== "string" || hint.length > HINT_CHARACTERS_MAX) throw unreadable("hint");
  if (!isWallMs(createdAtWallMs)) throw unreadable("createdAtWallMs");
  if (revokedAtWallMs !== null && !isWallMs(revokedAtWallMs)) throw unreadable("revokedAtWallMs");
  const draft = draftOf(record);
  try {
    checkDraft(draft);
  } catch (cause) {
    throw new Error("a key's record has a name, limit or other field beyond its bounds", { cause });
  }
  return Object.freeze({
    ...frozenDraft(draft),
    id: id as KeyId,
    hash: hash as KeyHash,
    previous: readPrevious(previous),
    hint,
    createdAtWallMs,
    revokedAtWallMs,
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("a key's record is no JSON");
  }
  if (typeof value !== "object" || value === null) throw new Error("a key's record is no object");
  return value as Readonly<Record<string, unknown>>;
}

function isText(value: unknown, form: RegExp): boolean {
  return typeof value === "string" && form.test(value);
}

function readPrevious(previous: KeyRecord["previous"]): KeyRecord["previous"] {
  if (previous === null) return null;
  if (typeof previous !== "object") throw unreadable("previous");
  const { hash, untilWallMs, ...rest } = previous;
  const isGood = isText(hash, HASH) && isWallMs(untilWallMs) && Object.keys(rest).length === 0;
  if (!isGood) throw unreadable("previous");
  return Object.freeze({ hash, untilWallMs });
}

function unreadable(member: string): Error {
  return new Error(`a key's record has no ${member} that can be read`);
}
