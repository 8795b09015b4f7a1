/** Reads the usage out of a whole chat answer, without building the rest of it. */
import { readChatUsage, type Usage } from "../../core/usage.ts";
import { wantedNames } from "../../wire/json-key.ts";
import { type JsonMember, scanDocument } from "../../wire/json-scan.ts";
import { JsonSyntaxError } from "../../wire/json-value.ts";

const USAGE = "usage";
const SERVICE_TIER = "service_tier";
const names = wantedNames([USAGE, SERVICE_TIER]);
/** Ark's is some 200 bytes. */
export const USAGE_BYTES_MAX = 65_536;

function parsed(body: Buffer, { valueStart, valueEnd }: JsonMember): unknown {
  return JSON.parse(body.toString("utf8", valueStart, valueEnd));
}

/**
 * Null where the answer is no JSON object, or its `usage` is missing, given twice, too long or not valid.
 */
export function readUsage(body: Buffer): Usage | null {
  try {
    const members = scanDocument(body, names);
    const [usage, second] = members.filter(({ name }) => name === USAGE);
    if (usage === undefined || second !== undefined || usage.spelling !== "exact") return null;
    if (usage.valueEnd - usage.valueStart > USAGE_BYTES_MAX) return null;
    const tier = members.find(({ name }) => name === SERVICE_TIER);
    return readChatUsage(parsed(body, usage), tier === undefined ? null : parsed(body, tier));
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}
