/** Keys by the admin API: made, changed within an allow-list, revoked, rotated, and told but once. */
import { describe, expect, test } from "vitest";
import { BODY_BYTES_MAX } from "../../src/server/admin/request-checks.ts";
import { AdminControl, errorOf, jsonOf, LOCAL_TOKEN } from "../support/admin-control.ts";
import { START_WALL_MS } from "../support/key-records.ts";

type KeyAnswer = { readonly id: string; readonly key?: string } & { readonly [member: string]: unknown };
type Page = { readonly keys: readonly KeyAnswer[]; readonly next_cursor: string | null };

const draft = {
  name: "notebook",
  owner: "ana",
  models: ["fast", "ep-*"],
  limits: {
    requests_per_minute: 60,
    tokens_per_minute: 100_000,
    concurrent: 4,
    budgets: [
      { cny: 99.999999, per: "month" },
      { tokens: 2_000_000, per: "day" },
    ],
  },
  tags: ["team-a"],
  expires_at: "2027-01-01T00:00:00+08:00",
};

async function made(control: AdminControl, body: object = { name: "plain" }): Promise<KeyAnswer> {
  const answer = await control.ask("POST /admin/keys", { body });
  expect(answer.status).toBe(201);
  return jsonOf<KeyAnswer>(answer);
}

const without = ({ key: _key, ...rest }: KeyAnswer): KeyAnswer => rest;

test("a key is made as it is described, and shown once", async () => {
  const control = await new AdminControl().listen();
  const key = await made(control, draft);
  expect(key).toEqual({
    ...draft,
    id: expect.stringMatching(/^key_[a-z2-7]{16}$/),
    hint: expect.stringContaining("sk-vp-"),
    state: "active",
    created_at: new Date(START_WALL_MS).toISOString(),
    expires_at: "2026-12-31T16:00:00.000Z",
    revoked_at: null,
    previous_until: null,
    key: expect.stringMatching(/^sk-vp-[a-z2-7]{32}$/),
  });
  expect(control.desk.ring.list()[0]?.limits.budgets[0]).toEqual({
    unit: "cny",
    amount: 99_999_999,
    period: "month",
  });
  const nothing = { tokens: 0, cost_cny: 0 };
  const shown = await control.ask(`GET /admin/keys/${key.id}`);
  expect(jsonOf(shown)).toEqual({
    ...without(key),
    used: { day: nothing, week: nothing, month: nothing, all: nothing },
  });
  expect(jsonOf<Page>(await control.ask("GET /admin/keys")).keys).toEqual([without(key)]);
});

test("no answer and no entry of the trail has a secret or its hash, but for the one that shows it", async () => {
  const control = await new AdminControl().listen();
  const key = await made(control, draft);
  const rotated = jsonOf<KeyAnswer>(
    await control.ask(`POST /admin/keys/${key.id}/rotate`, { body: { overlap_seconds: 60 } }),
  );
  const record = control.desk.ring.list()[0];
  const hidden = [key.key, rotated.key, record?.hash, record?.previous?.hash].map(String);
  expect(hidden.map(({ length }) => length)).toEqual([38, 38, 64, 64]);
  const texts = [JSON.stringify(control.archive.entries)];
  for (const line of ["GET /admin/keys", `GET /admin/keys/${key.id}`, `POST /admin/keys/${key.id}/revoke`]) {
    texts.push((await control.ask(line)).text);
  }
  texts.push((await control.ask(`PATCH /admin/keys/${key.id}`, { body: { name: "other" } })).text);
  for (const secret of hidden) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  expect(JSON.stringify(rotated)).not.toContain(hidden[0]);
});

test("every write has an entry that says who did it", async () => {
  const control = await new AdminControl().listen();
  const { id } = await made(control);
  await control.ask(`PATCH /admin/keys/${id}`, { body: { name: "b" }, key: LOCAL_TOKEN });
  await control.ask(`POST /admin/keys/${id}/rotate`);
  await control.ask(`POST /admin/keys/${id}/revoke`, { key: LOCAL_TOKEN });
  expect(control.archive.entries.map(({ actor, action, subject }) => [actor, action, subject])).toEqual([
    ["admin", "key.create", id],
    ["local", "key.change", id],
    ["admin", "key.rotate", id],
    ["local", "key.revoke", id],
  ]);
});

