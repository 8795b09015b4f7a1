/** The route of the audit trail: who changed what, the newest first. */
import { createRoute, z } from "@hono/zod-openapi";
import { type AdminApp, answering, nextCursor, pageParameters } from "./admin-answers.ts";
import { forRoles } from "./admin-gate.ts";
import type { AdminOptions } from "./admin-options.ts";
import { momentText } from "./key-schemas.ts";
import { refusing, wrongParameter } from "./request-checks.ts";

const query = z.strictObject({
  ...pageParameters,
  subject: z.string().optional().describe("Only what was done to the thing with this id."),
});

const entrySchema = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .openapi("AuditEntry");

const route = createRoute({
  ...forRoles("admin", "read_only"),
  method: "get",
  path: "/admin/audit",
  summary: "What was changed and by whom, the newest first",
  request: { query },
  responses: answering(
    z.object({ entries: z.array(entrySchema), next_cursor: nextCursor }),
    "A page of entries.",
  ),
});

function readCursor(text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(id)) throw wrongParameter("cursor", "`next_cursor` of the page before");
  return id;
}

export function addAuditRoutes(app: AdminApp, { reports }: Pick<AdminOptions, "reports">): void {
  app.openapi(
    route,
    async (context) => {
      const { limit, cursor, subject } = context.req.valid("query");
      const { entries, next } = await reports.audit({
        ...(subject === undefined ? {} : { subject }),
        before: cursor === undefined ? null : readCursor(cursor),
        rowsMax: limit,
      });
      const answer = {
        entries: entries.map(({ atWallMs, detail, ...entry }) => ({
          ...entry,
          at: momentText(atWallMs),
          detail: { ...detail },
        })),
        next_cursor: next === null ? null : String(next),
      };
      return context.json(answer, 200);
    },
    refusing(query),
  );
}
