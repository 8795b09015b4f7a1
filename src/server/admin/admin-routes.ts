/** The admin API: what operators, owners of keys and their programs may ask of the gateway. */
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { systemClock } from "../../core/clock.ts";
import { type AdminApp, newAdminApp } from "./admin-answers.ts";
import { AdminGate } from "./admin-gate.ts";
import type { AdminOptions } from "./admin-options.ts";
import { addAuditRoutes } from "./audit-routes.ts";
import { addEventsRoute } from "./events-route.ts";
import { addExplainRoutes } from "./explain-routes.ts";
import { addGatewayRoutes } from "./gateway-routes.ts";
import { addKeyRoutes } from "./key-routes.ts";
import { checkBody } from "./request-checks.ts";
import { addRequestRoutes } from "./request-routes.ts";
import { addUsageRoutes } from "./usage-routes.ts";

/**
 * Every path below `/admin/` asks for a key first, so without one nobody learns what is there.
 * @param onFault told of what goes wrong once an answer has begun
 */
export function adminRoutes(options: AdminOptions, onFault: (error: unknown) => void = ignore): AdminApp {
  const app = newAdminApp();
  const { hashes, failures, desk, clock = systemClock } = options;
  const gate = new AdminGate({ hashes, failures, desk, clock });
  app.use("/admin/*", async (context, next) => {
    context.set("visitor", gate.check(context.req.header("authorization"), addressOf(context)));
    await next();
  });
  app.use("/admin/*", checkBody);
  addKeyRoutes(app, options);
  addUsageRoutes(app, options);
  addRequestRoutes(app, options);
  addGatewayRoutes(app, options);
  addExplainRoutes(app, options);
  addEventsRoute(app, options, onFault);
  addAuditRoutes(app, options);
  return app;
}

function ignore(): void {}

/** Of the connection: a header that names another could be anybody's. */
function addressOf(context: Context): string {
  return getConnInfo(context).remote.address ?? "";
}
