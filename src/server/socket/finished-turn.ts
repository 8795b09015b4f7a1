/** Reads out of a response's last event what its successor needs to go on from it. */
import { wantedNames } from "../../wire/json-key.ts";
import { type JsonMember, scanObject } from "../../wire/json-scan.ts";
import { JsonSyntaxError } from "../../wire/json-value.ts";
import { insideOf } from "./create-body.ts";

const EVENT = wantedNames(["response"]);
const RESPONSE = wantedNames(["id", "output", "store"]);

export type Finished = {
  readonly id: string;
  /** The items of its output: JSON with commas between. */
  readonly output: Buffer;
  /** Whoever stores it knows it by its id: there is no need to send it again. */
  readonly isStored: boolean;
};

/** @param data of `response.completed` or `response.incomplete`; null where it is not as it should be */
export function readFinished(data: string): Finished | null {
  const bytes = Buffer.from(data);
  try {
    const response = only(scanObject(bytes, 0, bytes.length, EVENT), "response");
    if (response?.kind !== "object") return null;
    const members = scanObject(bytes, response.valueStart, response.valueEnd, RESPONSE);
    const id = only(members, "id");
    if (id?.kind !== "string") return null;
    const output = only(members, "output");
    return {
      id: JSON.parse(bytes.toString("utf8", id.valueStart, id.valueEnd)),
      output:
        output?.kind === "array" ? insideOf(bytes, output.valueStart, output.valueEnd) : Buffer.alloc(0),
      isStored: only(members, "store")?.kind === "true",
    };
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

function only(members: readonly JsonMember[], name: string): JsonMember | null {
  return members.find((member) => member.name === name && member.spelling === "exact") ?? null;
}
