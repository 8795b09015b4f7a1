/** The admin API: sums of the ledger for those who have a key, its document, and nothing for anybody else. */
import { createHash } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { GatewayError } from "../../src/core/errors.ts";
import { FailedCredentials } from "../../src/keys/failures.ts";
import type { AdminOptions } from "../../src/server/admin/admin-options.ts";
import { createControlServer } from "../../src/server/control.ts";
import { ADMIN_KEY, AdminControl, type Answer, errorOf } from "../support/admin-control.ts";
import { StillClock } from "../support/key-records.ts";
import { RawHttpClient } from "../support/raw-http-client.ts";
import { StubReports, usageReport, usageRow } from "../support/stub-reports.ts";

const report = usageReport({
  rows: [usageRow({ day: "2026-11-21", alias: "fast" }, { costMicroYuan: 1_234_567 })],
});

function listening(parts: Partial<AdminOptions> = {}): Promise<AdminControl> {
  return new AdminControl({ reports: new StubReports(() => report), ...parts }).listen();
}

describe("sums", () => {
  test("as JSON, by day and model unless it is said otherwise", async () => {
    const reports = new StubReports(() => report);
    const control = await listening({ reports });
    const answer = await control.ask("GET /admin/usage?from=2026-11-20&to=2026-11-22&model=fast");
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(answer.text)).toMatchObject({
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
    const answer = await (await listening()).ask("GET /admin/usage?by=day,model&format=csv");
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(answer.text.split("\n")[1]).toBe("2026-11-21,fast,1,0,0,0,0,1.234567,0,0,0");
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
    const answer = await (await listening({ reports })).ask(`GET /admin/usage?${query}`);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({ code: "invalid_request", param: parameter });
    expect(errorOf(answer).message).toContain(parameter);
    expect(reports.usageQueries).toEqual([]);
  });

  test("a ledger that cannot answer is told with its status, and logged; a client's fault is not", async () => {
    const failure = new GatewayError("ledger_unavailable", "The ledger is busy.", { retryAfterSeconds: 2 });
    const reports = new StubReports(() => {
      throw failure;
    });
    const control = await listening({ reports });
    const answer = await control.ask("GET /admin/usage");
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "2"]);
    expect(errorOf(answer)).toMatchObject({ code: "ledger_unavailable", message: "The ledger is busy." });
    await control.ask("GET /admin/usage?by=month");
    expect(control.faults).toEqual([failure]);
  });
});

describe("the key", () => {
  test("whatever is wrong, the words are the same, whether the path exists or not", async () => {
    const control = await listening();
    const told = new Set<string>();
    for (const authorization of [
      "",
      "Bearer",
      "Bearer ",
      "Bearer vp-admin-wrong",
      `Basic ${ADMIN_KEY}`,
      `Bearer ${ADMIN_KEY}x`,
      ADMIN_KEY,
      "Bearer \u00e9",
      "Bearer ' OR 1=1 --",
      'Bearer {"$gt":""}',
    ]) {
      for (const path of ["/admin/usage", "/admin/usage?by=month", "/admin/nothing", "/admin/"]) {
        const answer = await control.ask(`GET ${path}`, { key: null, headers: { authorization } });
        expect([authorization, path, answer.status]).toEqual([authorization, path, 401]);
        expect(answer.headers["www-authenticate"]).toBe("Bearer");
        told.add(answer.text);
      }
    }
    expect(told.size).toBe(1);
  });

  test("where a key is not configured, nothing opens in its name", async () => {
    const control = new AdminControl();
    const none = (): null => null;
    const { port } = await new AdminControl({
      ...control.options,
      hashes: { admin: none, local: none, readOnly: none },
    }).listen();
    control.port = port;
    for (const key of [ADMIN_KEY, "null", "undefined", " "]) {
      expect((await control.ask("GET /admin/usage", { key })).status).toBe(401);
    }
  });

  test("too many wrong ones from an address wait; the right one never does; no key is no guess", async () => {
    const failures = new FailedCredentials(new StillClock(), { failuresMax: 3 });
    const control = await listening({ failures });
    const statusOf = async (key: string | null): Promise<Answer> => control.ask("GET /admin/usage", { key });
    for (let call = 0; call < 10; call++) expect((await statusOf(null)).status).toBe(401);
    for (let failure = 0; failure < 3; failure++) expect((await statusOf("wrong")).status).toBe(401);
    const answer = await statusOf("wrong");
    expect([answer.status, errorOf(answer).code]).toEqual([429, "rate_limit_exceeded"]);
    expect(answer.headers["retry-after"]).toBe("60");
    expect((await statusOf(ADMIN_KEY)).status).toBe(200);
    expect((await control.ask("GET /metrics", { key: null })).status).toBe(200);
  });
});

