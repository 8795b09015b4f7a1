/** The admin API: sums of the ledger for those who have the admin key, and nothing for anybody else. */
import { describe, expect, onTestFinished, test } from "vitest";
import { GatewayError } from "../../src/core/errors.ts";
import { adminKeyHash } from "../../src/server/admin/admin-key.ts";
import { createControlServer } from "../../src/server/control.ts";
import { type RawAnswer, RawHttpClient } from "../support/raw-http-client.ts";
import { StubReports, usageReport, usageRow } from "../support/stub-reports.ts";

const KEY = "vp-admin-key-of-the-test";
const report = usageReport({
  rows: [usageRow({ day: "2026-11-21", alias: "fast" }, { costMicroYuan: 1_234_567 })],
});

type Asking = { readonly reports?: StubReports | null; readonly faults?: unknown[]; readonly key?: string };
type Ask = (line: string, headers?: string) => Promise<RawAnswer>;

/** A control server with an admin API, and how to ask it; each call over a connection of its own. */
async function listening({
  reports = new StubReports(() => report),
  faults = [],
}: Asking = {}): Promise<Ask> {
  const server = createControlServer({
    host: "127.0.0.1",
    port: 0,
    metrics: async () => "volcano_build_info 1\n",
    admin: reports === null ? null : { keyHash: () => adminKeyHash(KEY), reports },
    onFault: (error) => faults.push(error),
  });
  onTestFinished(() => server.close());
  const { port } = await server.listen();
  return async (line, headers = `Authorization: Bearer ${KEY}\r\n`) => {
    const client = new RawHttpClient(port);
    onTestFinished(() => client.close());
    const host = headers.includes("Host:") ? "" : "Host: localhost\r\n";
    await client.send(`${line} HTTP/1.1\r\n${host}${headers}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    await client.ended();
    return client.answer();
  };
}

const errorOf = ({ body }: RawAnswer): { code: string; param: string | null; message: string } =>
  (JSON.parse(body) as { error: { code: string; param: string | null; message: string } }).error;

describe("sums", () => {
  test("as JSON, by day and model unless it is said otherwise", async () => {
    const reports = new StubReports(() => report);
    const ask = await listening({ reports });
    const answer = await ask("GET /admin/usage?from=2026-11-20&to=2026-11-22&model=fast");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(JSON.parse(answer.body)).toMatchObject({
      by: ["day", "model"],
      rows: [{ day: "2026-11-21", model: "fast", attempts: 1, cost_cny: 1.234567 }],
    });
    expect(reports.usageQueries).toEqual([
      {
        period: { firstDay: "2026-11-20", lastDay: "2026-11-22" },
        groupBy: ["day", "alias"],
        filters: { alias: ["fast"] },
      },
    ]);
  });

  test("as CSV", async () => {
    const answer = await (await listening())("GET /admin/usage?by=day,model&format=csv");
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.body.split("\n")[1]).toBe("2026-11-21,fast,1,0,0,0,0,1.234567,0,0,0");
  });

  test.each([
    ["by=month", "by"],
    ["from=yesterday", "from"],
    ["to=2026-02-30", "to"],
    ["from=2026-11-02&to=2026-11-01", "to"],
    ["key=", "key"],
    ["model=a,,b", "model"],
    ["format=xml", "format"],
    ["modle=fast", "modle"],
    ["by=day&by=model", "by"],
  ])("%s: 400 names the parameter", async (query, parameter) => {
    const reports = new StubReports();
    const answer = await (await listening({ reports }))(`GET /admin/usage?${query}`);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({ code: "invalid_request", param: parameter });
    expect(errorOf(answer).message).toContain(parameter);
    expect(reports.usageQueries).toEqual([]);
  });

  test("a ledger that cannot answer is told with its status, and logged; a client's fault is not", async () => {
    const faults: unknown[] = [];
    const failure = new GatewayError("ledger_unavailable", "The ledger is busy.", { retryAfterSeconds: 2 });
    const reports = new StubReports(() => {
      throw failure;
    });
    const ask = await listening({ reports, faults });
    const answer = await ask("GET /admin/usage");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(errorOf(answer)).toMatchObject({ code: "ledger_unavailable", message: "The ledger is busy." });
    await ask("GET /admin/usage?by=month");
    expect(faults).toEqual([failure]);
  });
});

describe("the key", () => {
  test.each([
    ["none", ""],
    ["a wrong one", "Authorization: Bearer vp-admin-wrong\r\n"],
    ["another scheme", `Authorization: Basic ${KEY}\r\n`],
  ])("%s: 401, whether the path exists or not", async (_what, headers) => {
    const reports = new StubReports();
    const ask = await listening({ reports });
    for (const path of ["/admin/usage", "/admin/usage?by=month", "/admin/nothing", "/admin/"]) {
      const answer = await ask(`GET ${path}`, headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(errorOf(answer).code).toBe("invalid_api_key");
    }
    expect(reports.usageQueries).toEqual([]);
  });

  test("after ten wrong ones, 429 with the time to wait; metrics stay open to all", async () => {
    const ask = await listening();
    for (let failure = 0; failure < 10; failure++) {
      expect((await ask("GET /admin/usage", "Authorization: Bearer no\r\n")).status).toBe(401);
    }
    const answer = await ask("GET /admin/usage", "Authorization: Bearer no\r\n");
    expect([answer.status, errorOf(answer).code]).toEqual([429, "rate_limit_exceeded"]);
    expect((await ask("GET /admin/usage")).status).toBe(200);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await ask("GET /metrics", "")).status).toBe(200);
  });

  test("metrics, health and the index need none; the index names the path", async () => {
    const ask = await listening();
    for (const path of ["/", "/metrics", "/healthz"]) expect((await ask(`GET ${path}`, "")).status).toBe(200);
    expect((await ask("GET /", "")).body).toContain("GET /admin/usage");
  });
});

test("without a ledger there is no admin API", async () => {
  const ask = await listening({ reports: null });
  expect((await ask("GET /admin/usage")).status).toBe(404);
  expect((await ask("GET /")).body).not.toContain("/admin");
});

test("the page of another name gets nothing, key or not, and no answer is anything to a browser", async () => {
  const ask = await listening();
  const rebound = await ask("GET /admin/usage", `Host: evil.example\r\nAuthorization: Bearer ${KEY}\r\n`);
  expect([rebound.status, errorOf(rebound).code]).toEqual([400, "ambiguous_request"]);
  for (const path of ["/admin/usage", "/admin/usage?by=month", "/admin/nothing"]) {
    const { headers } = await ask(`GET ${path}`);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.has("access-control-allow-origin")).toBe(false);
  }
});

test("other methods are refused, other paths are not there", async () => {
  const ask = await listening();
  const answer = await ask("POST /admin/usage");
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect((await ask("GET /admin/nothing")).status).toBe(404);
});
