/** Proves how keys are made, changed, rotated and revoked, and what the audit trail says of it. */
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import type { KeyId } from "../../../src/core/ids.ts";
import { UNLIMITED } from "../../../src/core/limits.ts";
import { ensureFirstKey } from "../../../src/keys/first-key.ts";
import { KeyDesk, type KeyDraft, type KeyPatch } from "../../../src/keys/key-desk.ts";
import type { KeyRecord } from "../../../src/keys/key-record.ts";
import { KeyRing } from "../../../src/keys/key-ring.ts";
import { keyHash } from "../../../src/keys/new-key.ts";
import { PLAIN_KEY, START_WALL_MS as START, StillClock, TextArchive } from "../../support/key-records.ts";
import { secretsIn } from "../../support/secrets.ts";

function openDesk(keysMax?: number) {
  const [clock, archive, ring] = [new StillClock(), new TextArchive(), new KeyRing([])];
  const desk = new KeyDesk({ ring, archive, clock, ...(keysMax === undefined ? {} : { keysMax }) });
  const opens = (secret: string) => ring.find(secret, clock.wallMs());
  return { clock, archive, ring, desk, opens };
}

/** The field that a draft is refused for. */
async function refusedField(draft: object): Promise<string | undefined> {
  const { desk, archive, ring } = openDesk();
  const error = await desk.create({ ...PLAIN_KEY, ...draft } as KeyDraft, "admin").catch((thrown) => thrown);
  expect(error).toBeInstanceOf(GatewayError);
  expect(error.code).toBe("invalid_request");
  expect([ring.size, archive.entries.length]).toEqual([0, 0]);
  return error.details.param;
}

const noSuchKey = "key_aaaaaaaaaaaaaaaa" as KeyId;
const LIMIT_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 4);

