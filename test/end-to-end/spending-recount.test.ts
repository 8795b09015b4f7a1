/** Whatever happens, what budgets count as spent is what the ledger's rows add up to, in each period. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { UNLIMITED } from "../../src/core/limits.ts";
import { createSimulator, type ScriptStep } from "../../src/simulator/index.ts";
import { readRows } from "../support/fault-matrix/stored.ts";
import { chatBodyFor } from "../support/gateway-call.ts";
import { callId, chatBytes, HttpCaller } from "../support/http-caller.ts";
import { ARK_KEY, chatWith, type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import { until } from "../support/raw-origin.ts";
import { untilQuiet } from "../support/reconcile.ts";
import { Seeded } from "../support/seeded.ts";
import { spawnGatewayIn } from "../support/spawned-gateway.ts";
import {
  periodsOf,
  recount,
  type SpentRow,
  storedSpending,
  toldSpending,
} from "../support/spending-recount.ts";

const PRICED = "deepseek-v3";
const UNPRICED = "deepseek-r1";
const ENDPOINT = "ep-20250218170310-pvmdb";
const SETTINGS = {
  models: { [PRICED]: { price: { input: 2, output: 8 } } },
  retries: { attempts_max: 2 },
  timeouts: { first_byte: "2s", between_chunks: "2s" },
};
/** Never in the way, and yet looked at with every call. */
const AMPLE = [{ unit: "tokens", amount: 1e12, period: "week" }] as const;
const SEEDS = [1, 2, 3, 4];
const ROUNDS = 6;
const CALLS_PER_ROUND = 12;
const DAY_MS = 86_400_000;
const STARTED_MS = 5_000;

/** Its wall time is as far from the host's as the test says. */
class ShiftedClock implements Clock {
  offsetMs = 0;

  wallMs(): number {
    return Date.now() + this.offsetMs;
  }

  monotonicMs(): number {
    return performance.now();
  }

