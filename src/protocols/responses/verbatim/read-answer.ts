/** Reads what the gateway must know of a response object, without building the rest of it. */
import { readResponsesUsage, type Usage } from "../../../core/usage.ts";
import { wantedNames } from "../../../wire/json-key.ts";
import { type JsonMember, MemberCursor } from "../../../wire/json-scan.ts";
import { decodeString } from "../../../wire/json-string.ts";
import { skipSpace } from "../../../wire/json-value.ts";
import { codeOf } from "../../event-tap.ts";

const names = wantedNames(["id", "created_at", "model", "store", "usage", "service_tier", "error"]);
/** Ark's usage is some 200 bytes; so is an error. */
export const MEMBER_BYTES_MAX = 65_536;
const WORD_BYTES_MAX = 512;

export type ResponseFacts = {
  readonly id: string | null;
  readonly createdSeconds: number | null;
  readonly model: string | null;
  /** It says that it is not stored. */
  readonly isUnstored: boolean;
  /** Null where it is missing, given twice, too long or not valid. */
  readonly usage: Usage | null;
  readonly errorCode: string | null;
};

type Members = ReadonlyMap<string, JsonMember | null>;

/** Null stands for a member that is given twice. */
function read(bytes: Buffer, start: number, end: number): Members {
  const members = new Map<string, JsonMember | null>();
  const cursor = new MemberCursor(bytes, skipSpace(bytes, start, end), end, names);
  for (let member = cursor.next(); member !== null; member = cursor.next()) {
    if (member.spelling === "folded") continue;
    members.set(member.name, members.has(member.name) ? null : member);
  }
  return members;
}

function word(bytes: Buffer, member: JsonMember | null | undefined): string | null {
  if (member?.kind !== "string") return null;
  return decodeString(bytes, member.valueStart, member.valueEnd, WORD_BYTES_MAX) || null;
}

function parsed(bytes: Buffer, member: JsonMember | null | undefined): unknown {
  if (member === null || member === undefined) return null;
  const { valueStart, valueEnd } = member;
  return valueEnd - valueStart > MEMBER_BYTES_MAX
    ? null
    : JSON.parse(bytes.toString("utf8", valueStart, valueEnd));
}

function secondsOf(bytes: Buffer, member: JsonMember | null | undefined): number | null {
  const seconds = member?.kind === "number" ? parsed(bytes, member) : null;
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds : null;
}

/** Of the response object that the text from `start` to `end` is. @throws JsonSyntaxError */
export function readResponse(bytes: Buffer, start: number, end: number): ResponseFacts {
  const members = read(bytes, start, end);
  return {
    id: word(bytes, members.get("id")),
    createdSeconds: secondsOf(bytes, members.get("created_at")),
    model: word(bytes, members.get("model")),
    isUnstored: members.get("store")?.kind === "false",
    usage: readResponsesUsage(parsed(bytes, members.get("usage")), word(bytes, members.get("service_tier"))),
    errorCode: codeOf(parsed(bytes, members.get("error"))),
  };
}
