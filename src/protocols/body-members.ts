/** The members of a body that a door acts on: each there once, in its exact spelling, in valid JSON. */
import { GatewayError } from "../core/errors.ts";
import type { WantedNames } from "../wire/json-key.ts";
import { type ContainerReader, type JsonMember, scanDocument, scanObject } from "../wire/json-scan.ts";
import { JsonSyntaxError } from "../wire/json-value.ts";

/** The wanted members at the top; `reader` is handed their containers. @throws GatewayError invalid_json */
export function scanBody(body: Buffer, wanted: WantedNames, reader: ContainerReader): JsonMember[] {
  try {
    return scanDocument(body, wanted, reader);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new GatewayError(
      "invalid_json",
      `The request body is not valid JSON: ${error.message}. Send one JSON object (RFC 8259) in UTF-8.`,
      { cause: error },
    );
  }
}

/** The wanted members of an object inside a body that has been scanned. */
export function scanNested(body: Buffer, object: JsonMember, wanted: WantedNames): JsonMember[] {
  return scanObject(body, object.valueStart, object.valueEnd, wanted);
}

/**
 * The member of that name, or null. Where a body holds it twice, or a twin of it that only some readers
 * take for it, what the gateway authorises need not be what the upstream reads: such a body is refused.
 * @param path the name with the names of the objects around it, for the error
 * @throws GatewayError ambiguous_body
 */
export function soleMember(members: readonly JsonMember[], name: string, path = name): JsonMember | null {
  let sole: JsonMember | null = null;
  for (const member of members) {
    if (member.name !== name) continue;
    if (member.spelling !== "exact") {
      throw new GatewayError(
        "ambiguous_body",
        `The member at byte ${member.keyStart} is one that some readers take for \`${path}\` and others do not. ` +
          `Spell it exactly \`${name}\`, without escapes, or leave it out.`,
        { param: path },
      );
    }
    if (sole !== null) {
      throw new GatewayError(
        "ambiguous_body",
        `\`${path}\` stands twice in the request body, again at byte ${member.keyStart}, and readers differ on ` +
          "which one counts. Send it once.",
        { param: path },
      );
    }
    sole = member;
  }
  return sole;
}