describe("a change", () => {
  test("touches what it names and nothing else, of the limits too; null is no limit", async () => {
    const control = await new AdminControl().listen();
    const key = await made(control, draft);
    const body = { name: "other", limits: { concurrent: null, requests_per_minute: 5 } };
    const changed = jsonOf(await control.ask(`PATCH /admin/keys/${key.id}`, { body }));
    expect(changed).toEqual({
      ...without(key),
      name: "other",
      limits: { ...draft.limits, concurrent: null, requests_per_minute: 5 },
    });
    const nothing = { owner: null, models: null, tags: [], expires_at: null, limits: { budgets: [] } };
    const emptied = jsonOf(await control.ask(`PATCH /admin/keys/${key.id}`, { body: nothing }));
    expect(emptied).toMatchObject({ name: "other", owner: null, models: null, tags: [], expires_at: null });
  });

  test("of different limits at once loses none of them", async () => {
    const control = await new AdminControl().listen();
    const { id } = await made(control);
    const limits = [{ concurrent: 1 }, { requests_per_minute: 2 }, { tokens_per_minute: 3 }];
    await Promise.all(limits.map((one) => control.ask(`PATCH /admin/keys/${id}`, { body: { limits: one } })));
    expect(jsonOf(await control.ask(`GET /admin/keys/${id}`))).toMatchObject({
      limits: { concurrent: 1, requests_per_minute: 2, tokens_per_minute: 3 },
    });
  });

  test.each([
    "id",
    "hash",
    "hint",
    "key",
    "state",
    "created_at",
    "createdAtWallMs",
    "revoked_at",
    "revokedAtWallMs",
    "previous",
    "previous_until",
    "actor",
    "role",
    "__proto__",
    "constructor",
    "toString",
  ])("of %s is refused by its name, and changes nothing; so is making a key with it", async (name) => {
    const control = await new AdminControl().listen();
    const { id } = await made(control);
    const before = control.desk.ring.list()[0];
    for (const line of [`PATCH /admin/keys/${id}`, "POST /admin/keys"]) {
      const answer = await control.ask(line, { body: `{"name":"x","${name}":"y"}` });
      expect([answer.status, errorOf(answer).code, errorOf(answer).param]).toEqual([
        400,
        "invalid_request",
        name,
      ]);
      expect(errorOf(answer).message).toContain(name);
    }
    expect(control.desk.ring.list()).toEqual([before]);
  });

  test("of a limit that does not exist is refused by its path", async () => {
    const control = await new AdminControl().listen();
    const { id } = await made(control);
    const answer = await control.ask(`PATCH /admin/keys/${id}`, { body: { limits: { rpm: 1 } } });
    expect([answer.status, errorOf(answer).param]).toEqual([400, "limits.rpm"]);
  });
});

