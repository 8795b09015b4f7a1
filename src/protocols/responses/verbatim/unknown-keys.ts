/** Takes out of a body what OpenAI knows and Ark refuses: its top members, and keys inside settings. */
import { wantedNames } from "../../../wire/json-key.ts";
import { ElementCursor, type JsonMember } from "../../../wire/json-scan.ts";
import { stringIs } from "../../../wire/json-string.ts";
import { skipValue } from "../../../wire/json-value.ts";
import { type ResponsesBody, unknownNames } from "../read-body.ts";
import { membersOf, presentOf, type Rewriting, type Span, takeOut, takeOutElements } from "./rewriting.ts";

const CHANGE = "responses_unknown_keys";

/** Inside `reasoning` Ark takes `effort` alone, and shows its thoughts in any case. */
const nestedKeys = [
  { member: "reasoning", keys: wantedNames(["context", "generate_summary", "mode", "summary"]) },
  { member: "text", keys: wantedNames(["verbosity"]) },
] as const;

const unknown: ReadonlySet<string> = new Set(unknownNames);
const unknownWithContext: ReadonlySet<string> = new Set([...unknownNames, "context_management"]);

/** What only OpenAI's own tools could add to an answer. */
const foreignIncludes = [
  "code_interpreter_call.outputs",
  "computer_call_output.output.image_url",
  "file_search_call.results",
  "message.output_text.logprobs",
  "web_search_call.action.sources",
  "web_search_call.results",
] as const;

function takeOutIncludes(bytes: Buffer, include: JsonMember | undefined, rewriting: Rewriting): void {
  if (include?.kind !== "array") return;
  const foreign: Span[] = [];
  const elements = new ElementCursor(bytes, include.valueStart, include.valueEnd);
  while (elements.next()) {
    const { start } = elements;
    const end = skipValue(bytes, start, include.valueEnd, 0);
    elements.endsAt(end);
    if (foreignIncludes.some((name) => stringIs(bytes, start, end, name))) foreign.push({ start, end });
  }
  takeOutElements(rewriting, CHANGE, bytes, foreign);
}

/** Gives the top members that must go; the keys inside others are taken out. */
export function takeOutUnknown(
  { bytes, members }: ResponsesBody,
  rewriting: Rewriting,
): readonly JsonMember[] {
  if (!rewriting.isOn(CHANGE)) return [];
  for (const { member, keys } of nestedKeys) {
    const settings = members.get(member);
    if (settings?.kind !== "object") continue;
    const inside = membersOf(bytes, settings.valueStart, settings.valueEnd, keys).members;
    if (inside !== null) takeOut(rewriting, CHANGE, bytes, [...inside.values()]);
  }
  takeOutIncludes(bytes, members.get("include"), rewriting);
  // OpenAI's is a list, Ark's an object; the one knows nothing of the other.
  const isOpenAIs = members.get("context_management")?.kind === "array";
  return presentOf(members, isOpenAIs ? unknownWithContext : unknown);
}
