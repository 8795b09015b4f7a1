/**
 * The oracle after every fault: the simulator's bill against the ledger's rows and the log's lines, attempt
 * by attempt.
 */
import { expect } from "vitest";
import { attemptIdOf } from "../../src/core/ids.ts";
import type { Usage } from "../../src/core/usage.ts";
import type { AttemptSettled } from "../../src/ledger/ledger.ts";
import type { LedgerRow } from "../../src/ledger/memory.ts";
import type { BillLine } from "../../src/simulator/index.ts";
import { until } from "./raw-origin.ts";
import type { RunningGateway } from "./running-gateway.ts";

const SECRET = "ark-key-of-a-caller";
/** An upstream connection may outlive its answer by a second. */
const QUIET_MS = 3_000;
const WRONG_SHOWN_MAX = 10;
/** The longest answer of any model. */
const OUTPUT_TOKENS_MOST = 393_216;

/** Resolves once nobody is in the house and nothing of the last request is left in it. */
export async function untilQuiet({ gateway, simulator }: RunningGateway): Promise<void> {
  const left = (): unknown[] => [gateway.requestsInFlight, gateway.deadlinesWatched, simulator.openRequests];
  const isQuiet = (): boolean => left().every((count) => count === 0);
  await until(isQuiet, "an empty house", QUIET_MS).catch(() => {
    throw new Error(`requests in flight, deadlines watched, open at Ark: ${left().join(", ")}`);
  });
}

function figures(usage: Usage | null): string {
  if (usage === null) return "none";
  return [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens, usage.reasoningTokens].join("/");
}

/** What an answer tells of it: Anthropic's usage has no word for thoughts. */
function billed(line: BillLine): string {
  const reasoningTokens = line.api === "messages" ? 0 : line.reasoningTokens;
  return [line.promptTokens, line.cachedTokens, line.completionTokens, reasoningTokens].join("/");
}

/** Whoever was let in at a door and not refused has a row, even where nothing was sent. */
function needsRow(line: Record<string, unknown>): boolean {
  const { door, outcome, cause } = line;
  return typeof door === "string" && cause !== "CA" && (outcome === "abandoned" || outcome === "failed");
}

/** What is wrong with the rows of one request, as Ark's bill for it has it. */
function compare(id: string, rows: readonly LedgerRow[], lines: readonly BillLine[]): string[] {
  const dispatched = rows.filter(({ settled }) => settled !== null && settled.dispatchedMs !== null);
  const wrong: string[] = [];
  if (lines.length > dispatched.length) {
    wrong.push(`${id}: Ark bills ${lines.length} attempts, the ledger has sent ${dispatched.length}`);
  }
  if (dispatched.length > 1) wrong.push(`${id}: sent ${dispatched.length} times`);
  const [row] = dispatched;
  const [line] = lines;
  if (row?.settled === undefined || row.settled === null || line === undefined) return wrong;
  return wrong.concat(compareFigures(row, row.settled, line).map((what) => `${id}: ${what}`));
}

/** Equal to the token where the usage came; flagged and within what was reserved where it did not. */
function compareFigures({ opened }: LedgerRow, settled: AttemptSettled, line: BillLine): string[] {
  const { usage, provenance, cost } = settled;
  const free = line.promptTokens === 0 && line.completionTokens === 0;
  switch (provenance) {
    case "none":
      if (usage !== null || cost !== 0) return ["nothing was used, and yet it has figures or a cost"];
      return free ? [] : [`taken for free, and Ark bills ${billed(line)}`];
    case "upstream_final":
      return figures(usage) === billed(line) ? [] : [`has ${figures(usage)}, Ark bills ${billed(line)}`];
    case "upstream_partial":
      if (usage === null) return ["has no figures"];
      if (usage.outputTokens <= line.completionTokens && usage.inputTokens <= line.promptTokens) return [];
      return ["has more tokens than Ark bills"];
    case "counted":
    case "estimated":
      if (usage === null) return ["has no figures"];
      if (usage.inputTokens === 0) return ["has no input"];
      return usage.outputTokens <= (opened.outputTokensMax ?? OUTPUT_TOKENS_MOST)
        ? []
        : [`counts ${usage.outputTokens} tokens, more than was reserved`];
  }
}

function text(line: Record<string, unknown>, name: string): string {
  const value = line[name];
  return typeof value === "string" ? value : "";
}

/**
 * Waits until the house is empty, then checks: each request has one line; each line has as many rows as
 * attempts; each row is settled once; each attempt that Ark bills has its row, with Ark's figures where they
 * came to the end; no call was sent twice; the caller's key is nowhere. Calls without an id of their own are
 * not compared.
 */
export async function reconcile(running: RunningGateway): Promise<void> {
  await reconcileStopped(running);
  expect((await running.metrics()).includes(SECRET)).toBe(false);
}

/** Every counter equals the sum over its rows (reliability I3), as far as this run has them. */
function checkSpending({ ledger, gateway }: RunningGateway): void {
  const byKey = Map.groupBy(ledger.rows(), ({ opened }) => opened.keyId);
  for (const [keyId, rows] of byKey) {
    const sums = { tokens: 0, cost: 0 };
    for (const { settled } of rows) {
      sums.tokens += (settled?.usage?.inputTokens ?? 0) + (settled?.usage?.outputTokens ?? 0);
      sums.cost += settled?.cost ?? 0;
    }
    expect([keyId, gateway.spendingOf("key", keyId).all]).toEqual([keyId, sums]);
  }
}

/** The same for a gateway whose ports are closed. */
export async function reconcileStopped(running: RunningGateway): Promise<void> {
  await untilQuiet(running);
  const { ledger, simulator, accessLines, events } = running;
  expect(ledger.refusedSettlements).toBe(0);
  expect(ledger.openRows).toBe(0);
  expect(running.gateway.reserved).toEqual({ tokens: 0, cost: 0 });
  checkSpending(running);
  const rows = Map.groupBy(ledger.rows(), ({ opened }) => opened.requestId as string);
  const bill = Map.groupBy(simulator.bill, ({ clientRequestId }) => clientRequestId ?? "");
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const line of accessLines) {
    const requestId = text(line, "request_id");
    if (seen.has(requestId)) wrong.push(`${requestId}: two lines`);
    seen.add(requestId);
    const own = rows.get(requestId) ?? [];
    const attempts = own.filter(({ opened }) => opened.attemptId !== attemptIdOf(opened.requestId, 0));
    if (attempts.length !== line["attempts"]) {
      wrong.push(`${requestId}: ${attempts.length} rows for ${line["attempts"]} attempts`);
    }
    if (own.length === 0 && needsRow(line)) wrong.push(`${requestId}: was let in, and has no row`);
    const id = text(line, "client_request_id");
    if (id === "") continue;
    wrong.push(...compare(id, own, bill.get(id) ?? []));
    bill.delete(id);
  }
  for (const requestId of rows.keys()) if (!seen.has(requestId)) wrong.push(`${requestId}: no line`);
  bill.delete("");
  for (const id of bill.keys()) wrong.push(`${id}: billed by Ark, and not in the log`);
  expect(wrong.slice(0, WRONG_SHOWN_MAX)).toEqual([]);
  expect(JSON.stringify([ledger.rows(), accessLines, events]).includes(SECRET)).toBe(false);
}
