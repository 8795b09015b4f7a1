/** The JSON Schema of the configuration file, for editors: made from the schema that reads the file. */
import { z } from "zod";
import { defaults } from "./defaults.ts";
import { configSchema } from "./schema.ts";

export type JsonObject = { [member: string]: unknown };

export const SCHEMA_FILE = "config.schema.json";

const SUBSTITUTION = { $ref: "#/$defs/substitution" };

/** Settings that are no plain text may stand as `${NAME}` too; the value is checked when it is known. */
function mayBeSubstituted(schema: JsonObject): boolean {
  const { type } = schema;
  const isText = type === "string" && ["pattern", "const", "enum"].some((check) => check in schema);
  return type === "integer" || type === "number" || type === "boolean" || isText;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function allowSubstitution(schema: JsonObject): void {
  const { description, ...check } = schema;
  for (const member of Object.keys(schema)) delete schema[member];
  if (description !== undefined) schema["description"] = description;
  schema["anyOf"] = [check, SUBSTITUTION];
}

function memberOf(schema: unknown, path: readonly string[]): unknown {
  let here = schema;
  for (const member of path) here = isObject(here) ? here[member] : undefined;
  return here;
}

/** Writes the defaults beside the settings that they stand for. */
function addDefaults(schema: unknown, values: unknown): void {
  if (!isObject(schema) || !isObject(schema["properties"]) || !isObject(values)) return;
  for (const [name, setting] of Object.entries(schema["properties"])) {
    if (!isObject(setting) || !Object.hasOwn(values, name)) continue;
    if (isObject(values[name])) addDefaults(setting, values[name]);
    else setting["default"] = values[name];
  }
}

/** Draft 2020-12. What is written here has been generated: change `schema.ts`, then run `npm run docs`. */
export function configJsonSchema(): JsonObject {
  const generated: JsonObject = {
    ...z.toJSONSchema(configSchema, {
      target: "draft-2020-12",
      io: "input",
      override: ({ jsonSchema, path }) => {
        const isName = path.at(-1) === "propertyNames";
        if (!isName && mayBeSubstituted(jsonSchema)) allowSubstitution(jsonSchema);
      },
    }),
  };
  addDefaults(generated, defaults);
  addDefaults(memberOf(generated, ["properties", "upstreams", "additionalProperties"]), defaults.upstream);
  const { $schema, ...rest } = generated;
  return {
    $schema,
    $id: SCHEMA_FILE,
    title: "volcano-proxy.yaml",
    description: "The configuration file of volcano-proxy.",
    ...rest,
    $defs: {
      substitution: {
        description: "A value from the environment.",
        type: "string",
        pattern: "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}",
      },
    },
  };
}

/** The text of `config.schema.json`. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
