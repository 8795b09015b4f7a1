/** `npm run bench:ledger`: what the ledger costs a request, on the main thread and on all, on against off. */
import { parseArgs } from "node:util";
import { warmUp } from "./figures.ts";
import { gatewayLaunch, ROOT } from "./gateway.ts";
import { RepeatedLoad, unaryWork } from "./load.ts";
import { cpuMicroseconds, mainThreadMicroseconds } from "./process-tree.ts";
import { differences, median } from "./statistics.ts";
import { start, startOrigin, type Target } from "./target.ts";

const MAIN_THREAD_US_MAX = 4;
const ALL_THREADS_US_MAX = 8;
const CONCURRENCY = 32;
const SETTLE_MS = 500;

type Cost = { readonly mainThread: number[]; readonly allThreads: number[] };

/** Microseconds of processor time per request, the worker's writing behind included. */
async function slice(target: Target, seconds: number, cost: Cost): Promise<void> {
  const load = new RepeatedLoad(target.port, CONCURRENCY, unaryWork);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = [mainThreadMicroseconds(target.pid), cpuMicroseconds(target.pid), load.answers] as const;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const answers = load.answers - before[2];
  cost.mainThread.push((mainThreadMicroseconds(target.pid) - before[0]) / answers);
  cost.allThreads.push((cpuMicroseconds(target.pid) - before[1]) / answers);
  await load.stop();
}

function report(name: string, on: readonly number[], off: readonly number[], most: number): boolean {
  const added = differences([...on], [...off]);
  const figures = [median([...off]), median([...on]), median(added)].map((us) => us.toFixed(1));
  const range = `${Math.min(...added).toFixed(1)} to ${Math.max(...added).toFixed(1)}`;
  process.stdout.write(
    `${name}: off ${figures[0]} us, on ${figures[1]} us, added ${figures[2]} us (${range}); `,
  );
  process.stdout.write(`at most ${most} us\n`);
  return median(added) <= most;
}

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { rounds: text, seconds: text } });
  const rounds = Number(values.rounds ?? 8);
  const seconds = Number(values.seconds ?? 3);
  const origin = await startOrigin();
  const on = await start(await gatewayLaunch("on", ROOT, origin.port));
  const launch = await gatewayLaunch("off", ROOT, origin.port);
  const off = await start({ ...launch, args: [`${import.meta.dirname}/ledgerless.ts`] });
  const costs: readonly [Cost, Cost] = [
    { mainThread: [], allThreads: [] },
    { mainThread: [], allThreads: [] },
  ];
  try {
    await warmUp([on, off], seconds);
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? [0, 1] : [1, 0];
      for (const index of order) await slice(index === 0 ? on : off, seconds, costs[index === 0 ? 0 : 1]);
    }
  } finally {
    await Promise.all([on.stop(), off.stop()]);
    await origin.stop();
  }
  const [with_, without] = costs;
  const isMainFine = report("main thread", with_.mainThread, without.mainThread, MAIN_THREAD_US_MAX);
  const isAllFine = report("all threads", with_.allThreads, without.allThreads, ALL_THREADS_US_MAX);
  return isMainFine && isAllFine ? 0 : 1;
}

process.exitCode = await main();
