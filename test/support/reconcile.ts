/**
 * The oracle after every fault: the simulator's bill against the ledger's rows and the log's lines, attempt
 * by attempt.
 */
import { expect } from "vitest";
import type { LedgerRow } from "../../src/ledger/memory.ts";
import type { BillLine } from "../../src/simulator/index.ts";
import { until } from "./raw-origin.ts";
import type { RunningGateway } from "./running-gateway.ts";

const SECRET = "ark-key-of-a-caller";
/** An upstream connection may outlive its answer by a second. */
const QUIET_MS = 3_000;
const WRONG_SHOWN_MAX = 10;

/** Resolves once nobody is in the house and nothing of the last request is left in it. */
export async function untilQuiet({ gateway, simulator }: RunningGateway): Promise<void> {
  const left = (): unknown[] => [gateway.requestsInFlight, gateway.deadlinesWatched, simulator.openRequests];
  const isQuiet = (): boolean => left().every((count) => count === 0);
  await until(isQuiet, "an empty house", QUIET_MS).catch(() => {
    throw new Error(`requests in flight, deadlines watched, open at Ark: ${left().join(", ")}`);
  });
}

function figures({ settled }: LedgerRow): string {
  const usage = settled?.usage;
  if (usage === undefined || usage === null) return "none";
  return [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens, usage.reasoningTokens].join("/");
}

function billed(line: BillLine): string {
  return [line.promptTokens, line.cachedTokens, line.completionTokens, line.reasoningTokens].join("/");
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
  if (row === undefined || line === undefined) return wrong;
  if (row.settled?.provenance === "upstream_final" && figures(row) !== billed(line)) {
    wrong.push(`${id}: the ledger has ${figures(row)}, Ark bills ${billed(line)}`);
  }
  const { usage } = row.settled ?? {};
  if (usage && (usage.outputTokens > line.completionTokens || usage.inputTokens > line.promptTokens)) {
    wrong.push(`${id}: the ledger has more tokens than Ark bills`);
  }
  return wrong;
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

/** The same for a gateway whose ports are closed. */
export async function reconcileStopped(running: RunningGateway): Promise<void> {
  await untilQuiet(running);
  const { gateway, simulator, accessLines, events } = running;
  const { ledger } = gateway;
  expect(ledger.refusedSettlements).toBe(0);
  expect(ledger.openRows).toBe(0);
  const rows = Map.groupBy(ledger.rows(), ({ opened }) => opened.requestId as string);
  const bill = Map.groupBy(simulator.bill, ({ clientRequestId }) => clientRequestId ?? "");
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const line of accessLines) {
    const requestId = text(line, "request_id");
    if (seen.has(requestId)) wrong.push(`${requestId}: two lines`);
    seen.add(requestId);
    const own = rows.get(requestId) ?? [];
    if (own.length !== line["attempts"]) {
      wrong.push(`${requestId}: ${own.length} rows for ${line["attempts"]} attempts`);
    }
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
