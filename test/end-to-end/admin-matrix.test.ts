/** Who may do what on the control plane: every route, method, role and way of carrying a key. */
import { describe, expect, test } from "vitest";
import { controlRoutes } from "../../src/server/control.ts";
import {
  ADMIN_KEY,
  AdminControl,
  type Asking,
  errorOf,
  LOCAL_TOKEN,
  READ_KEY,
} from "../support/admin-control.ts";
import { attemptRow, StubReports, usageReport } from "../support/stub-reports.ts";

const visitors = ["none", "wrong", "owner", "read_only", "admin", "local"] as const;
type Visitor = (typeof visitors)[number];
type Row = Readonly<Record<Visitor, number>>;

const open: Row = { none: 200, wrong: 200, owner: 200, read_only: 200, admin: 200, local: 200 };
const read: Row = { none: 401, wrong: 401, owner: 200, read_only: 200, admin: 200, local: 200 };
const operatorsRead: Row = { ...read, owner: 404 };
const write: Row = { ...operatorsRead, read_only: 404 };
const made: Row = { ...write, admin: 201, local: 201 };

/** A route that is not here fails the test below: say who may use it. `ID` and `REQUEST` stand for ids. */
const table: Readonly<
  Record<string, { readonly row: Row; readonly asked?: string; readonly body?: unknown }>
> = {
  "GET /": { row: open },
  "GET /healthz": { row: open },
  "GET /metrics": { row: open },
  "GET /openapi.json": { row: open },
  "GET /docs": { row: open },
  "GET /admin/keys": { row: read },
  "POST /admin/keys": { row: made, body: { name: "made" } },
  "GET /admin/keys/:id": { row: read, asked: "/admin/keys/ID" },
  "PATCH /admin/keys/:id": { row: write, asked: "/admin/keys/ID", body: { name: "changed" } },
  "POST /admin/keys/:id/revoke": { row: write, asked: "/admin/keys/ID/revoke" },
  "POST /admin/keys/:id/rotate": { row: write, asked: "/admin/keys/ID/rotate" },
  "GET /admin/usage": { row: read },
  "GET /admin/requests": { row: read },
  "GET /admin/requests/:id": { row: read, asked: "/admin/requests/REQUEST" },
  "GET /admin/models": { row: read },
  "GET /admin/targets": { row: operatorsRead },
  "GET /admin/config": { row: operatorsRead },
  "GET /admin/events": { row: operatorsRead },
  "GET /admin/audit": { row: operatorsRead },
  "POST /admin/explain": { row: write, body: { body: { model: "fast", messages: [] } } },
  "POST /admin/reload": { row: write },
};

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const cells = Object.entries(table).flatMap(([route, entry]) =>
  visitors.map((visitor) => ({ route, visitor, entry, expected: entry.row[visitor] })),
);

function methodOf(route: string): string {
  return route.slice(0, route.indexOf(" "));
}

function pathOf(route: string): string {
  return route.slice(route.indexOf(" ") + 1);
}

type World = {
  readonly control: AdminControl;
  readonly keys: Readonly<Record<Visitor, string | null>>;
  /** The line to send, about a key that is new each time. */
  line(route: string, method?: string): Promise<string>;
};

async function world(): Promise<World> {
  let ownerId = "";
  const reports = new StubReports(usageReport, () => [attemptRow("req_1.1", { keyId: ownerId })]);
  const control = await new AdminControl({ reports }).listen();
  const owner = await control.makeKey({ owner: "team" });
  ownerId = owner.record.id;
  return {
    control,
    keys: {
      none: null,
      wrong: `sk-vp-${"a".repeat(32)}`,
      owner: owner.secret,
      read_only: READ_KEY,
      admin: ADMIN_KEY,
      local: LOCAL_TOKEN,
    },
    line: async (route, method = methodOf(route)) => {
      const { record } = await control.makeKey({ owner: "team" });
      const path = table[route]?.asked ?? pathOf(route);
      return `${method} ${path.replace("ID", record.id).replace("REQUEST", "req_1")}`;
    },
  };
}

