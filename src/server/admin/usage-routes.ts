/** The route of the ledger's sums, as JSON and as CSV. */
import { createRoute, z } from "@hono/zod-openapi";
import { expecting } from "../../config/expectations.ts";
import { systemClock } from "../../core/clock.ts";
import { type AdminApp, errorAnswers } from "./admin-answers.ts";
import { forRoles, visibleKeyIds } from "./admin-gate.ts";
import type { AdminOptions } from "./admin-options.ts";
import { refusing, wrongParameter } from "./request-checks.ts";
import { readUsageQuery, usageGroupNames, usageParameterSchemas } from "./usage-query.ts";
import { renderUsage, type UsageFormat, usageFormats } from "./usage-rendering.ts";

const count = z.int();
const sums = {
  attempts: count,
  input_tokens: count,
  cached_input_tokens: count,
  output_tokens: count,
  reasoning_tokens: count,
  cost_cny: z.number().nullable().describe("Null where no price of it is known."),
  unknown_cost_attempts: count,
  counted_attempts: count,
  estimated_attempts: count,
};
const groups = Object.fromEntries(usageGroupNames.map((name) => [name, z.string().optional()]));
const usageSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    utc_offset: z.string(),
    by: z.array(z.enum(usageGroupNames)),
    rows: z.array(z.object({ ...groups, ...sums })),
    totals: z.object(sums),
    truncated: z.boolean(),
  })
  .openapi("Usage");

const query = z.strictObject({
  ...usageParameterSchemas,
  format: expecting(z.enum(usageFormats), usageFormats.join(" or "), usageFormats.join(" 或 "))
    .optional()
    .describe("`json` when left out."),
});

const route = createRoute({
  ...forRoles("admin", "read_only", "owner"),
  method: "get",
  path: "/admin/usage",
  summary: "Sums of tokens and cost",
  request: { query },
  responses: {
    200: {
      description: "The sums.",
      content: { "application/json": { schema: usageSchema }, "text/csv": { schema: z.string() } },
    },
    ...errorAnswers,
  },
});

const contentTypes: { readonly [format in UsageFormat]: string } = {
  json: "application/json",
  csv: "text/csv; charset=utf-8",
};

export function addUsageRoutes(
  app: AdminApp,
  { desk, reports, clock = systemClock }: Pick<AdminOptions, "desk" | "reports" | "clock">,
): void {
  app.openapi(
    route,
    async (context) => {
      const { format = "json", ...parameters } = context.req.valid("query");
      const reading = readUsageQuery(parameters, clock.wallMs());
      if (reading.kind === "wrong") throw wrongParameter(reading.parameter, reading.expects.en);
      const { filters = {}, ...rest } = reading.query;
      const keyId = visibleKeyIds(context.get("visitor"), desk, filters.keyId);
      const report = await reports.usage({
        ...rest,
        filters: keyId === undefined ? filters : { ...filters, keyId },
      });
      return new Response(renderUsage(report, format), {
        headers: { "content-type": contentTypes[format] },
      });
    },
    refusing(query),
  );
}
