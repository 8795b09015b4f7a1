/** Reads the text of a configuration file into checked settings, or into faults with their places. */
import { z } from "zod";
import { nearestName } from "../core/nearest-name.ts";
import type { Reason } from "./problem.ts";
import { configSchema, type Settings } from "./schema.ts";
import { expectationAt, knownNamesAt, nameExpectationAt, schemasAt } from "./schema-walk.ts";
import type { Environment } from "./substitution.ts";
import { type Fault, type Path, readYaml, type YamlTree } from "./yaml-tree.ts";

export type SettingsReading =
  | { readonly kind: "ok"; readonly settings: Settings; readonly tree: YamlTree }
  | { readonly kind: "broken"; readonly faults: readonly Fault[] };

type Container = { [segment: string | number]: unknown };

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

function valueAt(root: unknown, path: Path): unknown {
  let here = root;
  for (const segment of path) here = isContainer(here) ? here[segment] : undefined;
  return here;
}

/** An environment value is text; where the schema wants a number, true, false or null, it becomes that. */
function typedAs(schemas: readonly z.core.$ZodType[], text: string): unknown {
  const takes = (type: z.core.$ZodTypeDef["type"]) =>
    schemas.some((schema) => schema instanceof z.ZodType && schema.def.type === type);
  if (takes("number") && /^-?\d{1,15}(\.\d{1,6})?$/.test(text)) return Number(text);
  if (takes("boolean") && (text === "true" || text === "false")) return text === "true";
  if ((takes("nullable") || takes("null")) && text === "null") return null;
  return text;
}

function giveTypes(tree: YamlTree): void {
  for (const path of tree.substituted) {
    const holder = valueAt(tree.value, path.slice(0, -1));
    const last = path.at(-1);
    if (!isContainer(holder) || last === undefined) continue;
    const text = holder[last];
    if (typeof text === "string") holder[last] = typedAs(schemasAt(configSchema, path), text);
  }
}

function faultAt(tree: YamlTree, path: Path, reason: Reason): Fault {
  return { ...tree.positionOf(path), path, reason };
}

function unknownSetting(tree: YamlTree, path: Path, name: string): Fault {
  const known = knownNamesAt(configSchema, path);
  const reason: Reason = { kind: "unknown-setting", name, nearest: nearestName(name, known), known };
  const namePath = [...path, name];
  return { ...tree.namePositionOf(namePath), path: namePath, reason };
}

/** The schema finds the places; its expectations say what belongs there. Values are never repeated. */
function faultsOf(tree: YamlTree, issue: z.core.$ZodIssue, around: Path): readonly Fault[] {
  const path = [...around, ...(issue.path as (string | number)[])];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((name) => unknownSetting(tree, path, name));
    case "invalid_key": {
      const expects = nameExpectationAt(configSchema, path.slice(0, -1));
      return [{ ...tree.namePositionOf(path), path, reason: { kind: "unusable-name", expects } }];
    }
    case "invalid_union": {
      const inside = issue.errors.find((branch) =>
        branch.some((nested) => nested.path.length > 0 || nested.code === "unrecognized_keys"),
      );
      if (inside !== undefined) return inside.flatMap((nested) => faultsOf(tree, nested, path));
      return [faultAt(tree, path, { kind: "expected", expects: expectationAt(configSchema, path) })];
    }
    default: {
      const kind = valueAt(tree.value, path) === undefined ? "missing" : "expected";
      return [faultAt(tree, path, { kind, expects: expectationAt(configSchema, path) })];
    }
  }
}

/** Never throws: whatever the text is, it is settings or at least one fault with a line. */
export function readSettings(text: string, environment: Environment): SettingsReading {
  const reading = readYaml(text, environment);
  if (reading.kind === "broken") return reading;
  const { tree } = reading;
  giveTypes(tree);
  const result = configSchema.safeParse(tree.value);
  if (result.success) return { kind: "ok", settings: result.data, tree };
  return { kind: "broken", faults: result.error.issues.flatMap((issue) => faultsOf(tree, issue, [])) };
}
