/**
 * Every fault of the catalogue on both sides of the gateway, thousands of them at once, over a real ledger:
 * nothing is lost, nothing is there twice, and what is not known to the token says so.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { DurableLedger } from "../../src/ledger/durable-ledger.ts";
import { KEY_CANARY, PROMPT_CANARY } from "../support/fault-matrix/calls.ts";
import {
  ADMIN_KEY,
  GATEWAY_KEY,
  type LedgerPlace,
  Matrix,
  type Policy,
} from "../support/fault-matrix/matrix.ts";
import { scenes } from "../support/fault-matrix/scenes.ts";
import { readRows, rollUpFlaws, untrueRows } from "../support/fault-matrix/stored.ts";
import { type Evidence, judge } from "../support/fault-matrix/verdict.ts";
import { descriptorsInto, filesBelow, secretsIn } from "../support/secrets.ts";

/** Calls in all; each round has its own gateways, ledgers and seed. */
const RUNS = Number(process.env["VOLCANO_FAULT_RUNS"] ?? 5_000);
const ROUND_RUNS_MAX = 5_000;
const SEED = Number(process.env["VOLCANO_FAULT_SEED"] ?? 1);
/** In so many calls each scene comes up. */
const ALL_SCENES_CALLS = 2_000;
const STOPPED_CALLS = 60;
const SHOWN_MAX = 12;
const SILENT = { info() {}, warn() {}, error() {} };
const YEAR_MS = 365 * 86_400_000;
/** Reliability I7, and how long an answer is read on here. */
const HUNG_UP_WITHIN_MS = { cancel: 250, drain: 250 + 350 } as const;
const SAID_PIECE_CHARACTERS = 24;

const rounds = Array.from({ length: Math.ceil(RUNS / ROUND_RUNS_MAX) }, (_, index) => ({
  seed: SEED + index,
  calls: Math.ceil(Math.min(ROUND_RUNS_MAX, RUNS - index * ROUND_RUNS_MAX) / 2),
})).flatMap((round) => [{ ...round, policy: "cancel" } as const, { ...round, policy: "drain" } as const]);

/** As the program opens it; or with small files that the disk has to confirm. */
async function placeFor(policy: Policy, folder: string): Promise<LedgerPlace> {
  if (policy === "cancel") return { dataFolder: folder };
  const durable = await DurableLedger.open({
    folder,
    durability: "power",
    onFailure: "refuse",
    retentionMs: YEAR_MS,
    log: SILENT,
    segmentBytes: 65_536,
  });
  return { durable };
}

/** How long after clients had left Ark saw their calls closed, the shortest first. */
function msUntilClosed(matrix: Matrix, evidence: readonly Evidence[]): number[] {
  const { closings } = matrix.upstreams;
  const waits = evidence.flatMap(({ call, seen, rows }) => {
    const times = closings.get(call.id);
    // An answer that was complete is let go of in its own time.
    const hasLeft = rows.some(({ cause }) => cause?.startsWith("C") === true);
    if (!hasLeft || seen.leftAtMs === null || times === undefined) return [];
    // On a busy machine a client can leave before its connection is accepted.
    return [times.closedAtMs - Math.max(seen.leftAtMs, times.arrivedAtMs)];
  });
  return waits.sort((left, right) => left - right);
}

/** What was counted from delivered text, as a share of what Ark has billed for the same answers. */
function countedShare(evidence: readonly Evidence[]): number {
  let counted = 0;
  let billed = 0;
  for (const { call, rows, bill, seen } of evidence) {
    // The letters of a long line are delivered, and the simulator does not bill them.
    if (call.scene.name === "a long line") continue;
    const row = rows.find(({ provenance }) => provenance === "counted");
    const [line] = bill;
    if (row === undefined || line === undefined || seen.leftAtMs !== null) continue;
    counted += row.output_tokens ?? 0;
    billed += line.completionTokens;
  }
  return counted / billed;
}

/** Of the answers whose clients had left them, those that Ark could say to the end. */
function readOnShare(evidence: readonly Evidence[]): number {
  const left = evidence.filter(
    ({ call, rows }) =>
      call.upstream === "paced" && rows.some(({ cause }) => cause?.startsWith("C") === true),
  );
  return left.filter(({ bill }) => bill.some(({ ended }) => ended === "complete")).length / left.length;
}

function expectNoSecrets(matrix: Matrix, folder: string, metrics: string): void {
  const { running, played } = matrix;
  const left = [
    ...filesBelow(folder),
    ["access log", JSON.stringify(running.accessLines)],
    ["event log", running.eventLines.join("")],
    ["metrics", metrics],
    ["errors", played.map(({ seen }) => seen.error).join("\n")],
  ] as const;
  expect(secretsIn(left, [KEY_CANARY, PROMPT_CANARY, ADMIN_KEY, GATEWAY_KEY])).toEqual([]);
  const said = played.map(({ seen }) => seen.said).filter((text) => text.length >= SAID_PIECE_CHARACTERS);
  expect(said.length).toBeGreaterThan(10);
  expect(secretsIn(left, said.slice(0, 20), SAID_PIECE_CHARACTERS)).toEqual([]);
}

test.each(rounds)(
  "seed $seed, $calls calls, client loss: $policy",
  {
    timeout: 180_000,
  },
  async ({ seed, calls, policy }) => {
    const folder = mkdtempSync(join(tmpdir(), "volcano-proxy-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const matrix = await Matrix.open(seed, policy, await placeFor(policy, folder));
    const { running } = matrix;
    await matrix.play(seed, 0, calls);
    await matrix.untilQuiet();
    const metrics = await running.metrics();
    await matrix.stopAmidst(seed, calls, STOPPED_CALLS);
    expect(descriptorsInto(folder)).toEqual([]);

    const rows = readRows(folder);
    const evidence = matrix.evidence(rows);
    expect(evidence.flatMap(judge).slice(0, SHOWN_MAX)).toEqual([]);
    const played = new Set(evidence.map(({ call }) => call.scene.name));
    if (calls > ALL_SCENES_CALLS) expect(scenes.filter(({ name }) => !played.has(name))).toEqual([]);
    const asked = new Set(evidence.map(({ call }) => call.id));
    expect(rows.filter(({ client_request_id: id }) => id === null || !asked.has(id))).toEqual([]);
    expect(untrueRows(rows, running.ledger.rows())).toEqual([]);
    expect(running.ledger.refusedSettlements).toBe(0);
    expect(rollUpFlaws(folder)).toEqual([]);
    expect(running.events.filter(({ level }) => level === "error")).toEqual([]);

    expect(countedShare(evidence)).toBeGreaterThan(0.75);
    expect(countedShare(evidence)).toBeLessThan(1.25);
    const waits = msUntilClosed(matrix, evidence);
    expect(waits.length).toBeGreaterThan(10);
    // A busy machine may hold up a few.
    expect(waits[Math.floor(0.95 * waits.length)]).toBeLessThan(HUNG_UP_WITHIN_MS[policy]);
    if (policy === "cancel") expect(readOnShare(evidence)).toBeLessThan(0.05);
    else expect(readOnShare(evidence)).toBeGreaterThan(0.3);
    expectNoSecrets(matrix, folder, metrics);
  },
);
