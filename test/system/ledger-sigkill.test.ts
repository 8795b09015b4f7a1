/** Killed again and again with 200 streams in flight, the gateway has lost no call that Ark bills. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BillLine, createSimulator } from "../../src/simulator/index.ts";
import { callId, chatBytes, HttpCaller } from "../support/http-caller.ts";
import { until } from "../support/raw-origin.ts";
import { Seeded } from "../support/seeded.ts";
import { type SpawnedGateway, spawnGatewayIn } from "../support/spawned-gateway.ts";
import { readStoredRows, type StoredRow } from "../support/storage/ledger-rows.ts";

const KILLS = Number(process.env["VOLCANO_KILLS"] ?? 50);
const STREAMS = 200;
/** The whole start, on a machine that has other tests to run. */
const START_MS_MAX = 10_000;
/** For 200 streams of half a second each, on such a machine. */
const MOMENT_MS = 60_000;
const WRONG_SHOWN_MAX = 5;
const DONE = "data: [DONE]\n\n";

type Call = { readonly id: string; readonly caller: HttpCaller };

function callAll({ port }: SpawnedGateway): Call[] {
  return Array.from({ length: STREAMS }, () => {
    const id = callId();
    const caller = new HttpCaller(port);
    caller.send(chatBytes({ id, stream: true, members: { model: "deepseek-v3" } }));
    return { id, caller };
  });
}

/** What is wrong with the rows of a call, by what its client has seen and what Ark bills for it. */
function wrongOf({ id, caller }: Call, rows: readonly StoredRow[], line: BillLine | undefined): string[] {
  if (rows.length > 1) return [`${id} has ${rows.length} rows`];
  const [row] = rows;
  if (row === undefined) return line === undefined ? [] : [`${id} is billed by Ark, and has no row`];
  if (row.state === "open") return [`${id} is still open`];
  const isAcknowledged = caller.text.endsWith(DONE);
  if (isAcknowledged && row.state !== "settled") return [`${id} was acknowledged, and is ${row.state}`];
  if (row.provenance === "upstream_final") {
    const figures = [row.input_tokens, row.cached_input_tokens, row.output_tokens, row.reasoning_tokens];
    const billed = [line?.promptTokens, line?.cachedTokens, line?.completionTokens, line?.reasoningTokens];
    return String(figures) === String(billed) ? [] : [`${id} has ${figures}, Ark bills ${billed}`];
  }
  if (row.state === "interrupted" && row.provenance !== "estimated") return [`${id} is not flagged`];
  return [];
}

test(`killed ${KILLS} times with ${STREAMS} streams in flight`, { timeout: 900_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "ledger-sigkill-"));
  const simulator = createSimulator({
    replyTokens: 40,
    firstTokenDelayMs: 30,
    chunkIntervalMs: 10,
    billLinesKeptMax: 1_000_000,
  });
  const { url } = await simulator.listen();
  onTestFinished(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true });
  });
  const random = new Seeded(50);
  const calls: Call[] = [];
  let slowestStartMs = 0;
  for (let round = 0; round < KILLS; round++) {
    const startedAtMs = performance.now();
    const gateway = await spawnGatewayIn(folder, simulator, url);
    slowestStartMs = Math.max(slowestStartMs, performance.now() - startedAtMs);
    const billed = simulator.bill.length;
    const own = callAll(gateway);
    calls.push(...own);
    // From before the first has reached Ark to after the last has ended.
    const ended = random.below(STREAMS + 1);
    if (round % 4 !== 0) {
      await until(
        () => own.filter(({ caller }) => caller.text.endsWith(DONE)).length >= ended,
        "the moment",
        MOMENT_MS,
      );
    } else {
      const atArk = (): number => simulator.openRequests + simulator.bill.length - billed;
      await until(() => atArk() >= ended, "the moment", MOMENT_MS);
    }
    gateway.signal("SIGKILL");
    await gateway.exited(5_000);
    await until(() => simulator.openRequests === 0, "Ark to notice", MOMENT_MS);
  }
  const last = await spawnGatewayIn(folder, simulator, url);
  last.signal("SIGTERM");
  expect((await last.exited(10_000)).code).toBe(0);
  const rows = Map.groupBy(readStoredRows(join(folder, "data")), (row) => row.client_request_id ?? "");
  const bill = new Map(simulator.bill.map((line) => [line.clientRequestId ?? "", line]));
  const wrong = calls.flatMap((call) => wrongOf(call, rows.get(call.id) ?? [], bill.get(call.id)));
  expect(wrong.slice(0, WRONG_SHOWN_MAX)).toEqual([]);
  expect(slowestStartMs).toBeLessThan(START_MS_MAX);
  const states = Map.groupBy([...rows.values()].flat(), ({ state }) => state);
  expect(states.get("settled")?.length).toBeGreaterThan(KILLS);
  expect(states.get("interrupted")?.length).toBeGreaterThan(KILLS);
});
