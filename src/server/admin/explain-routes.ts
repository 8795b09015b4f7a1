/** The route of the dry run: what would become of a request, with no token spent and nothing reserved. */
import { createRoute, z } from "@hono/zod-openapi";
import { expecting, section } from "../../config/expectations.ts";
import { changes } from "../../core/changes.ts";
import { unreachable } from "../../core/errors.ts";
import { budgetPeriods, spenderKinds } from "../../core/limits.ts";
import { type MicroYuan, yuanOf } from "../../core/money.ts";
import type { LimitFault, LimitStanding } from "../../limits/call-limits.ts";
import type { Explanation } from "../../pipeline/explain.ts";
import { type AdminApp, answering, jsonBody } from "./admin-answers.ts";
import { forRoles, visibleKey } from "./admin-gate.ts";
import type { AdminOptions } from "./admin-options.ts";
import { tierJson, tierSchema } from "./model-facts.ts";
import { refusing, wrongParameter } from "./request-checks.ts";

const DEFAULT_PATH = "/v1/chat/completions";
const PATH_CHARACTERS_MAX = 256;

const questionSchema = section({
  path: expecting(
    z
      .string()
      .max(PATH_CHARACTERS_MAX)
      .regex(/^\/[!-~]*$/),
    `a path of the data plane such as ${DEFAULT_PATH}`,
    `数据面路径，例如 ${DEFAULT_PATH}`,
  )
    .optional()
    .describe(`The path it would be sent to; ${DEFAULT_PATH} when left out.`),
  key_id: expecting(z.string().nullable(), "the id of a key", "密钥 id")
    .optional()
    .describe("Whose request it would be; a caller with an Ark key of his own when left out."),
  body: expecting(z.record(z.string(), z.unknown()), "the request's body", "请求体").describe(
    "The request's body.",
  ),
});

const money = z.number().nullable();
const standingSchema = z.object({
  spender: z.enum(spenderKinds),
  limit: z.enum(["requests_per_minute", "tokens_per_minute", "concurrent", "budget_cny", "budget_tokens"]),
  per: z.enum(budgetPeriods).nullable(),
  max: z.number(),
  taken: z.number().nullable(),
  claim: z.number().nullable(),
});
const faults = ["busy", "exhausted", "too_large", "unpriced", "unready"] as const satisfies LimitFault[];

const refusedSchema = z.object({
  served: z.literal(false),
  error: z.object({ status: z.int(), code: z.string(), message: z.string(), param: z.string().nullable() }),
});
const servedSchema = z.object({
  served: z.literal(true),
  door: z.string(),
  model: z.string(),
  fallback: z.boolean().describe("The model asked for is not there, so the default one serves."),
  target: z.string(),
  changes: z.array(z.enum(changes)),
  price_version: z.string().nullable(),
  price_cny_per_million: z.array(tierSchema),
  estimate: z.object({ input_tokens: z.int(), output_tokens: z.int(), cost_cny: money }),
  most: z.object({ tokens: z.int(), cost_cny: money }).describe("What budgets must have left for it."),
  limits: z.array(standingSchema),
  refusal: z
    .object({
      fault: z.enum(faults),
      message: z.string(),
      retry_after_seconds: z.number().nullable(),
    })
    .nullable()
    .describe("Null where every limit would let it in now."),
});
const explanationSchema = z.union([servedSchema, refusedSchema]).openapi("Explanation");

const route = createRoute({
  ...forRoles("admin"),
  method: "post",
  path: "/admin/explain",
  summary: "What would become of a request: a dry run",
  request: { body: jsonBody(questionSchema) },
  responses: answering(explanationSchema, "What would become of it."),
});

export function addExplainRoutes(app: AdminApp, { desk, explain }: AdminOptions): void {
  app.openapi(
    route,
    async (context) => {
      const { path = DEFAULT_PATH, key_id: keyId = null, body } = context.req.valid("json");
      const key = keyId === null ? null : visibleKey(context.get("visitor"), desk, keyId);
      if (keyId !== null && key === null) throw wrongParameter("key_id", "the id of a key that there is");
      const explanation = await explain({ path, key, body: Buffer.from(textOf(body)) });
      return context.json(explanationJson(explanation), 200);
    },
    refusing(questionSchema),
  );
}

/** What nests deeper than the stack reaches was readable, but cannot be written again. */
function textOf(body: Record<string, unknown>): string {
  try {
    return JSON.stringify(body);
  } catch {
    throw wrongParameter("body", "a request's body that is not nested so deeply");
  }
}

function explanationJson(explanation: Explanation): z.infer<typeof explanationSchema> {
  switch (explanation.kind) {
    case "refused": {
      const { status, code, message, details } = explanation.error;
      return { served: false, error: { status, code, message, param: details.param ?? null } };
    }
    case "served":
      return servedJson(explanation);
    default:
      return unreachable(explanation);
  }
}

function servedJson(served: Explanation & { readonly kind: "served" }): z.infer<typeof servedSchema> {
  const { price, estimate, most, refusal } = served;
  return {
    served: true,
    door: served.door,
    model: served.alias,
    fallback: served.isFallback,
    target: served.target,
    changes: [...served.changes],
    price_version: price?.version ?? null,
    price_cny_per_million: price?.tiers.map(tierJson) ?? [],
    estimate: {
      input_tokens: estimate.usage.inputTokens,
      output_tokens: estimate.usage.outputTokens,
      cost_cny: yuan(estimate.cost),
    },
    most: { tokens: most.tokens, cost_cny: yuan(most.cost) },
    limits: served.limits.map(standingJson),
    refusal:
      refusal === null
        ? null
        : {
            fault: refusal.fault,
            message: refusal.message,
            retry_after_seconds: refusal.retryAfterMs === null ? null : refusal.retryAfterMs / 1_000,
          },
  };
}

function standingJson(standing: LimitStanding): z.infer<typeof standingSchema> {
  const { spender, limit, period, max, taken, claim } = standing;
  const figure = limit === "budget_cny" ? yuan : (value: number | null) => value;
  return { spender, limit, per: period, max: figure(max) ?? 0, taken: figure(taken), claim: figure(claim) };
}

function yuan(amount: MicroYuan | null): number | null {
  return amount === null ? null : yuanOf(amount);
}
