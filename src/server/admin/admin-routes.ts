/** The admin API: what operators and their programs ask of the ledger, with the admin key. */
import { getConnInfo } from "@hono/node-server/conninfo";
import { type Context, Hono } from "hono";
import type { Clock } from "../../core/clock.ts";
import { systemClock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import type { LedgerReports } from "../../ledger/reports.ts";
import { AdminGate } from "./admin-key.ts";
import { readUsageQuery, usageParameters } from "./usage-query.ts";
import { renderUsage, type UsageFormat, usageFormats } from "./usage-rendering.ts";

export type AdminOptions = {
  /** Of the admin key in force; null: there is none, so nobody is let in. */
  readonly keyHash: () => string | null;
  readonly reports: LedgerReports;
  readonly clock?: Clock;
};

/** The paths, for whoever lists them. */
export const adminPaths = ["/admin/usage"] as const;

const contentTypes: { readonly [format in UsageFormat]: string } = {
  json: "application/json",
  csv: "text/csv; charset=utf-8",
};
const queryNames: readonly string[] = [...usageParameters, "format"];

/** Every path below `/admin/` asks for the key first, so without it nobody learns which ones there are. */
export function adminRoutes({ keyHash, reports, clock = systemClock }: AdminOptions): Hono {
  const app = new Hono();
  const gate = new AdminGate(keyHash, clock);
  app.use("/admin/*", async (context, next) => {
    gate.check(context.req.header("authorization"), addressOf(context));
    await next();
  });
  app.get("/admin/usage", async (context) => {
    const { format, ...parameters } = queryOf(context);
    const reading = readUsageQuery(parameters, clock.wallMs());
    if (reading.kind === "wrong") throw wrongParameter(reading.parameter, reading.expects.en);
    const answerFormat = usageFormats.find((name) => name === (format ?? "json"));
    if (answerFormat === undefined) throw wrongParameter("format", usageFormats.join(" or "));
    const report = await reports.usage(reading.query);
    return context.body(renderUsage(report, answerFormat), 200, {
      "content-type": contentTypes[answerFormat],
    });
  });
  return app;
}

/** Each parameter once, and none that is not known: what is mistyped must not be taken for an answer. */
function queryOf(context: Context): Readonly<Record<string, string | undefined>> {
  const query: Record<string, string | undefined> = {};
  for (const [name, values] of Object.entries(context.req.queries())) {
    if (!queryNames.includes(name)) {
      throw wrongParameter(name, `nothing: there is no such parameter, only ${queryNames.join(", ")}`);
    }
    if (values.length !== 1) throw wrongParameter(name, "to be given once");
    query[name] = values[0];
  }
  return query;
}

function wrongParameter(name: string, expects: string): GatewayError {
  const param = name.slice(0, PARAMETER_CHARACTERS_SHOWN);
  return new GatewayError("invalid_request", `The parameter ${param} expects ${expects}.`, { param });
}

const PARAMETER_CHARACTERS_SHOWN = 64;

/** Of the connection: a header that names another could be anybody's. */
function addressOf(context: Context): string {
  return getConnInfo(context).remote.address ?? "";
}
