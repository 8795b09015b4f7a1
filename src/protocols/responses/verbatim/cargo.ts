/** The client's own bytes for Ark, with what must be changed in them. */
import type { JsonMember } from "../../../wire/json-scan.ts";
import { stringIs } from "../../../wire/json-string.ts";
import type { Cargo, TargetTraits } from "../../door.ts";
import type { ResponsesBody } from "../read-body.ts";
import { toolChoiceModes } from "../tool-choice.ts";
import { ToolNames } from "../tool-names.ts";
import { rewriteInput } from "./rewrite-input.ts";
import { rewriteTools } from "./rewrite-tools.ts";
import { Rewriting, takeOut } from "./rewriting.ts";
import { takeOutUnknown } from "./unknown-keys.ts";

export type VerbatimCargo = {
  readonly cargo: Cargo;
  /** The names that must be given back on the way back; null where there are none. */
  readonly names: ToolNames | null;
};

/** Whether any tool that the body has, or speaks of, may have to be changed for Ark. */
function mayRewriteTools({ bytes, toolsArePlain, items, members }: ResponsesBody): boolean {
  if (!toolsArePlain || items.toRewrite.length > 0) return true;
  const choice = members.get("tool_choice");
  return choice !== undefined && !isMode(bytes, choice);
}

/** Whether it names no tool. */
function isMode(bytes: Buffer, { kind, valueStart, valueEnd }: JsonMember): boolean {
  return kind === "string" && toolChoiceModes.some((mode) => stringIs(bytes, valueStart, valueEnd, mode));
}

/** @throws GatewayError invalid_request */
export function verbatimCargo(body: ResponsesBody, { model, repairs }: TargetTraits): VerbatimCargo {
  const { bytes, members, intent } = body;
  const rewriting = new Rewriting(repairs);
  const named = members.get("model");
  if (named !== undefined && model !== intent.model) {
    const { valueStart: start, valueEnd: end } = named;
    rewriting.add("model", { start, end, bytes: Buffer.from(JSON.stringify(model)) });
  }
  const names = mayRewriteTools(body) ? new ToolNames() : null;
  const emptied = names === null ? [] : rewriteTools(body, rewriting, names);
  if (names !== null) rewriteInput(body, rewriting, names);
  const unknown = takeOutUnknown(body, rewriting);
  if (unknown.length > 0) rewriting.tell("responses_unknown_keys");
  takeOut(rewriting, null, bytes, inOrder(emptied, unknown));
  const isRenamed = names?.restoresAny === true && rewriting.isOn("namespace_tools");
  return { cargo: { body: bytes, rewrite: rewriting.finish() }, names: isRenamed ? names : null };
}

function inOrder(some: readonly JsonMember[], others: readonly JsonMember[]): readonly JsonMember[] {
  if (some.length === 0) return others;
  return [...some, ...others].sort((one, other) => one.keyStart - other.keyStart);
}
