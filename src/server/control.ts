/** The control plane: metrics and health on a port of their own, for operators and their tools. */
import { createServer } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono, type MiddlewareHandler } from "hono";
import { asGatewayError, GatewayError } from "../core/errors.ts";
import { PRODUCT, VERSION } from "../core/version.ts";
import type { AdminOptions } from "./admin/admin-options.ts";
import { adminRoutes } from "./admin/admin-routes.ts";
import { documentOf } from "./admin/openapi-document.ts";
import { documentPage } from "./admin/openapi-page.ts";
import { fromRouter } from "./admin/request-checks.ts";

export type ControlServerOptions = {
  readonly host: string;
  readonly port: number;
  /** Prometheus' text format 0.0.4. */
  readonly metrics: () => Promise<string>;
  /** What the admin API answers from; null or absent: there is none. */
  readonly admin?: AdminOptions | null;
  /** Told of what went wrong inside; the client is told no more than that. */
  readonly onFault?: (error: unknown) => void;
};

export interface ControlServer {
  /** The port that is listened on; 0 before that. */
  readonly port: number;
  /** @throws Error where the port cannot be had */
  listen(): Promise<{ host: string; port: number }>;
  /** Running answers are cut: there is nothing here that somebody must not lose. */
  close(): Promise<void>;
}

const TEXT = "text/plain; charset=utf-8";
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const DEADLINE_MS = 10_000;
const CONNECTIONS_MAX = 1_000;

/** Nothing here is a page but the document's, so a browser may do nothing with it. */
const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Does not listen before `listen` is called. */
export function createControlServer(options: ControlServerOptions): ControlServer {
  const app = controlRoutes(options);
  const server = createServer(
    {
      headersTimeout: DEADLINE_MS,
      requestTimeout: DEADLINE_MS,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: DEADLINE_MS,
    },
    getRequestListener(app.fetch, {
      overrideGlobalObjects: false,
      // What Hono cannot even make a request of, such as an impossible Host.
      errorHandler: () => errorResponse(misdirected()),
    }),
  );
  server.maxConnections = CONNECTIONS_MAX;
  const address = () => server.address() as AddressInfo | null;
  return {
    get port() {
      return address()?.port ?? 0;
    },
    listen: () =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(options.port, options.host, () => {
          server.removeListener("error", reject);
          resolve({ host: address()?.address ?? options.host, port: address()?.port ?? 0 });
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The routes of the control plane: what a request may ask for, whoever sends it. */
export function controlRoutes({ host, metrics, admin = null, onFault }: ControlServerOptions): Hono {
  const app = new Hono();
  app.use(protect(host));
  app.get("/", (context) => context.text(index(admin !== null), 200, { "content-type": TEXT }));
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/metrics", async (context) =>
    context.body(await metrics(), 200, { "content-type": METRICS_TYPE }),
  );
  if (admin !== null) addAdmin(app, admin, onFault);
  refuseOtherMethods(app);
  app.notFound(() =>
    errorResponse(
      new GatewayError("unsupported_endpoint", "There is nothing here. GET / lists what there is."),
    ),
  );
  app.onError((thrown) => {
    const error = asGatewayError(fromRouter(thrown));
    if (error.source !== "client") onFault?.(thrown);
    return errorResponse(error);
  });
  return app;
}

function addAdmin(app: Hono, admin: AdminOptions, onFault: ControlServerOptions["onFault"]): void {
  const routes = adminRoutes(admin, onFault);
  const document = documentOf(routes);
  const documentText = JSON.stringify(document);
  const { html, contentSecurityPolicy } = documentPage(document);
  app.get("/openapi.json", (context) =>
    context.body(documentText, 200, { "content-type": "application/json" }),
  );
  app.get("/docs", (context) =>
    context.html(html, 200, { "content-security-policy": contentSecurityPolicy }),
  );
  app.route("/", routes);
}

/** Behind the routes themselves, and for the admin API behind its gate. */
function refuseOtherMethods(app: Hono): void {
  const methodsByPath = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue;
    const methods = methodsByPath.get(path) ?? new Set();
    methodsByPath.set(path, methods);
    methods.add(method);
    if (method === "GET") methods.add("HEAD");
  }
  for (const [path, methods] of methodsByPath) app.all(path, () => errorResponse(wrongMethod(methods)));
}

/**
 * Answers only to the names that a user of this port would type. A page whose name has been made to resolve
 * to this address (DNS rebinding) shows its own name in Host, so it gets nothing.
 */
function protect(host: string): MiddlewareHandler {
  return async (context, next) => {
    if (isOwnName(context.req.header("host") ?? "", host)) await next();
    else context.res = errorResponse(misdirected());
    const { headers } = context.res;
    for (const [name, value] of Object.entries(securityHeaders)) {
      if (!headers.has(name)) headers.set(name, value);
    }
  };
}

/**
 * An address is always fine: only a name can be rebound. So is a name without a dot, which no public DNS has.
 */
function isOwnName(hostHeader: string, configured: string): boolean {
  const name = nameOf(hostHeader.toLowerCase());
  return name !== "" && (!name.includes(".") || isIP(name) !== 0 || name === configured.toLowerCase());
}

/** Without the port, and without the brackets of an IPv6 address. */
function nameOf(hostHeader: string): string {
  if (hostHeader.startsWith("[")) return hostHeader.slice(1, hostHeader.indexOf("]"));
  const colon = hostHeader.indexOf(":");
  return colon < 0 ? hostHeader : hostHeader.slice(0, colon);
}

function index(hasAdmin: boolean): string {
  const lines = [
    `${PRODUCT} ${VERSION}, control plane`,
    "",
    "GET /metrics       Prometheus metrics",
    "GET /healthz       alive",
    ...(hasAdmin
      ? [
          "GET /docs          the admin API, to read",
          "GET /openapi.json  the same for programs",
          "GET /admin/usage   sums from the ledger; like all of /admin/ it needs a key",
        ]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

function misdirected(): GatewayError {
  return new GatewayError(
    "ambiguous_request",
    "The Host header names neither this machine's address nor the configured host (control.host).",
  );
}

function wrongMethod(methods: ReadonlySet<string>): GatewayError {
  const allow = [...methods].join(", ");
  return new GatewayError("method_not_allowed", `Only ${allow} can be used here.`, { headers: { allow } });
}

function errorResponse({ code, message, status, type, details }: GatewayError): Response {
  const body = JSON.stringify({ error: { message, type, param: details.param ?? null, code } });
  const { retryAfterSeconds } = details;
  const headers = {
    "content-type": "application/json",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
    ...details.headers,
  };
  return new Response(body, { status, headers });
}
