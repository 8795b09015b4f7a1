/** What a restart must not make anybody forget: keys, budgets, and what is to be done once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UNLIMITED } from "../../src/core/limits.ts";
import { chatBodyFor } from "../support/gateway-call.ts";
import { chatWith, type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import { until } from "../support/raw-origin.ts";

const MODEL = "deepseek-v3";
const SETTINGS = { models: { [MODEL]: { price: { input: 2, output: 8 } } } };
const BODY = chatBodyFor(MODEL, { max_completion_tokens: 10 });
const STEADY_MS = 5_000;

let folder: string;
let gateway: KeyedGateway;

async function start(): Promise<void> {
  gateway = await startKeyedGateway({ dataFolder: folder, settings: SETTINGS });
}

async function restart(): Promise<void> {
  await gateway.close();
  await start();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "limits-restart-"));
  await start();
});

afterEach(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

async function untilEarlierIsKnown(keyId: string): Promise<void> {
  const isKnown = (): boolean => gateway.gateway.spendingOf("key", keyId).all.tokens > 0;
  await until(isKnown, "what earlier runs have spent", STEADY_MS);
}

test("a budget holds across a restart, to the micro-yuan and the token", async () => {
  const budgets = [{ unit: "tokens", amount: 5_000, period: "month" }] as const;
  const { record, secret } = await gateway.newKey({ limits: { ...UNLIMITED, budgets } });
  const statuses: number[] = [];
  for (let call = 0; call < 3; call++) statuses.push((await chatWith(gateway, secret, BODY)).status);
  expect(statuses).toEqual([200, 200, 200]);
  await until(() => gateway.gateway.requestsInFlight === 0, "an empty house", STEADY_MS);
  const before = gateway.gateway.spendingOf("key", record.id);
  const rows = gateway.ledger.rows().map(({ settled }) => settled);
  const tokens = rows.reduce(
    (sum, row) => sum + (row?.usage?.inputTokens ?? 0) + (row?.usage?.outputTokens ?? 0),
    0,
  );
  const cost = rows.reduce((sum, row) => sum + (row?.cost ?? 0), 0);
  expect(before.month).toEqual({ tokens, cost });
  expect(cost).toBeGreaterThan(0);
  await restart();
  await untilEarlierIsKnown(record.id);
  for (const [kind, name] of [
    ["key", record.id],
    ["model", MODEL],
    ["all", ""],
  ] as const) {
    expect(gateway.gateway.spendingOf(kind, name)).toEqual(before);
  }
});

test("a budget that is used up stays so after a restart, and its key stays as it was", async () => {
  const budgets = [{ unit: "tokens", amount: 1_200, period: "all" }] as const;
  const { record, secret } = await gateway.newKey({ limits: { ...UNLIMITED, budgets } });
  const answers: string[] = [];
  for (let call = 0; call < 40 && answers.at(-1) !== "insufficient_quota"; call++) {
    const answer = await chatWith(gateway, secret, BODY);
    answers.push(answer.status === 200 ? "ok" : String(answer.error["code"]));
  }
  expect(answers.at(-1)).toBe("insufficient_quota");
  expect(answers[0]).toBe("ok");
  await restart();
  await untilEarlierIsKnown(record.id);
  const again = await chatWith(gateway, secret, BODY);
  expect([again.status, again.error["code"]]).toEqual([429, "insufficient_quota"]);
  expect(gateway.desk.ring.get(record.id)).toEqual(record);
});

test("what was done once is not done again after a restart", async () => {
  const { secret } = await gateway.newKey();
  const once = { "idempotency-key": "order-7" };
  const first = await chatWith(gateway, secret, BODY, once);
  expect(first.status).toBe(200);
  await restart();
  await until(() => gateway.gateway.requestsInFlight === 0, "an empty house", STEADY_MS);
  const again = await chatWith(gateway, secret, BODY, once);
  expect([again.status, again.error["code"]]).toEqual([409, "request_already_done"]);
  expect(again.header("x-volcano-first-request-id")).toBe(first.header("x-request-id"));
  expect(gateway.simulator.requests.length).toBe(0);
});

test("revoked keys stay so, and a rotation's overlap goes on", async () => {
  const gone = await gateway.newKey();
  const kept = await gateway.newKey();
  await gateway.desk.revoke(gone.record.id, "test");
  const rotated = await gateway.desk.rotate(kept.record.id, 3_600_000, "test");
  await restart();
  const statuses: number[] = [];
  for (const secret of [gone.secret, kept.secret, rotated?.secret ?? ""]) {
    statuses.push((await chatWith(gateway, secret, BODY)).status);
  }
  expect(statuses).toEqual([401, 200, 200]);
});
