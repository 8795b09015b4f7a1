/** What settings expect, in words for people: errors and the documentation say it. */
import { z } from "zod";
import type { Phrase } from "../core/language.ts";

/** By schema; `expected ...` in errors and the type column of the documentation. */
export const expectations = z.registry<Phrase>();

/** The schema itself, once it is known what it expects. */
export function expecting<Schema extends z.ZodType>(schema: Schema, en: string, zh: string): Schema {
  expectations.add(schema, { en, zh });
  return schema;
}

/** Settings by name, and no others. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return expecting(z.strictObject(shape), "settings by name", "以名称列出的设置");
}
