/** The routes of the ledger's rows: the newest first, and all attempts of one request. */
import { createRoute, z } from "@hono/zod-openapi";
import { expecting } from "../../config/expectations.ts";
import { DAY_MS, readBeijingDay, startOfBeijingDay } from "../../core/beijing-day.ts";
import { settlements } from "../../core/ending.ts";
import { yuanOf } from "../../core/money.ts";
import { provenances } from "../../core/usage.ts";
import type { AttemptRow, RowCursor, RowFilters } from "../../ledger/reports.ts";
import { type AdminApp, answering, idParameter, nextCursor, pageParameters } from "./admin-answers.ts";
import { forRoles, visibleKeyIds } from "./admin-gate.ts";
import type { AdminOptions } from "./admin-options.ts";
import { momentText } from "./key-schemas.ts";
import { notFound, refusing, wrongParameter } from "./request-checks.ts";
import { namesSchema } from "./usage-query.ts";

const states = [...settlements, "open"] as const;

const statesSchema = expecting(
  z
    .string()
    .transform((text) => text.split(",").map((word) => word.trim()))
    .pipe(z.array(z.enum(states)).max(states.length)),
  `some of ${states.join(",")}`,
  `以下若干项：${states.join(",")}`,
).optional();

const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** @returns null where the text is neither */
function momentOf(text: string, isEnd: boolean): number | null {
  const day = readBeijingDay(text);
  if (day !== null) return startOfBeijingDay(day) + (isEnd ? DAY_MS : 0);
  const wallMs = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(wallMs) ? null : wallMs;
}

function momentSchema(isEnd: boolean) {
  return expecting(
    z
      .string()
      .transform((text) => momentOf(text.trim(), isEnd))
      .pipe(z.number()),
    "a day such as 2026-11-22, or a moment such as 2026-11-22T13:00:00+08:00",
    "日期，例如 2026-11-22；或时刻，例如 2026-11-22T13:00:00+08:00",
  ).optional();
}

const listQuery = z.strictObject({
  ...pageParameters,
  key: namesSchema.describe("Ids of keys, separated by commas."),
  model: namesSchema.describe("Models as clients name them, separated by commas."),
  state: statesSchema.describe(`How the attempt ended, separated by commas: ${states.join(", ")}.`),
  from: momentSchema(false).describe("Opened then or later: a day of Beijing, or a moment with its offset."),
  to: momentSchema(true).describe("Opened before that moment, or on that day of Beijing or earlier."),
});

const nullableCount = z.int().nullable();
const nullableMs = z.number().nullable();
const attemptSchema = z
  .object({
    request_id: z.string(),
    attempt_id: z.string(),
    client_request_id: z.string().nullable(),
    key: z.string(),
    door: z.string(),
    model: z.string(),
    upstream: z.string(),
    upstream_model: z.string(),
    stream: z.boolean(),
    state: z.enum(states),
    cause: z.string().nullable(),
    status: nullableCount,
    error_code: z.string().nullable(),
    opened_at: z.iso.datetime(),
    queue_ms: z.number(),
    dispatched_ms: nullableMs,
    first_byte_ms: nullableMs,
    total_ms: nullableMs,
    input_tokens: nullableCount,
    cached_input_tokens: nullableCount,
    output_tokens: nullableCount,
    reasoning_tokens: nullableCount,
    provenance: z.enum(provenances).nullable(),
    cost_cny: z.number().nullable(),
    price_version: z.string().nullable(),
  })
  .openapi("Attempt");

function attemptJson(row: AttemptRow): z.infer<typeof attemptSchema> {
  return {
    request_id: row.requestId,
    attempt_id: row.attemptId,
    client_request_id: row.clientRequestId,
    key: row.keyId,
    door: row.door,
    model: row.alias,
    upstream: row.upstream,
    upstream_model: row.upstreamModel,
    stream: row.stream,
    state: row.state,
    cause: row.cause,
    status: row.status,
    error_code: row.errorCode,
    opened_at: momentText(row.openedAtWallMs),
    queue_ms: row.queueMs,
    dispatched_ms: row.dispatchedMs,
    first_byte_ms: row.firstByteMs,
    total_ms: row.totalMs,
    input_tokens: row.inputTokens,
    cached_input_tokens: row.cachedInputTokens,
    output_tokens: row.outputTokens,
    reasoning_tokens: row.reasoningTokens,
    provenance: row.provenance,
    cost_cny: row.costMicroYuan === null ? null : yuanOf(row.costMicroYuan),
    price_version: row.priceVersion,
  };
}

const list = createRoute({
  ...forRoles("admin", "read_only", "owner"),
  method: "get",
  path: "/admin/requests",
  summary: "Attempts at an upstream, the newest first",
  request: { query: listQuery },
  responses: answering(
    z.object({ attempts: z.array(attemptSchema), next_cursor: nextCursor }),
    "A page of attempts.",
  ),
});

const show = createRoute({
  ...forRoles("admin", "read_only", "owner"),
  method: "get",
  path: "/admin/requests/{id}",
  summary: "All attempts of one request",
  request: { params: idParameter },
  responses: answering(
    z.object({ request_id: z.string(), attempts: z.array(attemptSchema) }),
    "The attempts, the first one first.",
  ),
});

/** The id of an attempt. */
const CURSOR = /^req_\w{1,100}\.\d{1,4}$/;

function readCursor(text: string): RowCursor {
  if (!CURSOR.test(text)) throw wrongParameter("cursor", "`next_cursor` of the page before");
  return text;
}

type RowParts = Pick<AdminOptions, "desk" | "reports">;

export function addRequestRoutes(app: AdminApp, { desk, reports }: RowParts): void {
  app.openapi(
    list,
    async (context) => {
      const { limit, cursor, key, model, state, from = null, to = null } = context.req.valid("query");
      const keyId = visibleKeyIds(context.get("visitor"), desk, key);
      const filters: RowFilters = {
        ...(keyId === undefined ? {} : { keyId }),
        ...(model === undefined ? {} : { alias: model }),
        ...(state === undefined ? {} : { state }),
      };
      const before = cursor === undefined ? null : readCursor(cursor);
      const { rows, next } = await reports.page({
        fromWallMs: from,
        toWallMs: to,
        filters,
        before,
        rowsMax: limit,
      });
      const answer = {
        attempts: rows.map(attemptJson),
        next_cursor: next,
      };
      return context.json(answer, 200);
    },
    refusing(listQuery),
  );
  app.openapi(show, async (context) => {
    const id = context.req.param("id");
    const visible = visibleKeyIds(context.get("visitor"), desk, undefined);
    const attempts = [];
    for await (const row of reports.attempts({ requestIds: [id] })) {
      if (visible === undefined || visible.includes(row.keyId)) attempts.push(attemptJson(row));
    }
    if (attempts.length === 0) throw notFound("request");
    return context.json({ request_id: id, attempts }, 200);
  });
}
