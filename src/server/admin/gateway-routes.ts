/** The routes of the gateway itself: its models, targets and configuration, and reading the file again. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Config } from "../../config/config.ts";
import { maskedSettings } from "../../config/masked.ts";
import { GatewayError } from "../../core/errors.ts";
import { type AdminApp, answering } from "./admin-answers.ts";
import { forRoles, type Visitor } from "./admin-gate.ts";
import type { AdminOptions } from "./admin-options.ts";
import { modelAdvice, modelJson, modelRowOf, modelSchema } from "./model-facts.ts";

const PROBLEMS_SHOWN = 5;

const models = createRoute({
  ...forRoles("admin", "read_only", "owner"),
  method: "get",
  path: "/admin/models",
  summary: "The models that may be named, with prices and context windows",
  responses: answering(
    z.object({
      models: z.array(modelSchema.extend({}).openapi("Model")),
      default_model: z.string().nullable(),
      passthrough_models: z.array(z.string()),
    }),
    "The models, in the order of the configuration.",
  ),
});

const targetSchema = z
  .object({
    target: z.string(),
    upstream: z.string(),
    base_url: z.string(),
    model: z.string(),
    aliases: z.array(z.string()),
    holds_key: z.boolean().describe("False: the caller's own key is passed on."),
  })
  .openapi("Target");

const targets = createRoute({
  ...forRoles("admin", "read_only"),
  method: "get",
  path: "/admin/targets",
  summary: "Where calls go, and which models lead there",
  responses: answering(z.object({ targets: z.array(targetSchema) }), "The targets."),
});

const config = createRoute({
  ...forRoles("admin", "read_only"),
  method: "get",
  path: "/admin/config",
  summary: "The configuration in force, its secrets masked",
  responses: answering(z.record(z.string(), z.unknown()), "In the words of the file."),
});

const reload = createRoute({
  ...forRoles("admin"),
  method: "post",
  path: "/admin/reload",
  summary: "Reads the configuration file again; a broken one leaves the old one in force",
  responses: answering(
    z.object({ reloaded: z.literal(true), warnings: z.array(z.string()) }),
    "The file's configuration is in force.",
  ),
});

export function addGatewayRoutes(app: AdminApp, options: AdminOptions): void {
  app.openapi(models, (context) => {
    const sees = sight(context.get("visitor"), options);
    const { models: all, defaultModel, passthroughModels } = options.config();
    const rows = all.filter(({ alias }) => sees(alias)).map(modelRowOf);
    const answer = {
      models: rows.map((row) => modelJson(row, modelAdvice(row))),
      default_model: defaultModel !== null && sees(defaultModel) ? defaultModel : null,
      passthrough_models: passthroughModels.filter(sees),
    };
    return context.json(answer, 200);
  });
  app.openapi(targets, (context) => context.json({ targets: targetsOf(options.config()) }, 200));
  app.openapi(config, (context) => context.json({ ...maskedSettings(options.config()) }, 200));
  app.openapi(reload, async (context) => {
    const result = await options.reload();
    if (result.kind === "broken") throw brokenConfig(result.problems);
    return context.json({ reloaded: true as const, warnings: [...result.warnings] }, 200);
  });
}

/** A pattern is seen by a key that may use whatever it stands for: that key's fit the pattern's own text. */
function sight(visitor: Visitor, { mayUse }: AdminOptions): (name: string) => boolean {
  return (name) => visitor.role !== "owner" || mayUse(visitor.key, name);
}

function targetsOf({ models: all, upstreams }: Config): z.infer<typeof targetSchema>[] {
  const found = new Map<string, z.infer<typeof targetSchema>>();
  for (const { alias, targets: ofModel } of all) {
    for (const { upstream, model } of ofModel) {
      const target = `${upstream}/${model}`;
      const known = found.get(target);
      if (known !== undefined) {
        known.aliases.push(alias);
        continue;
      }
      const settings = upstreams.find(({ name }) => name === upstream);
      found.set(target, {
        target,
        upstream,
        base_url: settings?.baseUrl ?? "",
        model,
        aliases: [alias],
        holds_key: (settings?.apiKeys.length ?? 0) > 0,
      });
    }
  }
  return [...found.values()];
}

function brokenConfig(problems: readonly string[]): GatewayError {
  const shown = problems.slice(0, PROBLEMS_SHOWN).join("; ");
  const more = problems.length > PROBLEMS_SHOWN ? `; and ${problems.length - PROBLEMS_SHOWN} more` : "";
  const message = `The configuration is broken, so the old one stays in force. ${shown}${more}`;
  return new GatewayError("invalid_request", message);
}
