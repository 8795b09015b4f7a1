/** Proves that an admin key is made once, shown once, and known from then on by its hash alone. */
import { expect, test } from "vitest";
import { startAdminKey } from "../../../src/commands/admin-key.ts";
import { ADMIN_KEY_HASH } from "../../../src/ledger/thread/messages.ts";
import { adminKeyHash } from "../../../src/server/admin/admin-key.ts";
import type { EventLog } from "../../../src/telemetry/event-log.ts";
import { surroundings } from "./recorded-run.ts";

class Store {
  adminKeyHash: string | null = null;
  isBroken = false;
  readonly told: string[] = [];

  async setMeta(name: string, value: string | null): Promise<void> {
    if (this.isBroken) throw new Error("no space");
    this.told.push(name);
    this.adminKeyHash = value;
  }
}

function start(store: Store, adminKey: string | null = null, environment = {}) {
  const around = surroundings(environment);
  const logged: unknown[] = [];
  const take = (fields: unknown, message: string): void => void logged.push([fields, message]);
  const log: EventLog = { debug: take, info: take, warn: take, error: take };
  const control = { host: "127.0.0.1", port: 0, adminKey };
  const hash = startAdminKey(around, control, store, log);
  return hash.then((value) => ({ hash: value, shown: around.standardError.text, around, logged }));
}

const keyIn = (text: string): string => /vp-admin-[a-z2-7]{32}/.exec(text)?.[0] ?? "";

test("the first start makes a key, keeps its hash and shows it on stderr; later ones do not", async () => {
  const store = new Store();
  const first = await start(store);
  const key = keyIn(first.shown);
  expect(first.shown).toContain(`The admin key, shown this once: ${key}\n`);
  expect([first.hash, store.adminKeyHash]).toEqual([adminKeyHash(key), adminKeyHash(key)]);
  expect(store.told).toEqual([ADMIN_KEY_HASH]);
  expect(first.around.standardOutput.text).toBe("");
  expect(JSON.stringify(first.logged)).not.toContain(key);
  const second = await start(store);
  expect([second.hash, second.shown]).toEqual([first.hash, ""]);
});

test("in Chinese", async () => {
  expect((await start(new Store(), null, { LANG: "zh_CN.UTF-8" })).shown).toMatch(
    /^管理密钥（仅显示这一次）：vp-admin-/,
  );
});

test("a configured key is neither kept nor shown, and leaves the kept one alone", async () => {
  const store = new Store();
  store.adminKeyHash = "of another";
  const { hash, shown } = await start(store, "a-key-of-my-own-choice");
  expect([hash, shown, store.told]).toEqual([adminKeyHash("a-key-of-my-own-choice"), "", []]);
});

test("a key that cannot be kept is good for this run, and the log says so without it", async () => {
  const store = new Store();
  store.isBroken = true;
  const { hash, shown, logged } = await start(store);
  expect(hash).toBe(adminKeyHash(keyIn(shown)));
  expect(logged).toEqual([[{ error: expect.any(Error) }, expect.stringContaining("could not be kept")]]);
  expect(JSON.stringify(logged)).not.toContain(keyIn(shown));
});
