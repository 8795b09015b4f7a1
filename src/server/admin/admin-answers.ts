/** What the routes of the admin API share: paging, the shape of answers and of errors, and their app. */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { expecting } from "../../config/expectations.ts";
import type { AdminEnv } from "./admin-gate.ts";

export type AdminApp = OpenAPIHono<AdminEnv>;

export function newAdminApp(): AdminApp {
  return new OpenAPIHono<AdminEnv>();
}

const errorSchema = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string(),
    }),
  })
  .openapi("Error");

/** Every route's: the error catalogue says which there are. */
export const errorAnswers = {
  "4XX": {
    description: "The request is at fault.",
    content: { "application/json": { schema: errorSchema } },
  },
  "5XX": {
    description: "The gateway is at fault.",
    content: { "application/json": { schema: errorSchema } },
  },
} as const;

/** The answers of a route that gives JSON of this schema. */
export function answering<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { 200: { description, content: { "application/json": { schema } } }, ...errorAnswers } as const;
}

export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { "application/json": { schema } } } as const;
}

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;
const CURSOR_CHARACTERS_MAX = 256;

export const pageParameters = {
  limit: expecting(
    z
      .string()
      .regex(/^[1-9]\d{0,3}$/)
      .transform(Number)
      .refine((rows) => rows <= PAGE_MAX),
    `a whole number from 1 to ${PAGE_MAX}`,
    ` 1 到 ${PAGE_MAX} 的整数`,
  )
    .default(PAGE_DEFAULT)
    .openapi({ type: "integer", minimum: 1, maximum: PAGE_MAX, default: PAGE_DEFAULT }),
  cursor: expecting(
    z.string().min(1).max(CURSOR_CHARACTERS_MAX),
    "`next_cursor` of the page before",
    "上一页的 next_cursor",
  )
    .optional()
    .describe("`next_cursor` of the page before; the first page when left out."),
};

/** In the answer: null on the last page. */
export const nextCursor = z.string().nullable();

export const idParameter = z.object({ id: z.string() });
