/** Checks faults that come from outside against the table, and says exactly where one is wrong. */
import { isObject } from "../json-value.ts";
import type { Field } from "./fault-fields.ts";
import { type Fault, type FaultKind, faultKinds, faultTable, type ScriptStep } from "./faults.ts";

/** A scenario or a scripted fault that cannot be used; `path` says where, such as `script[2].afterBytes`. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === "" ? problem : `${path}: ${problem}`);
    this.path = path;
  }
}

const SHOWN_CHARACTERS_MAX = 60;

/** A value as an error message shows it. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > SHOWN_CHARACTERS_MAX ? `${json.slice(0, SHOWN_CHARACTERS_MAX)}...` : json;
}

export function isFaultKind(name: unknown): name is FaultKind {
  return typeof name === "string" && Object.hasOwn(faultTable, name);
}

/** Throws ScenarioError where the value is no fault of the table. */
export function readFault(value: unknown, path: string): Fault {
  if (!isObject(value))
    throw new ScenarioError(path, `must be a fault such as {"kind":"reset"}, not ${shown(value)}`);
  const kind = value["kind"];
  if (!isFaultKind(kind)) {
    throw new ScenarioError(`${path}.kind`, `must be one of ${faultKinds.join(", ")}, not ${shown(kind)}`);
  }
  const fields: { readonly [name: string]: Field<unknown> } = faultTable[kind].fields;
  for (const [name, given] of Object.entries(value)) {
    if (name === "kind") continue;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) {
      const known = Object.keys(fields);
      const has = known.length === 0 ? "no fields" : known.join(", ");
      throw new ScenarioError(`${path}.${name}`, `is no field of ${kind}, which has ${has}`);
    }
    if (!field.accepts(given)) {
      throw new ScenarioError(`${path}.${name}`, `must be ${field.expected}, not ${shown(given)}`);
    }
  }
  return value as Fault;
}

/** A fault, a list of faults, or null. Throws ScenarioError for anything else. */
export function readScriptStep(value: unknown, path: string): ScriptStep {
  if (value === null) return null;
  if (!Array.isArray(value)) return readFault(value, path);
  return value.map((fault: unknown, index) => readFault(fault, `${path}[${index}]`));
}