test("the table has a row for each route of the router, and none for any other", () => {
  const { options } = new AdminControl();
  const routes = controlRoutes({
    host: "127.0.0.1",
    port: 0,
    metrics: async () => "",
    admin: options,
  }).routes;
  const found = new Set(
    routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`),
  );
  expect([...found].sort()).toEqual(Object.keys(table).sort());
});

test.each(Object.keys(table))(
  "%s: each role gets what the table says, whatever case Bearer has",
  async (route) => {
    const { control, keys, line } = await world();
    for (const { visitor, entry, expected } of cells.filter((cell) => cell.route === route)) {
      const key = keys[visitor];
      for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer  "]) {
        const headers: Record<string, string> = key === null ? {} : { authorization: `${scheme} ${key}` };
        const answer = await control.ask(await line(route), { key: null, headers, body: entry.body });
        expect([visitor, scheme, answer.status]).toEqual([visitor, scheme, expected]);
        if (expected === 401) expect(answer.headers["www-authenticate"]).toBe("Bearer");
        if (expected === 404) expect(errorOf(answer).code).toBe("unsupported_endpoint");
      }
      if (methodOf(route) === "GET") {
        const answer = await control.ask(await line(route, "HEAD"), { key });
        expect([visitor, "HEAD", answer.status, answer.text]).toEqual([visitor, "HEAD", expected, ""]);
      }
    }
    expect(control.faults).toEqual([]);
  },
);

/** Ways of carrying a key that open nothing: no browser opens anything by itself, and no URL holds a key. */
const carriers: readonly [string, (key: string) => { readonly query?: string; readonly asking: Asking }][] = [
  ["x-api-key", (key) => ({ asking: { headers: { "x-api-key": key } } })],
  ["api-key", (key) => ({ asking: { headers: { "api-key": key } } })],
  ["a cookie", (key) => ({ asking: { headers: { cookie: `authorization=Bearer ${key}; key=${key}` } } })],
  ["the query", (key) => ({ query: `?key=${key}&api_key=${key}&access_token=${key}`, asking: {} })],
  ["Basic", (key) => ({ asking: { headers: { authorization: `Basic ${btoa(`:${key}`)}` } } })],
  ["no scheme", (key) => ({ asking: { headers: { authorization: key } } })],
  ["another scheme", (key) => ({ asking: { headers: { authorization: `Token ${key}` } } })],
  ["proxy-authorization", (key) => ({ asking: { headers: { "proxy-authorization": `Bearer ${key}` } } })],
];

test.each(carriers)("%s opens nothing to anybody", async (_what, carry) => {
  const { control, keys, line } = await world();
  for (const [route, { row, body }] of Object.entries(table)) {
    if (row === open) continue;
    for (const visitor of ["owner", "read_only", "admin", "local"] as const) {
      const { query = "", asking } = carry(keys[visitor] ?? "");
      const answer = await control.ask(`${await line(route)}${query}`, { ...asking, key: null, body });
      expect([route, visitor, answer.status]).toEqual([route, visitor, 401]);
    }
  }
});

describe("methods that a path does not have", () => {
  const paths = new Map<string, string[]>();
  for (const route of Object.keys(table)) {
    paths.set(pathOf(route), [...(paths.get(pathOf(route)) ?? []), methodOf(route)]);
  }
  const had = (path: string): string[] => {
    const found = paths.get(path) ?? [];
    return found.includes("GET") ? [...found, "HEAD"] : found;
  };

  test.each([...paths.keys()])("%s", async (path) => {
    const { control, keys, line } = await world();
    const route = Object.keys(table).find((one) => pathOf(one) === path) ?? "";
    for (const method of methods.filter((one) => !had(path).includes(one))) {
      for (const visitor of visitors) {
        const answer = await control.ask(await line(route, method), { key: keys[visitor] });
        const isShut = table[route]?.row !== open && (visitor === "none" || visitor === "wrong");
        expect([method, visitor, answer.status]).toEqual([method, visitor, isShut ? 401 : 405]);
        if (!isShut) expect(String(answer.headers["allow"]).split(", ").sort()).toEqual(had(path).sort());
      }
    }
  });
});

test("a path that is not there is told to nobody without a key", async () => {
  const { control, keys } = await world();
  for (const visitor of visitors) {
    const isShut = visitor === "none" || visitor === "wrong";
    for (const path of ["/admin/nothing", "/admin/", "/admin/keys/", "/admin/keys/x/y"]) {
      const answer = await control.ask(`GET ${path}`, { key: keys[visitor] });
      expect([path, visitor, answer.status]).toEqual([path, visitor, isShut ? 401 : 404]);
    }
  }
});

test("a key opens nothing once it is revoked, expired or rotated out", async () => {
  const { control } = await world();
  const revoked = await control.makeKey();
  const expiring = await control.makeKey({ expiresAtWallMs: control.clock.wallMs() + 1_000 });
  const rotated = await control.makeKey();
  const status = async (key: string): Promise<number> =>
    (await control.ask("GET /admin/keys", { key })).status;
  for (const { secret } of [revoked, expiring, rotated]) expect(await status(secret)).toBe(200);
  await control.ask(`POST /admin/keys/${revoked.record.id}/revoke`);
  await control.ask(`POST /admin/keys/${rotated.record.id}/rotate`, { body: { overlap_seconds: 1 } });
  expect([await status(revoked.secret), await status(expiring.secret), await status(rotated.secret)]).toEqual(
    [401, 200, 200],
  );
  control.clock.nowMs += 1_000;
  expect([await status(expiring.secret), await status(rotated.secret)]).toEqual([401, 401]);
});