test.each<[string, unknown, string]>([
  ["no name", {}, "name"],
  ["an empty name", { name: "" }, "name"],
  ["a name that is too long", { name: "n".repeat(129) }, "name"],
  ["a name of two lines", { name: "a\nb" }, "name"],
  ["a name that is no text", { name: 1 }, "name"],
  ["half a character", '{"name":"\\ud800"}', "name"],
  ["an empty list of models", { name: "n", models: [] }, "models"],
  ["a limit of 0", { name: "n", limits: { concurrent: 0 } }, "limits.concurrent"],
  ["half a request", { name: "n", limits: { requests_per_minute: 0.5 } }, "limits.requests_per_minute"],
  ["a limit as text", { name: "n", limits: { tokens_per_minute: "5" } }, "limits.tokens_per_minute"],
  ["money finer than a micro-yuan", budget({ cny: 0.0000001, per: "day" }), "limits.budgets.0.cny"],
  ["money of seven decimals", budget({ cny: 1.0000001, per: "day" }), "limits.budgets.0.cny"],
  ["both units", budget({ cny: 1, tokens: 1, per: "day" }), "limits.budgets.0"],
  ["no unit", budget({ per: "day" }), "limits.budgets.0"],
  ["an unknown period", budget({ cny: 1, per: "year" }), "limits.budgets.0.per"],
  ["two of a kind", budget({ cny: 1, per: "day" }, { cny: 2, per: "day" }), "limits.budgets"],
  ["a date without its offset", { name: "n", expires_at: "2027-01-01T00:00:00" }, "expires_at"],
  ["a date that is past", { name: "n", expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
])("%s is refused, and the error says where", async (_what, body, param) => {
  const control = await new AdminControl().listen();
  const answer = await control.ask("POST /admin/keys", { body });
  expect([answer.status, errorOf(answer).code, errorOf(answer).param]).toEqual([
    400,
    "invalid_request",
    param,
  ]);
  expect(control.desk.ring.size).toBe(0);
});

function budget(...budgets: object[]): object {
  return { name: "n", limits: { budgets } };
}

describe("bodies", () => {
  test.each<[string, string | Buffer, Record<string, string>, number, string]>([
    ["no JSON", "{name:1}", {}, 400, "invalid_json"],
    ["no UTF-8", Buffer.from([0x22, 0xff, 0x22]), {}, 400, "invalid_json"],
    [
      "a form",
      "name=x",
      { "content-type": "application/x-www-form-urlencoded" },
      415,
      "unsupported_media_type",
    ],
    ["JSON as text", '{"name":"x"}', { "content-type": "text/plain" }, 415, "unsupported_media_type"],
    [
      "another charset",
      '{"name":"x"}',
      { "content-type": "application/json;charset=utf-7" },
      415,
      "unsupported_media_type",
    ],
    ["a list", "[]", {}, 400, "invalid_request"],
    ["null", "null", {}, 400, "invalid_request"],
    ["nothing", "", {}, 400, "invalid_json"],
  ])("%s", async (_what, body, headers, status, code) => {
    const control = await new AdminControl().listen();
    const answer = await control.ask("POST /admin/keys", { body, headers });
    expect([answer.status, errorOf(answer).code]).toEqual([status, code]);
    expect(control.faults).toEqual([]);
  });

  test("are taken up to their bound and not a byte beyond, on every route that writes", async () => {
    const control = await new AdminControl().listen();
    const { id } = await made(control);
    const lines = [
      "POST /admin/keys",
      `PATCH /admin/keys/${id}`,
      `POST /admin/keys/${id}/rotate`,
      `POST /admin/keys/${id}/revoke`,
      "POST /admin/explain",
      "POST /admin/reload",
    ];
    for (const line of lines) {
      const answer = await control.ask(line, { body: `{}${" ".repeat(BODY_BYTES_MAX - 1)}` });
      expect([line, answer.status, errorOf(answer).code]).toEqual([line, 413, "body_too_large"]);
    }
    const body = JSON.stringify({ name: "at the bound" });
    const answer = await control.ask("POST /admin/keys", { body: body.padEnd(BODY_BYTES_MAX) });
    expect(answer.status).toBe(201);
  });
});

describe("rotation", () => {
  test("gives a new secret; the old one opens for the overlap", async () => {
    const control = await new AdminControl().listen();
    const key = await made(control);
    const body = { overlap_seconds: 60 };
    const rotated = jsonOf<KeyAnswer>(await control.ask(`POST /admin/keys/${key.id}/rotate`, { body }));
    expect(rotated).toMatchObject({
      id: key.id,
      previous_until: new Date(START_WALL_MS + 60_000).toISOString(),
    });
    const find = (secret: unknown): boolean =>
      control.desk.ring.find(String(secret), control.clock.wallMs()) !== null;
    expect([find(key.key), find(rotated.key)]).toEqual([true, true]);
    control.clock.nowMs += 60_000;
    expect([find(key.key), find(rotated.key)]).toEqual([false, true]);
    expect(jsonOf(await control.ask(`GET /admin/keys/${key.id}`))).toMatchObject({ previous_until: null });
  });

  test.each([-1, 0.5, 30 * 86_400 + 1, "60", null])("an overlap of %j is refused", async (overlap) => {
    const control = await new AdminControl().listen();
    const { id } = await made(control);
    const answer = await control.ask(`POST /admin/keys/${id}/rotate`, { body: { overlap_seconds: overlap } });
    expect([answer.status, errorOf(answer).param]).toEqual([400, "overlap_seconds"]);
  });

  test("a revoked key has none", async () => {
    const control = await new AdminControl().listen();
    const { id } = await made(control);
    expect(jsonOf(await control.ask(`POST /admin/keys/${id}/revoke`))).toMatchObject({ state: "revoked" });
    expect((await control.ask(`POST /admin/keys/${id}/rotate`)).status).toBe(400);
  });
});

test("pages hold each key once, the oldest first; by owner, too", async () => {
  const control = await new AdminControl().listen();
  const ids: string[] = [];
  for (let index = 0; index < 7; index++) {
    control.clock.nowMs += 1;
    ids.push((await control.makeKey({ owner: index % 2 === 0 ? "even" : "odd" })).record.id);
  }
  const all = async (query: string): Promise<string[]> => {
    const found: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const from: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const page = jsonOf<Page>(await control.ask(`GET /admin/keys?${query}${from}`));
      found.push(...page.keys.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    return found;
  };
  for (const limit of [1, 2, 3, 6, 7, 8, 1_000]) expect(await all(`limit=${limit}`)).toEqual(ids);
  expect(await all("limit=2&owner=odd")).toEqual(ids.filter((_id, index) => index % 2 === 1));
  for (const limit of ["0", "1001", "-1", "1.5", "ten", ""]) {
    const answer = await control.ask(`GET /admin/keys?limit=${limit}`);
    expect([limit, answer.status, errorOf(answer).param]).toEqual([limit, 400, "limit"]);
  }
  const answer = await control.ask("GET /admin/keys?cursor=key_nobody");
  expect([answer.status, errorOf(answer).param]).toEqual([400, "cursor"]);
});

/** Whatever means something to a browser, a database, a shell, a template or a parser. */
const corpus = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "javascript:alert(1)",
  "' OR '1'='1",
  "'; DROP TABLE records; --",
  "1) UNION SELECT body FROM records--",
  "%' ESCAPE '\\",
  "{{7*7}}<%= 7*7 %>#{7*7}",
  "$(reboot)`id`",
  "../../etc/passwd",
  "=cmd|' /C calc'!A0",
  '{"$gt":""}',
  "\\u0000 \\x00 %00",
  "__proto__",
  "名称 — ключ — 🔑",
];

test.each(corpus)("%s is a name like any other, and comes back as it was", async (text) => {
  const control = await new AdminControl().listen();
  const { id } = await made(control, { name: text, owner: text, tags: [text] });
  const told = { name: text, owner: text, tags: [text] };
  const shown = await control.ask(`GET /admin/keys/${id}`);
  expect(jsonOf(shown)).toMatchObject(told);
  expect(shown.headers["content-type"]).toBe("application/json");
  const query = `GET /admin/keys?owner=${encodeURIComponent(text)}`;
  expect(jsonOf<Page>(await control.ask(query)).keys).toMatchObject([told]);
  expect((await control.ask(`GET /admin/keys/${encodeURIComponent(text)}`)).status).toBe(404);
  expect((await control.ask("GET /docs")).text).not.toContain(text);
  expect(control.archive.records()).toMatchObject([told]);
});

test("an id that is not there is 404 wherever it is used", async () => {
  const control = await new AdminControl().listen();
  const told = new Set<string>();
  for (const line of [
    "GET /admin/keys/key_x",
    "PATCH /admin/keys/key_x",
    "POST /admin/keys/key_x/revoke",
    "POST /admin/keys/key_x/rotate",
  ]) {
    const answer = await control.ask(line, line.startsWith("PATCH") ? { body: { name: "n" } } : {});
    expect([line, answer.status]).toEqual([line, 404]);
    told.add(answer.text);
  }
  expect(told.size).toBe(1);
});

test("where the disk fails, nothing is made and the answer says so; a revocation holds all the same", async () => {
  const control = await new AdminControl().listen();
  const key = await made(control);
  control.archive.isBroken = true;
  const answer = await control.ask("POST /admin/keys", { body: { name: "lost" } });
  expect([answer.status, errorOf(answer).code]).toEqual([503, "ledger_unavailable"]);
  expect((await control.ask(`POST /admin/keys/${key.id}/revoke`)).status).toBe(503);
  expect(control.desk.ring.find(String(key.key), control.clock.wallMs())).toBeNull();
  expect(control.desk.ring.size).toBe(1);
});
