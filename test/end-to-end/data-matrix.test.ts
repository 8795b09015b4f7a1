/** Who may do what on the data plane: every door and page, each kind of key, each way of carrying it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ModelsPage, OpenPage, StoredPage } from "../../src/pipeline/endpoint.ts";
import { doors } from "../../src/protocols/index.ts";
import { doorManners } from "../support/door-manners.ts";
import { callGateway } from "../support/gateway-call.ts";
import { type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";

type Page = (OpenPage | ModelsPage)["route"];
type Row = {
  readonly path: string;
  readonly isOpen: boolean;
  readonly method: "GET" | "POST" | "DELETE";
  readonly body?: object;
  /** For whoever may come in; 404 where there is nothing of his. */
  readonly found?: 200 | 404;
};

/** A page that is added to the gateway does not compile until it has a row. */
const pages: { readonly [page in Page]: Omit<Row, "method"> } = {
  "/": { path: "/", isOpen: true },
  "/healthz": { path: "/healthz", isOpen: true },
  "/readyz": { path: "/readyz", isOpen: true },
  "/models": { path: "/v1/models", isOpen: false },
  "/models/{id}": { path: "/v1/models/deepseek-v3", isOpen: false },
};

const NOTHING_STORED = "resp_vp00000000000000000000000000000000";
const storedRows: { readonly [route in StoredPage["route"]]: readonly Row[] } = {
  "/responses/{id}": [
    { path: `/v1/responses/${NOTHING_STORED}`, isOpen: false, method: "GET", found: 404 },
    { path: `/responses/${NOTHING_STORED}`, isOpen: false, method: "DELETE", found: 404 },
  ],
  "/responses/{id}/input_items": [
    { path: `/v1/responses/${NOTHING_STORED}/input_items`, isOpen: false, method: "GET", found: 404 },
  ],
};

const doorRows: readonly Row[] = doors.flatMap(({ name, paths }) =>
  paths.flatMap((path) =>
    ["", "/v1", "/v1/v1", "/anthropic/v1"].map((prefix) => ({
      path: prefix + path,
      isOpen: false,
      method: "POST" as const,
      body: doorManners[name].body({ model: "deepseek-v3" }),
    })),
  ),
);
const rows: readonly Row[] = [
  ...Object.values(pages).map((page) => ({ ...page, method: "GET" as const })),
  ...Object.values(storedRows).flat(),
  ...doorRows,
];

type Headers = Readonly<Record<string, string>>;
const carriers: readonly {
  readonly name: string;
  readonly opens: boolean;
  readonly carry: (key: string) => Headers;
}[] = [
  { name: "Bearer", opens: true, carry: (key) => ({ authorization: `Bearer ${key}` }) },
  { name: "bearer", opens: true, carry: (key) => ({ authorization: `bearer ${key}` }) },
  { name: "BEARER and a blank", opens: true, carry: (key) => ({ authorization: `BEARER  ${key}` }) },
  { name: "x-api-key", opens: true, carry: (key) => ({ "x-api-key": key }) },
  { name: "nothing", opens: false, carry: () => ({}) },
  { name: "Basic", opens: false, carry: (key) => ({ authorization: `Basic ${btoa(`:${key}`)}` }) },
  { name: "no scheme", opens: false, carry: (key) => ({ authorization: key }) },
  { name: "api-key", opens: false, carry: (key) => ({ "api-key": key }) },
  { name: "a cookie", opens: false, carry: (key) => ({ cookie: `authorization=Bearer ${key}` }) },
  { name: "proxy-authorization", opens: false, carry: (key) => ({ "proxy-authorization": `Bearer ${key}` }) },
];

let gateway: KeyedGateway;

// One for each row: so many wrong keys from one address would be refused for a minute.
beforeEach(async () => {
  gateway = await startKeyedGateway();
});

afterEach(() => gateway.close());

async function statusOf({ path, method, body }: Row, headers: Headers, query = ""): Promise<number> {
  const isPost = method === "POST";
  const { status } = await callGateway(gateway, {
    method,
    path: `${path}${query}`,
    headers: { ...headers, ...(isPost ? { "content-type": "application/json" } : {}) },
    ...(isPost ? { body: JSON.stringify(body) } : {}),
  });
  return status;
}

test("there is a door, and a row for each of its paths", () => {
  expect(doorRows.length).toBe(4 * doors.flatMap(({ paths }) => paths).length);
  expect(doorRows.length).toBeGreaterThan(0);
});

test.each(rows)("$method $path", async (row) => {
  const { record, secret } = await gateway.newKey();
  for (const { name, opens, carry } of carriers) {
    const status = await statusOf(row, carry(secret));
    expect([name, status]).toEqual([name, row.isOpen || opens ? (row.found ?? 200) : 401]);
  }
  const query = `?key=${secret}&api_key=${secret}&access_token=${secret}`;
  expect(await statusOf(row, {}, query)).toBe(row.isOpen ? 200 : 401);
  await gateway.desk.revoke(record.id, "test");
  expect(await statusOf(row, { authorization: `Bearer ${secret}` })).toBe(row.isOpen ? 200 : 401);
  const rejected = row.isOpen ? 200 : 401;
  expect(await statusOf(row, { "x-api-key": `sk-vp-${"a".repeat(32)}` })).toBe(rejected);
});
