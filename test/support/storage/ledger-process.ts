/**
 * A process that keeps a ledger and says on standard output what the ledger has promised: `W id` once a row
 * is written, `K id tokens` once its figures are kept. Its words: folder, durability, number of attempts.
 */
import { writeSync } from "node:fs";
import { attemptIdOf, type KeyId, newRequestId } from "../../../src/core/ids.ts";
import type { PriceList } from "../../../src/core/money.ts";
import { DurableLedger } from "../../../src/ledger/durable-ledger.ts";
import type { AttemptOpened, AttemptSettled } from "../../../src/ledger/ledger.ts";

const STANDARD_OUTPUT = 1;
/** Small, so that many are begun and removed. */
const SEGMENT_BYTES = 16_384;
/** Attempts that share a turn of the event loop, in turn. */
const AT_ONCE = [1, 1, 1, 4];
/** Long enough for the ledger's thread to do some of its work meanwhile. */
const PAUSE_MS = 4;

function say(text: string): void {
  writeSync(STANDARD_OUTPUT, `${text}\n`);
}

function opened(number: number): AttemptOpened {
  const requestId = newRequestId(1_795_000_000_000 + number);
  return {
    attemptId: attemptIdOf(requestId, 1),
    requestId,
    clientRequestId: `call-${number}`,
    keyId: "ark-000000000000" as KeyId,
    door: "chat",
    alias: "deepseek-r1",
    upstream: "ark",
    upstreamModel: "ep-20250218144306-sshj5",
    stream: true,
    openedAtWallMs: 1_795_000_000_000 + number,
    queueMs: 0.4,
    body: {
      events: 1,
      narrowBytes: 420,
      marks: 90,
      middleCharacters: 0,
      wideCharacters: 31,
      thoughtBytes: 0,
    },
    outputTokensMax: null,
    price: PRICE,
  };
}

function settled({ attemptId }: AttemptOpened, tokens: number): AttemptSettled {
  return {
    attemptId,
    state: "settled",
    cause: "-E",
    status: 200,
    errorCode: null,
    usage: { inputTokens: 40, cachedInputTokens: 0, outputTokens: tokens, reasoningTokens: 0 },
    provenance: "upstream_final",
    cost: 80 + 8 * tokens,
    dispatchedMs: 1,
    firstByteMs: 12.5,
    totalMs: 40,
  };
}

const PRICE: PriceList = {
  version: "test",
  tiers: [{ inputTokensMax: null, outputTokensMax: null, input: 2e6, cachedInput: null, output: 8e6 }],
};
const SILENT = { info() {}, warn() {}, error() {} };

async function attempt(ledger: DurableLedger, number: number): Promise<void> {
  const row = opened(number);
  const open = ledger.open(row);
  await ledger.written();
  say(`W ${row.attemptId}`);
  const tokens = 100 + number;
  open.settle(settled(row, tokens));
  await ledger.kept();
  say(`K ${row.attemptId} ${tokens}`);
}

async function main([folder = "", durability = "", count = ""]: readonly string[]): Promise<void> {
  const ledger = await DurableLedger.open({
    folder,
    durability: durability === "power" ? "power" : "process",
    onFailure: "refuse",
    retentionMs: 90 * 86_400_000,
    log: SILENT,
    segmentBytes: SEGMENT_BYTES,
  });
  say("READY");
  let next = 0;
  for (let group = 0; next < Number(count); group++) {
    const atOnce = AT_ONCE[group % AT_ONCE.length] ?? 1;
    await Promise.all(Array.from({ length: atOnce }, () => attempt(ledger, next++)));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await ledger.close();
  say("CLOSED");
}

await main(process.argv.slice(2));
