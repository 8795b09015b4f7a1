/** Reads the usage out of a whole message, without building the rest of it. */
import { readMessagesUsage, type Usage } from "../../../core/usage.ts";
import { wantedNames } from "../../../wire/json-key.ts";
import { scanDocument } from "../../../wire/json-scan.ts";
import { JsonSyntaxError } from "../../../wire/json-value.ts";

const usageName = wantedNames(["usage"]);
/** Ark's is some 200 bytes. */
export const USAGE_BYTES_MAX = 65_536;

/** Null where the answer is no JSON object, or its `usage` is missing, given twice, too long or not valid. */
export function readUsage(body: Buffer): Usage | null {
  try {
    const [usage, second] = scanDocument(body, usageName);
    if (usage === undefined || second !== undefined || usage.spelling !== "exact") return null;
    if (usage.valueEnd - usage.valueStart > USAGE_BYTES_MAX) return null;
    return readMessagesUsage(JSON.parse(body.toString("utf8", usage.valueStart, usage.valueEnd)));
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}
