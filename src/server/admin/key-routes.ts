/** The routes of keys: made, listed, changed, revoked and rotated; a key itself is shown once. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { systemClock } from "../../core/clock.ts";
import { budgetPeriods } from "../../core/limits.ts";
import { yuanOf } from "../../core/money.ts";
import type { KeyRecord } from "../../keys/key-record.ts";
import {
  type AdminApp,
  answering,
  errorAnswers,
  idParameter,
  jsonBody,
  nextCursor,
  pageParameters,
} from "./admin-answers.ts";
import { type AdminEnv, forRoles, visibleKey, visibleKeys } from "./admin-gate.ts";
import type { AdminOptions } from "./admin-options.ts";
import {
  keyDraftOf,
  keyDraftSchema,
  keyJson,
  keyPatchOf,
  keyPatchSchema,
  keySchema as plainKeySchema,
  rotationSchema,
} from "./key-schemas.ts";
import { notFound, refusing, wrongParameter } from "./request-checks.ts";

// A copy: only schemas made once the package is loaded have what it adds.
const keySchema = plainKeySchema.extend({}).openapi("Key");
const madeKeySchema = plainKeySchema
  .extend({ key: z.string().describe("The key itself: shown this once, and kept nowhere.") })
  .openapi("NewKey");
const usedSchema = z.object({ tokens: z.int(), cost_cny: z.number() });
const keyDetailSchema = plainKeySchema
  .extend({
    used: z
      .object(Object.fromEntries(budgetPeriods.map((period) => [period, usedSchema])))
      .describe("In the present day, week and month of Beijing's calendar, and in all."),
  })
  .openapi("KeyDetail");

const listQuery = z.strictObject({
  ...pageParameters,
  owner: z.string().optional().describe("Only keys of this owner."),
});

const list = createRoute({
  ...forRoles("admin", "read_only", "owner"),
  method: "get",
  path: "/admin/keys",
  summary: "Keys, the oldest first",
  request: { query: listQuery },
  responses: answering(z.object({ keys: z.array(keySchema), next_cursor: nextCursor }), "A page of keys."),
});

const create = createRoute({
  ...forRoles("admin"),
  method: "post",
  path: "/admin/keys",
  summary: "Makes a key",
  request: { body: jsonBody(keyDraftSchema) },
  responses: {
    201: { description: "The new key.", content: { "application/json": { schema: madeKeySchema } } },
    ...errorAnswers,
  },
});

const show = createRoute({
  ...forRoles("admin", "read_only", "owner"),
  method: "get",
  path: "/admin/keys/{id}",
  summary: "One key, and what it has used",
  request: { params: idParameter },
  responses: answering(keyDetailSchema, "The key."),
});

const change = createRoute({
  ...forRoles("admin"),
  method: "patch",
  path: "/admin/keys/{id}",
  summary: "Changes what is named, and nothing else",
  request: { params: idParameter, body: jsonBody(keyPatchSchema) },
  responses: answering(keySchema, "The key as it is now."),
});

const revoke = createRoute({
  ...forRoles("admin"),
  method: "post",
  path: "/admin/keys/{id}/revoke",
  summary: "Ends a key at once and for good",
  request: { params: idParameter },
  responses: answering(keySchema, "The key as it is now."),
});

const rotate = createRoute({
  ...forRoles("admin"),
  method: "post",
  path: "/admin/keys/{id}/rotate",
  summary: "Gives a key a new secret",
  request: {
    params: idParameter,
    body: { required: false, content: { "application/json": { schema: rotationSchema } } },
  },
  responses: answering(madeKeySchema, "The key with its new secret."),
});

export function addKeyRoutes(app: AdminApp, options: AdminOptions): void {
  addReads(app, options);
  const { desk, clock = systemClock } = options;
  app.openapi(
    create,
    async (context) => {
      const draft = keyDraftOf(context.req.valid("json"));
      const { record, secret } = await desk.create(draft, actorOf(context));
      return context.json({ ...keyJson(record, clock.wallMs()), key: secret }, 201);
    },
    refusing(keyDraftSchema),
  );
  app.openapi(
    change,
    async (context) => {
      const json = context.req.valid("json");
      const { id } = known(context, options);
      const changed = await desk.change(id, (key) => keyPatchOf(json, key), actorOf(context));
      return context.json(keyJson(found(changed), clock.wallMs()), 200);
    },
    refusing(keyPatchSchema),
  );
  app.openapi(revoke, async (context) => {
    const revoked = await desk.revoke(known(context, options).id, actorOf(context));
    return context.json(keyJson(found(revoked), clock.wallMs()), 200);
  });
  app.openapi(
    rotate,
    async (context) => {
      const { overlap_seconds: overlapSeconds = 0 } = context.req.valid("json");
      const { id } = known(context, options);
      const { record, secret } = found(await desk.rotate(id, overlapSeconds * 1_000, actorOf(context)));
      return context.json({ ...keyJson(record, clock.wallMs()), key: secret }, 200);
    },
    refusing(rotationSchema),
  );
}

function addReads(app: AdminApp, { desk, spendingOf, clock = systemClock }: AdminOptions): void {
  app.openapi(
    list,
    (context) => {
      const { limit, cursor, owner } = context.req.valid("query");
      const keys = visibleKeys(context.get("visitor"), desk).filter(
        (key) => owner === undefined || key.owner === owner,
      );
      const start = cursor === undefined ? 0 : keys.findIndex(({ id }) => id === cursor) + 1;
      if (cursor !== undefined && start === 0) {
        throw wrongParameter("cursor", "`next_cursor` of a page of the same list");
      }
      const page = keys.slice(start, start + limit);
      const next = start + limit < keys.length ? (page.at(-1)?.id ?? null) : null;
      const now = clock.wallMs();
      return context.json({ keys: page.map((key) => keyJson(key, now)), next_cursor: next }, 200);
    },
    refusing(listQuery),
  );
  app.openapi(show, (context) => {
    const key = found(visibleKey(context.get("visitor"), desk, context.req.param("id")));
    const spent = spendingOf(key.id);
    const used = Object.fromEntries(
      budgetPeriods.map((period) => {
        const { tokens, cost } = spent[period];
        return [period, { tokens, cost_cny: yuanOf(cost) }];
      }),
    );
    return context.json({ ...keyJson(key, clock.wallMs()), used }, 200);
  });
}

function known(context: Context<AdminEnv>, { desk }: AdminOptions): KeyRecord {
  return found(visibleKey(context.get("visitor"), desk, context.req.param("id") ?? ""));
}

function found<Found>(key: Found | null): Found {
  if (key === null) throw notFound("key");
  return key;
}

/** Whom the audit trail names. Only admins change anything. */
function actorOf(context: Context<AdminEnv>): string {
  const visitor = context.get("visitor");
  return visitor.role === "admin" ? visitor.actor : visitor.role;
}
