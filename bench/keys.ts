/** `npm run bench:keys`: what keys and limits cost a request, and what very many of them cost more. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { newKeySecret } from "../src/keys/new-key.ts";
import { gatewayLaunch, ROOT } from "./gateway.ts";
import { RepeatedLoad, type Work } from "./load.ts";
import { cpuMicroseconds } from "./process-tree.ts";
import { differences, median } from "./statistics.ts";
import { type Launch, start, startOrigin, type Target } from "./target.ts";
import { unaryBody, unaryRequestOf } from "./workload.ts";

const ADDED_US_MAX = 4;
const MANY_MORE_MAX = 0.1;
const MANY_KEYS = 100_000;
const MANY_MODELS = 10_000;
/** Of all keys and models, those that come to call within a few seconds. */
const CALLERS = 1_000;
/** And so many, that none of them is in any cache near the processor when it comes again. */
const COLD_CALLERS = 20_000;
/** Its price is known, so budgets in yuan take it. */
const PRICED_MODEL = "doubao-seed-2-0-lite-260428";
const CONCURRENCY = 32;
const SETTLE_MS = 500;
/** Each caller comes several times before anything is measured: a key's first call is not its next. */
const WARM_UP_SECONDS = 10;

type Measured = { readonly target: Target; readonly works: readonly Work[]; readonly costsUs: number[] };

function modelsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `model-${index}`);
}

/** @param secrets none: the gateway has no keys, and lets everybody in */
async function launchOf(
  name: string,
  port: number,
  secrets: readonly string[],
  models: number,
): Promise<Launch> {
  const launch = await gatewayLaunch(name, ROOT, port);
  const settings = {
    upstreams: { ark: { api_keys: ["key-of-the-bench"] } },
    auth: { mode: secrets.length === 0 ? "passthrough" : "keys" },
    models: Object.fromEntries(modelsOf(models).map((alias) => [alias, PRICED_MODEL])),
  };
  const file = join(launch.folder, "bench.yaml");
  writeFileSync(file, JSON.stringify(settings));
  const secretsFile = join(launch.folder, "secrets");
  writeFileSync(secretsFile, secrets.join("\n"));
  const environment = {
    ...launch.environment,
    VOLCANO_PROXY_CONFIG: file,
    ...(secrets.length === 0 ? {} : { VOLCANO_BENCH_SECRETS: secretsFile }),
  };
  return { ...launch, args: [`${import.meta.dirname}/keyed.ts`], environment };
}

function worksOf(secrets: readonly string[], models: number, count: number): readonly Work[] {
  const names = modelsOf(models);
  // A step that shares no divisor with the counts goes through all of them in no order.
  return Array.from({ length: count }, (_, index) => {
    const secret = secrets[(index * 7_919) % secrets.length] ?? "any-key-of-any-caller";
    return { request: unaryRequestOf(secret, names[(index * 7_919) % models] ?? ""), body: unaryBody };
  });
}

/** @param callers how many come to call, for each way to measure the same gateway */
async function begin(
  name: string,
  port: number,
  [keys, models]: readonly [number, number],
  callers: readonly number[],
): Promise<readonly Measured[]> {
  const secrets = Array.from({ length: keys }, newKeySecret);
  const works = callers.map((count) => worksOf(secrets, models, count));
  const target = await start(await launchOf(name, port, secrets, models), works[0]?.[0]);
  return works.map((ofCallers) => ({ target, works: ofCallers, costsUs: [] }));
}

async function slice({ target, works, costsUs }: Measured, seconds: number): Promise<void> {
  const load = new RepeatedLoad(target.port, CONCURRENCY, works);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = [cpuMicroseconds(target.pid), load.answers] as const;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  costsUs.push((cpuMicroseconds(target.pid) - before[0]) / (load.answers - before[1]));
  await load.stop();
}

function say(name: string, measured: Measured): void {
  process.stdout.write(`${name}: ${usOf(measured).toFixed(1)} us of processor time a request\n`);
}

function usOf({ costsUs }: Measured): number {
  return median([...costsUs]);
}

async function measure(all: readonly Measured[], rounds: number, seconds: number): Promise<void> {
  for (const measured of all) await slice({ ...measured, costsUs: [] }, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round++) {
    for (const measured of round % 2 === 0 ? all : all.toReversed()) await slice(measured, seconds);
  }
}

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { rounds: text, seconds: text } });
  const rounds = Number(values.rounds ?? 8);
  const seconds = Number(values.seconds ?? 3);
  const origin = await startOrigin();
  const [none] = await begin("none", origin.port, [0, 1], [1]);
  const [one] = await begin("one", origin.port, [1, 1], [1]);
  const [many, cold] = await begin("many", origin.port, [MANY_KEYS, MANY_MODELS], [CALLERS, COLD_CALLERS]);
  if (none === undefined || one === undefined || many === undefined || cold === undefined) return 1;
  try {
    await measure([none, one, many, cold], rounds, seconds);
  } finally {
    await Promise.all([none, one, many].map(({ target }) => target.stop()));
    await origin.stop();
  }
  say("no keys and no limits", none);
  say("one key with limits of every kind", one);
  say(`${MANY_KEYS} such keys and ${MANY_MODELS} models, ${CALLERS} of them calling`, many);
  say(`and ${COLD_CALLERS} of them calling, each cold`, cold);
  const addedUs = median(differences([...one.costsUs], [...none.costsUs]));
  const more = usOf(many) / usOf(one) - 1;
  process.stdout.write(`keys and limits add ${addedUs.toFixed(1)} us; at most ${ADDED_US_MAX} us\n`);
  process.stdout.write(`so many cost ${(100 * more).toFixed(1)} % more than one; at most 10 %\n`);
  return addedUs <= ADDED_US_MAX && more <= MANY_MORE_MAX ? 0 : 1;
}

process.exitCode = await main();