describe("making a key", () => {
  test("shows the secret once, keeps its hash, and opens with it", async () => {
    const { desk, archive, opens } = openDesk();
    const { record, secret } = await desk.create({ ...PLAIN_KEY, name: "后端", owner: "李雷" }, "admin");
    expect(secret).toMatch(/^sk-vp-[a-z2-7]{32}$/);
    expect(record).toMatchObject({
      name: "后端",
      owner: "李雷",
      hash: keyHash(secret),
      revokedAtWallMs: null,
    });
    expect(record.hint).toBe(`sk-vp-…${secret.slice(-4)}`);
    expect(opens(secret)).toBe(record);
    expect(archive.records()).toEqual([record]);
  });

  test("opens nothing before the archive has it, nor where the archive fails", async () => {
    const { desk, archive, ring } = openDesk();
    const kept = Promise.withResolvers<void>();
    archive.gate = kept.promise;
    const making = desk.create(PLAIN_KEY, "admin");
    expect(ring.size).toBe(0);
    kept.resolve();
    await making;
    expect(ring.size).toBe(1);
    archive.isBroken = true;
    await expect(desk.create(PLAIN_KEY, "admin")).rejects.toMatchObject({ code: "ledger_unavailable" });
    expect(ring.size).toBe(1);
  });

  test("copies the draft: what its maker does with it later changes no key", async () => {
    const { desk } = openDesk();
    const models = ["deepseek-r1"];
    const budget = { unit: "cny" as const, amount: 1, period: "day" as const };
    const budgets = [budget];
    const { record } = await desk.create(
      { ...PLAIN_KEY, models, limits: { ...UNLIMITED, budgets } },
      "admin",
    );
    models.push("*");
    budget.amount = 1_000;
    budgets.pop();
    expect(record.models).toEqual(["deepseek-r1"]);
    expect(record.limits.budgets).toEqual([{ unit: "cny", amount: 1, period: "day" }]);
    for (const part of [
      record,
      record.models,
      record.limits,
      record.limits.budgets,
      record.limits.budgets[0],
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test("as many keys as the bound, and not one more, also at once", async () => {
    const { desk, ring } = openDesk(3);
    await desk.create(PLAIN_KEY, "admin");
    const results = await Promise.allSettled([1, 2, 3].map(() => desk.create(PLAIN_KEY, "admin")));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(ring.size).toBe(3);
  });
});

const line = (length: number) => "名".repeat(length);
const list = (length: number, item = "a") => Array.from({ length }, () => item);
const budgetOf = (fields: object) => ({
  limits: { ...UNLIMITED, budgets: [{ unit: "cny", amount: 1, period: "day", ...fields }] },
});

describe("a draft", () => {
  test.each<[string, object]>([
    ["name", { name: "" }],
    ["name", { name: line(129) }],
    ["name", { name: "🚀".repeat(129) }],
    ["name", { name: " a" }],
    ["name", { name: "a\nb" }],
    ["name", { name: "a\u202eb" }],
    ["name", { name: "a\u2028b" }],
    ["name", { name: "a\ud800" }],
    ["name", { name: undefined }],
    ["name", { name: 7 }],
    ["owner", { owner: "" }],
    ["owner", { owner: line(129) }],
    ["owner", { owner: undefined }],
    ["models", { models: [] }],
    ["models", { models: list(257) }],
    ["models", { models: ["x".repeat(257)] }],
    ["models", { models: ["a b"] }],
    ["models", { models: [""] }],
    ["models", { models: "*" }],
    ["models", { models: undefined }],
    ["tags", { tags: list(33) }],
    ["tags", { tags: [line(65)] }],
    ["tags", { tags: [""] }],
    ["tags", { tags: null }],
    ["expires_at", { expiresAtWallMs: START }],
    ["expires_at", { expiresAtWallMs: START + 0.5 }],
    ["expires_at", { expiresAtWallMs: 8.64e15 + 1 }],
    ["expires_at", { expiresAtWallMs: "tomorrow" }],
    ["limits", { limits: null }],
    ["limits.requests_per_minute", { limits: { ...UNLIMITED, requestsPerMinute: 0 } }],
    ["limits.requests_per_minute", { limits: { ...UNLIMITED, requestsPerMinute: undefined } }],
    ["limits.tokens_per_minute", { limits: { ...UNLIMITED, tokensPerMinute: LIMIT_MAX + 1 } }],
    ["limits.concurrent", { limits: { ...UNLIMITED, concurrent: 1.5 } }],
    ["limits.perSecond", { limits: { ...UNLIMITED, perSecond: 1 } }],
    ["limits.budgets", { limits: { ...UNLIMITED, budgets: null } }],
    ["limits.budgets", budgetOf({ unit: "usd" })],
    ["limits.budgets", budgetOf({ period: "year" })],
    ["limits.budgets", budgetOf({ amount: 0 })],
    ["limits.budgets", budgetOf({ amount: LIMIT_MAX + 1 })],
    ["limits.budgets", budgetOf({ more: 1 })],
    [
      "limits.budgets",
      {
        limits: {
          ...UNLIMITED,
          budgets: [1, 2].map((amount) => ({ unit: "cny", amount, period: "day" })),
        },
      },
    ],
    ["revokedAtWallMs", { revokedAtWallMs: null }],
    ["hash", { hash: "00" }],
    ["__proto__", JSON.parse('{"__proto__": {"name": "a"}}')],
    ["constructor", { constructor: 1 }],
  ])("is refused for its %s: %j", async (field, draft) => {
    expect(await refusedField(draft)).toBe(field);
  });

  test.each<[object]>([
    [{ name: line(128), owner: line(128) }],
    [{ name: "🚀".repeat(128) }],
    [{ models: list(256, "x".repeat(256)) }],
    [{ tags: list(32, line(64)) }],
    [{ expiresAtWallMs: START + 1 }],
    [{ expiresAtWallMs: 8.64e15 }],
    [
      {
        limits: {
          requestsPerMinute: 1,
          tokensPerMinute: LIMIT_MAX,
          concurrent: 1,
          budgets: ["cny", "tokens"].flatMap((unit) =>
            ["day", "week", "month", "all"].map((period) => ({ unit, amount: LIMIT_MAX, period })),
          ),
        },
      },
    ],
  ])("just within its bounds makes a key", async (draft) => {
    const { desk, archive, ring } = openDesk();
    const { record } = await desk.create({ ...PLAIN_KEY, ...draft } as KeyDraft, "admin");
    expect(record).toMatchObject(draft);
    expect(archive.records()).toEqual(ring.list());
  });
});

describe("changing a key", () => {
  test("sets what the patch names, and leaves the rest", async () => {
    const { desk, archive, opens } = openDesk();
    const { record, secret } = await desk.create({ ...PLAIN_KEY, owner: "alice", tags: ["a"] }, "admin");
    const changed = await desk.change(record.id, { models: ["glm-*"], owner: null }, "admin");
    expect(changed).toEqual({ ...record, models: ["glm-*"], owner: null });
    expect(opens(secret)).toBe(changed);
    expect(archive.records()).toEqual([changed]);
  });

  test.each(["id", "hash", "previous", "hint", "createdAtWallMs", "revokedAtWallMs", "admin", "__proto__"])(
    "sets no %s",
    async (field) => {
      const { desk, ring, archive } = openDesk();
      const { record } = await desk.create(PLAIN_KEY, "admin");
      const patch = JSON.parse(`{"${field}": null}`) as KeyPatch;
      await expect(desk.change(record.id, patch, "admin")).rejects.toMatchObject({
        code: "invalid_request",
        details: { param: field },
      });
      expect(ring.get(record.id)).toBe(record);
      expect(archive.entries).toHaveLength(1);
    },
  );

  test("writes nothing where nothing differs, also where it has expired by now", async () => {
    const { desk, clock, archive } = openDesk();
    const { record } = await desk.create({ ...PLAIN_KEY, expiresAtWallMs: START + 1 }, "admin");
    clock.nowMs = 1;
    const { name, expiresAtWallMs, limits } = record;
    expect(await desk.change(record.id, { name, expiresAtWallMs, limits: { ...limits } }, "admin")).toBe(
      record,
    );
    expect(archive.entries).toHaveLength(1);
    await expect(desk.change(record.id, { expiresAtWallMs: START }, "admin")).rejects.toMatchObject({
      details: { param: "expires_at" },
    });
    expect((await desk.change(record.id, { expiresAtWallMs: START + 2 }, "admin"))?.expiresAtWallMs).toBe(
      START + 2,
    );
  });

  test("changes nothing in memory where the archive fails", async () => {
    const { desk, archive, ring } = openDesk();
    const { record } = await desk.create(PLAIN_KEY, "admin");
    archive.isBroken = true;
    await expect(desk.change(record.id, { name: "b" }, "admin")).rejects.toBeInstanceOf(GatewayError);
    expect(ring.get(record.id)).toBe(record);
  });

  test("two at once both stand, one after the other", async () => {
    const { desk, archive } = openDesk();
    const { record } = await desk.create(PLAIN_KEY, "admin");
    await Promise.all([
      desk.change(record.id, { name: "b" }, "admin"),
      desk.change(record.id, { owner: "alice" }, "admin"),
    ]);
    expect(archive.records()).toEqual([{ ...record, name: "b", owner: "alice" }]);
  });
});

describe("revoking a key", () => {
  test("shuts it before anything is written, and for good", async () => {
    const { desk, archive, clock, opens } = openDesk();
    const { record, secret } = await desk.create(PLAIN_KEY, "admin");
    const kept = Promise.withResolvers<void>();
    archive.gate = kept.promise;
    clock.nowMs = 5;
    const revoking = desk.revoke(record.id, "admin");
    expect(opens(secret)).toBeNull();
    kept.resolve();
    expect(await revoking).toEqual({ ...record, revokedAtWallMs: START + 5 });
    clock.nowMs = 9;
    expect(await desk.revoke(record.id, "admin")).toEqual({ ...record, revokedAtWallMs: START + 5 });
    expect(archive.entries.map(({ action }) => action)).toEqual(["key.create", "key.revoke"]);
  });

  test("holds where the archive fails; asked again, it is written", async () => {
    const { desk, archive, opens } = openDesk();
    const { record, secret } = await desk.create(PLAIN_KEY, "admin");
    archive.isBroken = true;
    await expect(desk.revoke(record.id, "admin")).rejects.toMatchObject({ code: "ledger_unavailable" });
    expect(opens(secret)).toBeNull();
    expect(archive.records()[0]?.revokedAtWallMs).toBeNull();
    archive.isBroken = false;
    const renamed = await desk.change(record.id, { name: "gone" }, "admin");
    expect(renamed?.revokedAtWallMs).toBe(START);
    await desk.revoke(record.id, "admin");
    expect(archive.records()).toEqual([renamed]);
    expect(archive.entries.at(-1)?.action).toBe("key.revoke");
  });

  test.each<[string, (desk: KeyDesk, id: KeyId) => Promise<unknown>]>([
    ["change", (desk, id) => desk.change(id, { name: "b" }, "admin")],
    ["rotation", (desk, id) => desk.rotate(id, 1_000, "admin")],
  ])("is not undone by a %s that was under way", async (_name, write) => {
    const { desk, archive, ring, opens } = openDesk();
    const { record, secret } = await desk.create(PLAIN_KEY, "admin");
    const kept = Promise.withResolvers<void>();
    archive.gate = kept.promise;
    const writing = write(desk, record.id);
    await Promise.resolve();
    const revoking = desk.revoke(record.id, "admin");
    kept.resolve();
    await Promise.all([writing, revoking]);
    expect(opens(secret)).toBeNull();
    expect(ring.get(record.id)?.revokedAtWallMs).toBe(START);
    expect(archive.records()).toEqual(ring.list());
  });
});

describe("rotating a key", () => {
  test("the old secret opens for the overlap, to its last millisecond", async () => {
    const { desk, clock, opens } = openDesk();
    const first = await desk.create(PLAIN_KEY, "admin");
    const second = await desk.rotate(first.record.id, 1_000, "admin");
    clock.nowMs = 999;
    expect(opens(first.secret)).toBe(second?.record);
    expect(opens(second?.secret ?? "")).toBe(second?.record);
    clock.nowMs = 1_000;
    expect(opens(first.secret)).toBeNull();
    expect(opens(second?.secret ?? "")?.id).toBe(first.record.id);
  });

  test("again within the overlap, the oldest ends at once", async () => {
    const { desk, opens } = openDesk();
    const first = await desk.create(PLAIN_KEY, "admin");
    const second = await desk.rotate(first.record.id, 1_000, "admin");
    const third = await desk.rotate(first.record.id, 1_000, "admin");
    expect(opens(first.secret)).toBeNull();
    expect(opens(second?.secret ?? "")).toBe(third?.record);
    expect(opens(third?.secret ?? "")).toBe(third?.record);
  });

  test("without an overlap, and where the archive fails", async () => {
    const { desk, archive, opens } = openDesk();
    const first = await desk.create(PLAIN_KEY, "admin");
    archive.isBroken = true;
    await expect(desk.rotate(first.record.id, 0, "admin")).rejects.toBeInstanceOf(GatewayError);
    expect(opens(first.secret)).toBe(first.record);
    archive.isBroken = false;
    await desk.rotate(first.record.id, 0, "admin");
    expect(opens(first.secret)).toBeNull();
  });

  test.each([-1, 0.5, Number.NaN, 30 * 86_400_000 + 1])("refuses an overlap of %d ms", async (overlapMs) => {
    const { desk } = openDesk();
    const { record } = await desk.create(PLAIN_KEY, "admin");
    await expect(desk.rotate(record.id, overlapMs, "admin")).rejects.toMatchObject({
      code: "invalid_request",
      details: { param: "overlap" },
    });
    expect(await desk.rotate(record.id, 30 * 86_400_000, "admin")).not.toBeNull();
  });

  test("makes no new secret for a key that opens nothing", async () => {
    const { desk, clock } = openDesk();
    const revoked = await desk.create(PLAIN_KEY, "admin");
    await desk.revoke(revoked.record.id, "admin");
    await expect(desk.rotate(revoked.record.id, 0, "admin")).rejects.toThrow(/revoked/);
    const expired = await desk.create({ ...PLAIN_KEY, expiresAtWallMs: START + 1 }, "admin");
    clock.nowMs = 1;
    await expect(desk.rotate(expired.record.id, 0, "admin")).rejects.toThrow(/expired/);
  });
});

test("of a key that is not there, there is nothing to change", async () => {
  const { desk, archive } = openDesk();
  expect(await desk.change(noSuchKey, { name: "b" }, "admin")).toBeNull();
  expect(await desk.revoke(noSuchKey, "admin")).toBeNull();
  expect(await desk.rotate(noSuchKey, 0, "admin")).toBeNull();
  expect(archive.entries).toEqual([]);
});

describe("the audit trail", () => {
  test("says who changed what from what to what, in the words of the admin API", async () => {
    const { desk, archive, clock } = openDesk();
    const { record, secret } = await desk.create({ ...PLAIN_KEY, expiresAtWallMs: START + 60_000 }, "admin");
    clock.nowMs = 10;
    const budgets = [{ unit: "cny" as const, amount: 1_500_000, period: "month" as const }];
    await desk.change(record.id, { name: "b", limits: { ...UNLIMITED, concurrent: 2, budgets } }, "local");
    const rotated = await desk.rotate(record.id, 1_000, "admin");
    await desk.revoke(record.id, "admin");
    const [created, ...later] = archive.entries;
    expect(created).toMatchObject({
      atWallMs: START,
      actor: "admin",
      action: "key.create",
      subject: record.id,
    });
    expect(created?.detail).toEqual({
      hint: record.hint,
      name: "plain",
      owner: null,
      models: null,
      "limits.requests_per_minute": null,
      "limits.tokens_per_minute": null,
      "limits.concurrent": null,
      "limits.budgets": [],
      tags: [],
      expires_at: new Date(START + 60_000).toISOString(),
    });
    expect(later).toEqual([
      {
        atWallMs: START + 10,
        actor: "local",
        action: "key.change",
        subject: record.id,
        detail: {
          name: { from: "plain", to: "b" },
          "limits.concurrent": { from: null, to: 2 },
          "limits.budgets": { from: [], to: [{ cny: 1.5, per: "month" }] },
        },
      },
      {
        atWallMs: START + 10,
        actor: "admin",
        action: "key.rotate",
        subject: record.id,
        detail: {
          hint: { from: record.hint, to: rotated?.record.hint },
          previous_until: new Date(START + 1_010).toISOString(),
        },
      },
      {
        atWallMs: START + 10,
        actor: "admin",
        action: "key.revoke",
        subject: record.id,
        detail: { revoked_at: new Date(START + 10).toISOString() },
      },
    ]);
    const trail = JSON.stringify(archive.entries);
    const secrets = [secret, rotated?.secret ?? "", record.hash, rotated?.record.hash ?? ""];
    expect(
      secretsIn(
        [["the trail", trail]],
        secrets.map((text) => text.replace("sk-vp-", "")),
      ),
    ).toEqual([]);
  });
});

describe("the first key", () => {
  test("is made where none opens, by the gateway itself, without limits", async () => {
    const { desk, archive, ring, opens } = openDesk();
    const secret = await ensureFirstKey(desk, START);
    const record = opens(secret ?? "") as KeyRecord;
    expect(record).toMatchObject({ ...PLAIN_KEY, name: "first" });
    expect(archive.entries.map(({ actor }) => actor)).toEqual(["start"]);
    expect(await ensureFirstKey(desk, START)).toBeNull();
    expect(ring.size).toBe(1);
    await desk.revoke(record.id, "admin");
    expect(await ensureFirstKey(desk, START)).toMatch(/^sk-vp-/);
  });
});
