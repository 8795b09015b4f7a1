/** What the admin API tells of the gateway itself: rows, models, targets, dry runs and live figures. */
import { describe, expect, onTestFinished, test } from "vitest";
import { GatewayError } from "../../src/core/errors.ts";
import type { AuditPage, AuditQuery, RowsPage, RowsQuery } from "../../src/ledger/reports.ts";
import type { ExplainQuestion } from "../../src/pipeline/explain.ts";
import { FEEDS_MAX } from "../../src/server/admin/events-route.ts";
import {
  ADMIN_KEY,
  AdminControl,
  adminConfig,
  errorOf,
  explanation,
  jsonOf,
  quiet,
} from "../support/admin-control.ts";
import { RawHttpClient } from "../support/raw-http-client.ts";
import { attemptRow, StubReports } from "../support/stub-reports.ts";

describe("rows", () => {
  class PagedReports extends StubReports {
    readonly rowsQueries: RowsQuery[] = [];
    readonly auditQueries: AuditQuery[] = [];

    override page(query: RowsQuery): Promise<RowsPage> {
      this.rowsQueries.push(query);
      const rows = [attemptRow("req_1.1", { alias: "<b>", costMicroYuan: 1 })];
      return Promise.resolve({ rows, next: "req_1.1" });
    }

    override audit(query: AuditQuery): Promise<AuditPage> {
      this.auditQueries.push(query);
      const entry = {
        id: 7,
        atWallMs: 0,
        actor: "admin",
        action: "key.create",
        subject: "k",
        detail: { a: 1 },
      };
      return Promise.resolve({ entries: [entry], next: 7 });
    }
  }

  test("are asked for by key, model, state and time, and the next page by its cursor", async () => {
    const reports = new PagedReports();
    const control = await new AdminControl({ reports }).listen();
    const query = "key=k1,k2&model=fast&state=open,failed&from=2026-11-20&to=2026-11-21&limit=7";
    const page = jsonOf(await control.ask(`GET /admin/requests?${query}`));
    expect(page).toMatchObject({
      attempts: [{ request_id: "req_1", attempt_id: "req_1.1", model: "<b>", cost_cny: 0.000001 }],
      next_cursor: "req_1.1",
    });
    await control.ask(`GET /admin/requests?cursor=${page["next_cursor"]}&to=2026-11-21T01:02:03.5Z`);
    const midnight = Date.parse("2026-11-20T00:00:00+08:00");
    expect(reports.rowsQueries).toEqual([
      {
        fromWallMs: midnight,
        toWallMs: midnight + 2 * 86_400_000,
        filters: { keyId: ["k1", "k2"], alias: ["fast"], state: ["open", "failed"] },
        before: null,
        rowsMax: 7,
      },
      {
        fromWallMs: null,
        toWallMs: Date.parse("2026-11-21T01:02:03.500Z"),
        filters: {},
        before: "req_1.1",
        rowsMax: 100,
      },
    ]);
  });

  test.each([
    ["from=yesterday", "from"],
    ["to=2026-02-30", "to"],
    ["from=2026-11-20T00:00:00", "from"],
    ["state=done", "state"],
    ["key=", "key"],
    ["model=a,,b", "model"],
    ["limit=0", "limit"],
    ["cursor=x", "cursor"],
    ["cursor=", "cursor"],
    ["keys=a", "keys"],
    ["limit=1&limit=2", "limit"],
    ["__proto__=x", "__proto__"],
  ])("%s: 400 names the parameter", async (query, parameter) => {
    const reports = new PagedReports();
    const control = await new AdminControl({ reports }).listen();
    const answer = await control.ask(`GET /admin/requests?${query}`);
    expect([answer.status, errorOf(answer).param]).toEqual([400, parameter]);
    expect(reports.rowsQueries).toEqual([]);
  });

  test("of one request are all of its attempts", async () => {
    const rows = [attemptRow("req_1.1", { state: "failed" }), attemptRow("req_1.2")];
    const reports = new StubReports(undefined, rows);
    const control = await new AdminControl({ reports }).listen();
    const answer = jsonOf(await control.ask("GET /admin/requests/req_1"));
    expect(answer).toMatchObject({
      request_id: "req_1",
      attempts: [{ attempt_id: "req_1.1", state: "failed" }, { attempt_id: "req_1.2" }],
    });
    expect(reports.attemptsQueries).toEqual([{ requestIds: ["req_1"] }]);
  });

  test("that are not there are 404", async () => {
    const control = await new AdminControl({ reports: new StubReports() }).listen();
    const answer = await control.ask("GET /admin/requests/req_2");
    expect([answer.status, errorOf(answer).param]).toEqual([404, "id"]);
  });

  test("of the audit trail have cursors, and are asked for by subject", async () => {
    const reports = new PagedReports();
    const control = await new AdminControl({ reports }).listen();
    expect(jsonOf(await control.ask("GET /admin/audit?subject=k&limit=1"))).toEqual({
      entries: [
        {
          id: 7,
          at: "1970-01-01T00:00:00.000Z",
          actor: "admin",
          action: "key.create",
          subject: "k",
          detail: { a: 1 },
        },
      ],
      next_cursor: "7",
    });
    await control.ask("GET /admin/audit?cursor=7");
    expect(reports.auditQueries).toEqual([
      { subject: "k", before: null, rowsMax: 1 },
      { before: 7, rowsMax: 100 },
    ]);
    expect((await control.ask("GET /admin/audit?cursor=-1")).status).toBe(400);
  });
});