test("without a ledger there is no admin API, and nothing to read of it", async () => {
  const server = createControlServer({ host: "127.0.0.1", port: 0, metrics: async () => "", admin: null });
  onTestFinished(() => server.close());
  const control = new AdminControl();
  ({ port: control.port } = await server.listen());
  for (const path of ["/admin/usage", "/docs", "/openapi.json"]) {
    expect((await control.ask(`GET ${path}`)).status).toBe(404);
  }
  expect((await control.ask("GET /")).text).not.toContain("/admin");
});

test("no cookie and no page of another name gets anything, and no answer is anything to a browser", async () => {
  const control = await listening();
  for (const path of ["/admin/usage", "/admin/keys", "/docs", "/openapi.json", "/metrics"]) {
    const client = new RawHttpClient(control.port);
    onTestFinished(() => client.close());
    const head = `Host: evil.example\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nConnection: close\r\n\r\n`;
    await client.send(`GET ${path} HTTP/1.1\r\n${head}`);
    await client.ended();
    const answer = await client.answer();
    expect([path, answer.status]).toEqual([path, 400]);
    expect(answer.body).toContain('"code":"ambiguous_request"');
  }
  for (const path of ["/admin/usage", "/admin/usage?by=month", "/admin/nothing", "/admin/keys", "/docs"]) {
    const { headers } = await control.ask(`GET ${path}`, { headers: { origin: "https://evil.example" } });
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
  }
});

describe("the document", () => {
  test("names every path of the admin API with its parameters, roles and schemas", async () => {
    const control = await listening();
    const document = JSON.parse((await control.ask("GET /openapi.json", { key: null })).text);
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toHaveLength(14);
    const create = document.paths["/admin/keys"].post;
    expect(create["x-roles"]).toEqual(["admin"]);
    const draft = create.requestBody.content["application/json"].schema;
    expect(draft.required).toEqual(["name"]);
    expect(draft.additionalProperties).toBe(false);
    expect(Object.keys(draft.properties)).toEqual([
      "name",
      "owner",
      "models",
      "limits",
      "tags",
      "expires_at",
    ]);
    const parameters = document.paths["/admin/requests"].get.parameters.map(
      (one: { name: string }) => one.name,
    );
    expect(parameters).toEqual(["limit", "cursor", "key", "model", "state", "from", "to"]);
    expect(document.components.securitySchemes.bearer).toEqual({ type: "http", scheme: "bearer" });
  });

  test("as a page: every path is on it, and its one style is what its policy allows", async () => {
    const control = await listening();
    const { text, headers } = await control.ask("GET /docs", { key: null });
    expect(headers["content-type"]).toContain("text/html");
    const document = JSON.parse((await control.ask("GET /openapi.json", { key: null })).text);
    for (const path of Object.keys(document.paths)) expect(text).toContain(path);
    for (const name of [
      "next_cursor",
      "limits.requests_per_minute",
      "overlap_seconds",
      "list of string or null",
    ]) {
      expect(text).toContain(name);
    }
    expect(text).not.toMatch(/<script|<link|<img|\son\w+=|\sstyle=|javascript:|https?:\/\//i);
    const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(text) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    expect(headers["content-security-policy"]).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });
});