  setWall(wallMs: number): void {
    this.offsetMs = wallMs - Date.now();
  }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "spending-recount-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What earlier runs have spent is added up by the host's own clock: its day must not change meanwhile. */
async function untilFarFromMidnight(): Promise<void> {
  const leftMs = (): number => DAY_MS - ((Date.now() + DAY_MS / 3) % DAY_MS);
  const marginMs = 20_000;
  await until(() => leftMs() > marginMs, "a new day", marginMs + 1_000);
}

/** The last moments of periods and the first ones of the next, up to now: of months, weeks and days. */
function momentsBefore(nowWallMs: number): readonly number[] {
  const midnight = nowWallMs - ((nowWallMs + DAY_MS / 3) % DAY_MS);
  const day = new Date(nowWallMs + DAY_MS / 3);
  const monday = midnight - ((day.getUTCDay() + 6) % 7) * DAY_MS;
  const first = midnight - (day.getUTCDate() - 1) * DAY_MS;
  const edges = [first, monday, midnight].flatMap((edge) => [edge - 60_000, edge + 1]);
  return [...new Set([midnight - 40 * DAY_MS, ...edges])]
    .filter((at) => at < nowWallMs)
    .sort((a, b) => a - b);
}

const FAULTS: readonly [ScriptStep, ...ScriptStep[]] = [
  { kind: "error", code: "InternalServiceError" },
  { kind: "error", code: "ServerOverloaded" },
  { kind: "reset" },
  { kind: "reset", afterBytes: 300 },
  { kind: "truncate", afterBytes: 400 },
  { kind: "close", afterBytes: 200 },
  { kind: "html" },
  { kind: "error_event", code: "InternalServiceError" },
];

/** One call that ends as it may: whole or streamed, refused, broken, or left by its client. */
async function callSomehow(gateway: KeyedGateway, secrets: readonly string[], random: Seeded): Promise<void> {
  const model = random.pick([PRICED, PRICED, UNPRICED, ENDPOINT, "no-such-model"]);
  const bound = random.below(2) === 0 ? { max_completion_tokens: 1 + random.below(40) } : { max_tokens: 20 };
  const members = { ...bound, stream: random.below(2) === 0 };
  const secret = secrets[random.below(secrets.length)] ?? "";
  if (random.below(4) > 0) {
    await chatWith(gateway, secret, chatBodyFor(model, members)).catch(() => {});
    return;
  }
  const caller = new HttpCaller(gateway.port);
  caller.send(
    chatBytes({ id: callId(), key: secret, stream: members.stream, members: { ...members, model } }),
  );
  const bytesWanted = random.below(600);
  const isOver = (): boolean => caller.ending !== "open" || caller.parser.answers[0]?.isComplete === true;
  await caller.until(() => isOver() || caller.bytesReceived >= bytesWanted, "some of the answer");
  caller.leave("reset");
}

function expectCounted(gateway: KeyedGateway, rows: readonly SpentRow[], nowWallMs: number): void {
  const counted = recount(rows, nowWallMs);
  expect(counted.size).toBeGreaterThan(0);
  for (const [spender, periods] of counted) {
    const [kind, name] = spender;
    expect([kind, name, gateway.gateway.spendingOf(kind, name)]).toEqual([kind, name, periods]);
  }
}

async function untilTakenOver(gateway: KeyedGateway): Promise<void> {
  const isKnown = (): boolean => gateway.gateway.spendingOf("all", "").all.tokens > 0;
  await until(isKnown, "what earlier runs have spent", STARTED_MS);
}

test.each(SEEDS)(
  "over days, weeks, months, faults and restarts, seed %i",
  { timeout: 60_000 },
  async (seed) => {
    await untilFarFromMidnight();
    const dataFolder = newFolder();
    const random = new Seeded(seed);
    const clock = new ShiftedClock();
    const moments = momentsBefore(Date.now());
    clock.setWall(moments[0] ?? 0);
    const options = {
      dataFolder,
      settings: SETTINGS,
      clock,
      simulator: { replyTokens: 30, firstTokenDelayMs: 60 },
    };
    let gateway = await startKeyedGateway(options);
    const keys = await Promise.all(
      [1, 2, 3].map(() => gateway.newKey({ limits: { ...UNLIMITED, budgets: AMPLE } })),
    );
    const secrets = keys.map(({ secret }) => secret);
    let openAtEdges = 0;
    for (let round = 0; round < Math.max(ROUNDS, moments.length); round++) {
      const faults = Array.from({ length: random.below(5) }, () => random.pick(FAULTS));
      gateway.simulator.script(...faults);
      const calls = Array.from({ length: CALLS_PER_ROUND }, () => callSomehow(gateway, secrets, random));
      // The clock goes on while some of them are on their way.
      const known = gateway.ledger.rows().length;
      await until(() => gateway.ledger.rows().length > known, "the first call's row");
      openAtEdges += gateway.ledger.openRows;
      clock.setWall(moments[round + 1] ?? Date.now());
      await Promise.all(calls);
      gateway.simulator.clearScript();
      await untilQuiet(gateway);
      expect(gateway.gateway.reserved).toEqual({ tokens: 0, cost: 0 });
      expectCounted(gateway, toldSpending(gateway.ledger.rows()), clock.wallMs());
    }
    expect(openAtEdges).toBeGreaterThan(ROUNDS);
    const told = gateway.ledger.rows();
    expect(new Set(told.map(({ settled }) => settled?.provenance)).size).toBeGreaterThan(2);
    expect(new Set(told.map(({ opened }) => periodsOf(opened.openedAtWallMs).day)).size).toBeGreaterThan(2);
    await gateway.close();
    const earlier = storedSpending(dataFolder);
    expect(earlier.length).toBe(told.length);
    clock.offsetMs = 0;
    gateway = await startKeyedGateway(options);
    await untilTakenOver(gateway);
    expectCounted(gateway, earlier, clock.wallMs());
    await Promise.all(Array.from({ length: CALLS_PER_ROUND }, () => callSomehow(gateway, secrets, random)));
    await untilQuiet(gateway);
    const all = [...earlier, ...toldSpending(gateway.ledger.rows())];
    expect(all.length).toBeGreaterThan(earlier.length);
    expectCounted(gateway, all, clock.wallMs());
    await gateway.close();
    gateway = await startKeyedGateway(options);
    await untilTakenOver(gateway);
    expectCounted(gateway, storedSpending(dataFolder), clock.wallMs());
    expect(storedSpending(dataFolder).length).toBe(all.length);
    await gateway.close();
  },
);

test("killed with calls in flight: their estimates count, and what was to be done once is done", {
  timeout: 60_000,
}, async () => {
  await untilFarFromMidnight();
  const folder = newFolder();
  const dataFolder = join(folder, "data");
  writeFileSync(join(folder, "volcano-proxy.yaml"), JSON.stringify(SETTINGS));
  const before = await startKeyedGateway({ dataFolder, settings: SETTINGS });
  const { record, secret } = await before.newKey();
  expect((await chatWith(before, secret, chatBodyFor(PRICED))).status).toBe(200);
  await before.close();

  const ark = createSimulator({
    keys: [ARK_KEY],
    replyTokens: 200,
    firstTokenDelayMs: 20,
    chunkIntervalMs: 500,
  });
  const { url } = await ark.listen();
  onTestFinished(() => ark.close());
  const doomed = await spawnGatewayIn(folder, ark, url, { ARK_API_KEY: ARK_KEY });
  const once = "killed-in-flight";
  const callers = [PRICED, PRICED, UNPRICED, UNPRICED].map((model, index) => {
    const caller = new HttpCaller(doomed.port);
    const headers = index === 0 ? [`idempotency-key: ${once}`] : [];
    const bound = { max_completion_tokens: 300 };
    caller.send(
      chatBytes({
        id: callId(),
        key: secret,
        stream: index % 2 === 0,
        members: { model, ...bound },
        headers,
      }),
    );
    return caller;
  });
  await until(() => ark.openRequests === callers.length, "all calls at Ark", STARTED_MS);
  await callers[0]?.until(() => callers[0]?.hasHead === true, "the head of a stream");
  const first = callers[0]?.answer.headers.get("x-request-id") ?? "";
  doomed.signal("SIGKILL");
  await doomed.exited(STARTED_MS);

  const after = await startKeyedGateway({ dataFolder, settings: SETTINGS });
  onTestFinished(() => after.close());
  await untilTakenOver(after);
  const rows = readRows(dataFolder);
  const interrupted = rows.filter(({ state }) => state === "interrupted");
  expect([rows.length, interrupted.length]).toEqual([1 + callers.length, callers.length]);
  for (const { input_tokens, output_tokens, provenance } of interrupted) {
    expect(provenance).toBe("estimated");
    expect(Math.min(input_tokens ?? 0, output_tokens ?? 0)).toBeGreaterThan(0);
  }
  expectCounted(after, storedSpending(dataFolder), Date.now());

  const words = JSON.parse(
    chatBytes({ stream: true, members: { model: PRICED, max_completion_tokens: 300 } })
      .toString()
      .split("\r\n\r\n")[1] ?? "",
  );
  const again = await chatWith(after, secret, words, { "idempotency-key": once });
  expect([again.status, again.error["code"]]).toEqual([409, "request_already_done"]);
  expect(again.header("x-volcano-first-request-id")).toBe(first);

  const { tokens } = after.gateway.spendingOf("key", record.id).day;
  const budgetOf = (amount: number) => ({
    limits: { ...UNLIMITED, budgets: [{ unit: "tokens" as const, amount, period: "day" as const }] },
  });
  const bounded = chatBodyFor(PRICED, { max_completion_tokens: 10 });
  await after.desk.change(record.id, budgetOf(tokens + 10), "test");
  const refused = await chatWith(after, secret, bounded);
  expect([refused.status, refused.error["code"]]).toEqual([429, "insufficient_quota"]);
  expect(after.simulator.requests.length).toBe(0);
  await after.desk.change(record.id, budgetOf(tokens + 5_000), "test");
  expect((await chatWith(after, secret, bounded)).status).toBe(200);
});