describe("the configuration", () => {
  const models = {
    fast: { targets: [{ upstream: "ark", model: "ep-20250218144306-sshj5" }] },
    quick: { targets: [{ upstream: "ark", model: "ep-20250218144306-sshj5" }] },
  };

  test("is told with its secrets masked, and where its models lead", async () => {
    const config = adminConfig(models);
    const control = await new AdminControl({ config: () => config }).listen();
    const masked = await control.ask("GET /admin/config");
    expect(masked.text).not.toContain("ark-secret-of-the-test");
    expect(jsonOf(masked)).toMatchObject({ upstreams: { ark: { api_keys: ["ark…(22)"] } } });
    const { targets } = jsonOf<{ targets: { aliases: string[] }[] }>(await control.ask("GET /admin/targets"));
    expect(targets.find(({ aliases }) => aliases.includes("fast"))).toMatchObject({
      target: "ark/ep-20250218144306-sshj5",
      holds_key: true,
    });
    expect(targets.filter(({ aliases }) => aliases.includes("quick"))).toHaveLength(1);
  });

  test("an owner is told of the models that the key may use, and of no others", async () => {
    const config = adminConfig(models);
    const control = await new AdminControl({ config: () => config }).listen();
    const { secret } = await control.makeKey({ models: ["fast", "ep-*"] });
    type Models = { models: { alias: string }[]; default_model: string | null; passthrough_models: string[] };
    const told = jsonOf<Models>(await control.ask("GET /admin/models", { key: secret }));
    expect(told.models.map(({ alias }) => alias)).toEqual(["fast"]);
    expect([told.default_model, told.passthrough_models]).toEqual([null, ["ep-*"]]);
    const all = jsonOf<Models>(await control.ask("GET /admin/models"));
    expect(all.models.map(({ alias }) => alias)).toEqual(config.models.map(({ alias }) => alias));
    expect(all.default_model).toBe(config.defaultModel);
  });

  test("is read again; a broken file is told with its problems", async () => {
    const good = await new AdminControl({ reload: async () => ({ kind: "ok", warnings: ["w"] }) }).listen();
    expect(jsonOf(await good.ask("POST /admin/reload"))).toEqual({ reloaded: true, warnings: ["w"] });
    const problems = Array.from({ length: 7 }, (_, index) => `line ${index}`);
    const bad = await new AdminControl({ reload: async () => ({ kind: "broken", problems }) }).listen();
    const answer = await bad.ask("POST /admin/reload");
    expect([answer.status, errorOf(answer).code]).toEqual([400, "invalid_request"]);
    expect(errorOf(answer).message).toContain("line 4; and 2 more");
  });
});

