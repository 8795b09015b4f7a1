/** The client's own bytes for Ark, with what must be changed in them. */
import type { Cargo, TargetTraits } from "../../door.ts";
import type { ResponsesBody } from "../read-body.ts";
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

/** @throws GatewayError invalid_request */
export function verbatimCargo(body: ResponsesBody, { model, repairs }: TargetTraits): VerbatimCargo {
  const { bytes, members, intent } = body;
  const rewriting = new Rewriting(repairs);
  const names = new ToolNames();
  const named = members.get("model");
  if (named !== undefined && model !== intent.model) {
    const { valueStart: start, valueEnd: end } = named;
    rewriting.add("model", { start, end, bytes: Buffer.from(JSON.stringify(model)) });
  }
  const emptied = rewriteTools(body, rewriting, names);
  rewriteInput(body, rewriting, names);
  const unknown = takeOutUnknown(body, rewriting);
  const gone = [...emptied, ...unknown].sort((one, other) => one.keyStart - other.keyStart);
  if (unknown.length > 0) rewriting.tell("responses_unknown_keys");
  takeOut(rewriting, null, bytes, gone);
  const isRenamed = rewriting.isOn("namespace_tools") && names.restoresAny;
  return { cargo: { body: bytes, rewrite: rewriting.finish() }, names: isRenamed ? names : null };
}
