/** What the schema says of a place in the configuration: what it expects there, which names it knows. */
import { z } from "zod";
import type { Phrase } from "../core/language.ts";
import { expectations } from "./expectations.ts";
import type { Path } from "./yaml-tree.ts";

type Schema = z.core.$ZodType;

/** The schema and whatever it lets through: what optional and nullable wrap, each option of a union. */
function alternatives(schema: Schema): readonly Schema[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return [schema, ...alternatives(schema.unwrap())];
  }
  if (schema instanceof z.ZodUnion) return [schema, ...schema.options.flatMap(alternatives)];
  return [schema];
}

function below(schema: Schema, segment: string | number): readonly Schema[] {
  if (schema instanceof z.ZodObject && Object.hasOwn(schema.shape, segment)) return [schema.shape[segment]];
  if (schema instanceof z.ZodRecord && typeof segment === "string") return [schema.valueType];
  if (schema instanceof z.ZodArray && typeof segment === "number") return [schema.element];
  return [];
}

/** Every schema that may stand at the path, the outermost first; empty where there is no such place. */
export function schemasAt(root: Schema, path: Path): readonly Schema[] {
  let here = alternatives(root);
  for (const segment of path) {
    here = here.flatMap((schema) => below(schema, segment)).flatMap(alternatives);
  }
  return here;
}

const anything: Phrase = { en: "another value", zh: "其他值" };

/** What is expected at the path, in words. */
export function expectationAt(root: Schema, path: Path): Phrase {
  for (const schema of schemasAt(root, path)) {
    const phrase = expectations.get(schema);
    if (phrase !== undefined) return phrase;
  }
  return anything;
}

/** What is expected of the names in the record at the path, in words. */
export function nameExpectationAt(root: Schema, path: Path): Phrase {
  const record = schemasAt(root, path).find((schema) => schema instanceof z.ZodRecord);
  return (record && expectations.get(record.keyType)) ?? anything;
}

/** The names of the settings that may stand at the path. */
export function knownNamesAt(root: Schema, path: Path): readonly string[] {
  return schemasAt(root, path).flatMap((schema) =>
    schema instanceof z.ZodObject ? Object.keys(schema.shape) : [],
  );
}