describe("a dry run", () => {
  test("is asked with the key and the body, and told in yuan", async () => {
    const questions: ExplainQuestion[] = [];
    const control = await new AdminControl({
      explain: async (question) => {
        questions.push(question);
        return {
          ...explanation,
          kind: "served",
          most: { tokens: 10, cost: 1_500_000 },
          limits: [
            {
              spender: "key",
              limit: "budget_cny",
              period: "day",
              max: 2_000_000,
              taken: 500_000,
              claim: 1_500_000,
            },
            { spender: "all", limit: "concurrent", period: null, max: 2, taken: null, claim: 1 },
          ],
          refusal: { fault: "busy", message: "Wait.", retryAfterMs: 1_500 },
        } as typeof explanation;
      },
    }).listen();
    const { record } = await control.makeKey();
    const body = { key_id: record.id, body: { model: "fast", messages: [] } };
    expect(jsonOf(await control.ask("POST /admin/explain", { body }))).toMatchObject({
      served: true,
      target: "ark/ep-1",
      most: { tokens: 10, cost_cny: 1.5 },
      limits: [
        { limit: "budget_cny", per: "day", max: 2, taken: 0.5, claim: 1.5 },
        { limit: "concurrent", per: null, max: 2, taken: null, claim: 1 },
      ],
      refusal: { fault: "busy", message: "Wait.", retry_after_seconds: 1.5 },
    });
    expect(questions).toHaveLength(1);
    expect(questions[0]).toMatchObject({ path: "/v1/chat/completions", key: record });
    expect(JSON.parse(String(questions[0]?.body))).toEqual(body.body);
  });

  test("tells a refusal as the client would be told", async () => {
    const error = new GatewayError("model_not_found", "No such model.", { param: "model" });
    const control = await new AdminControl({ explain: async () => ({ kind: "refused", error }) }).listen();
    const answer = await control.ask("POST /admin/explain", { body: { body: {} } });
    expect([answer.status, jsonOf(answer)]).toEqual([
      200,
      {
        served: false,
        error: { status: 404, code: "model_not_found", message: "No such model.", param: "model" },
      },
    ]);
  });

  test.each<[string, unknown, string]>([
    ["no body", {}, "body"],
    ["a body that is no object", { body: [] }, "body"],
    ["a path that is none", { path: "chat", body: {} }, "path"],
    ["a key that is not there", { key_id: "key_x", body: {} }, "key_id"],
    ["what is not known", { body: {}, model: "fast" }, "model"],
  ])("of %s is refused", async (_what, body, param) => {
    const control = await new AdminControl().listen();
    const answer = await control.ask("POST /admin/explain", { body });
    expect([answer.status, errorOf(answer).param]).toEqual([400, param]);
  });

  test("of a body that nests as deep as the bound allows is answered", async () => {
    const control = await new AdminControl().listen();
    const depth = 30_000;
    const answer = await control.ask("POST /admin/explain", {
      body: `{"body":{"x":${"[".repeat(depth)}${"]".repeat(depth)}}}`,
    });
    expect([200, 400]).toContain(answer.status);
    expect(control.faults).toEqual([]);
  });
});

describe("the feed", () => {
  async function feed(port: number): Promise<RawHttpClient> {
    const client = new RawHttpClient(port);
    onTestFinished(() => client.close());
    await client.send(
      `GET /admin/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`,
    );
    return client;
  }

  const received = async (client: RawHttpClient, text: string): Promise<void> => {
    await expect.poll(() => client.received, { timeout: 5_000, interval: 5 }).toContain(text);
  };

  test("tells the figures at once and then as they change", async () => {
    let requestsInFlight = 3;
    const live = () => ({ ...quiet, requestsInFlight, cost: 1_250_000 });
    const control = await new AdminControl({ live, eventsEveryMs: 20 }).listen();
    const client = await feed(control.port);
    await received(client, 'event: figures\ndata: {"requests_in_flight":3,');
    expect(client.received).toContain('"cost_cny":1.25}');
    expect(client.received).toContain('"outcomes":{"ok":0,"partial":0,"failed":0,"refused":0,"abandoned":0}');
    requestsInFlight = 4;
    await received(client, '"requests_in_flight":4');
  });

  test("has room for so many listeners, and again once one has left", async () => {
    const control = await new AdminControl({ eventsEveryMs: 20 }).listen();
    const clients: RawHttpClient[] = [];
    for (let index = 0; index < FEEDS_MAX; index++) clients.push(await feed(control.port));
    await Promise.all(clients.map((client) => received(client, "event: figures")));
    const refused = await control.ask("GET /admin/events");
    expect([refused.status, errorOf(refused).code]).toEqual([503, "overloaded"]);
    clients[0]?.close();
    await expect
      .poll(async () => (await control.ask("GET /admin/events")).status, { timeout: 5_000, interval: 20 })
      .toBe(200);
  });

  test("ends where the figures fail, and the gateway goes on", async () => {
    let isBroken = false;
    const live = () => {
      if (isBroken) throw new Error("no figures");
      return quiet;
    };
    const control = await new AdminControl({ live, eventsEveryMs: 20 }).listen();
    const client = await feed(control.port);
    await received(client, "event: figures");
    isBroken = true;
    await received(client, "\r\n0\r\n\r\n");
    expect(control.faults).toEqual([new Error("no figures")]);
    expect((await control.ask("GET /healthz")).status).toBe(200);
  });
});
