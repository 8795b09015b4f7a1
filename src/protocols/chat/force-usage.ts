/** Makes every stream carry its usage: `stream_options.include_usage` is true, whatever was sent. */
import { GatewayError } from "../../core/errors.ts";
import { wantedNames } from "../../wire/json-key.ts";
import type { JsonMember } from "../../wire/json-scan.ts";
import { insertFirstMember, type Splice } from "../../wire/json-splice.ts";
import { scanNested, soleMember } from "../body-members.ts";

const includeUsageName = wantedNames(["include_usage"]);
const PATH = "stream_options.include_usage";
const OPTIONS = '{"include_usage":true}';

export type UsageWish = {
  /** The client itself asked for the chunk that holds the usage. */
  readonly wantsUsage: boolean;
  /** What makes Ark send it; null where nothing need be changed. */
  readonly splice: Splice | null;
};

/**
 * For a body with `stream: true`. Only `include_usage` asks for the closing chunk: `chunk_include_usage`
 * puts a running figure into chunks that the client sees anyway (ark-api 4.4), and is left as it is.
 * @param stream the member `stream`, behind which `stream_options` is put where the body has none
 * @throws GatewayError ambiguous_body, and invalid_request where the usage could not be asked for
 */
export function forceUsage(body: Buffer, stream: JsonMember, options: JsonMember | null): UsageWish {
  if (options === null) {
    const at = stream.valueEnd;
    return {
      wantsUsage: false,
      splice: { start: at, end: at, bytes: Buffer.from(`,"stream_options":${OPTIONS}`) },
    };
  }
  if (options.kind === "null") return { wantsUsage: false, splice: replace(options, OPTIONS) };
  if (options.kind !== "object") throw unusable("stream_options", "an object or null");
  const includeUsage = soleMember(scanNested(body, options, includeUsageName), "include_usage", PATH);
  if (includeUsage === null) {
    return { wantsUsage: false, splice: insertFirstMember(body, options.valueStart, '"include_usage":true') };
  }
  switch (includeUsage.kind) {
    case "true":
      return { wantsUsage: true, splice: null };
    case "false":
    case "null":
      return { wantsUsage: false, splice: replace(includeUsage, "true") };
    default:
      throw unusable(PATH, "true, false or null");
  }
}

function replace(member: JsonMember, json: string): Splice {
  return { start: member.valueStart, end: member.valueEnd, bytes: Buffer.from(json) };
}

function unusable(path: string, expected: string): GatewayError {
  return new GatewayError("invalid_request", `\`${path}\` must be ${expected}. Correct it or leave it out.`, {
    param: path,
  });
}
