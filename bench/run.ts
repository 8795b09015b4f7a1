/** `npm run bench`: measures the gateway beside nginx, prints the table and writes results.json. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as figures from "./figures.ts";
import { checkOut, commitOf, gatewayLaunch, ROOT } from "./gateway.ts";
import { nginxLaunch, nginxPath, nginxVersion } from "./nginx.ts";
import { brokenBudgets, machine, relationsOf, table } from "./table.ts";
import { type Launch, start, startOrigin, type Target } from "./target.ts";

const USAGE = `npm run bench -- [--rounds 6] [--seconds 2] [--only SUBJECTS] [--against REV]

Measures this tree's gateway beside nginx on this machine, in alternating slices, and prints medians.
SUBJECTS is a list out of ${figures.subjects.join(",")}; without it, all are measured,
and bench/results.json is written.
--against REV measures another revision in the same rounds and fails where this tree costs over 10 % more.`;

const COLD_STARTS = 5;
const MEMORY_RUNS = 3;
const GATEWAY = "gateway";

type Options = {
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly figures.Subject[];
  readonly against: string | null;
};

function isSubject(name: string): name is figures.Subject {
  return figures.subjects.some((subject) => subject === name);
}

/** Throws an Error that says what is wrong with the arguments. */
function optionsOf(args: string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args, options: { rounds: text, seconds: text, only: text, against: text } });
  const rounds = Number(values.rounds ?? 6);
  const seconds = Number(values.seconds ?? 2);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a whole number from 1 on");
  if (!(seconds >= 0.5 && seconds <= 60)) throw new Error("--seconds takes a number from 0.5 to 60");
  const only = values.only?.split(",") ?? [...figures.subjects];
  const unknown = only.find((name) => !isSubject(name));
  if (unknown !== undefined) throw new Error(`--only takes ${figures.subjects.join(", ")}, not ${unknown}`);
  return { rounds, seconds, only: only.filter(isSubject), against: values.against ?? null };
}

/** What is running and what lies in temporary folders, so that all of it goes in the end. */
class Cleanup {
  readonly #steps: (() => Promise<void>)[] = [];

  push(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step();
  }
}

type Field = {
  readonly origin: Target;
  readonly relays: readonly Target[];
  readonly launches: readonly (() => Promise<Launch>)[];
  readonly nginx: string;
  /** Of the sources that run, which may change before the report. */
  readonly commit: string;
};

async function setUp(options: Options, cleanup: Cleanup): Promise<Field> {
  const nginx = nginxPath();
  const commit = commitOf("HEAD");
  const origin = await startOrigin();
  cleanup.push(origin.stop);
  const launches = [() => nginxLaunch(nginx, origin.port), () => gatewayLaunch(GATEWAY, ROOT, origin.port)];
  const { against } = options;
  if (against !== null) {
    const tree = checkOut(against);
    cleanup.push(async () => rmSync(tree, { recursive: true, force: true }));
    launches.push(() => gatewayLaunch(against, tree, origin.port));
  }
  const relays: Target[] = [];
  for (const launch of launches) {
    const relay = await start(await launch());
    cleanup.push(relay.stop);
    relays.push(relay);
  }
  return { origin, relays, launches, nginx: nginxVersion(nginx), commit };
}

function measure(subject: figures.Subject, field: Field, options: Options): Promise<figures.Figure[]> {
  const { relays, launches } = field;
  const all = [field.origin, ...relays];
  switch (subject) {
    case "unary":
      return figures.unary(relays, options);
    case "stream":
      return figures.stream(relays, options);
    case "latency":
      return figures.latency(all, options);
    case "ttft":
      return figures.ttft(all, options);
    case "cold":
      return figures.cold(launches, Math.min(COLD_STARTS, options.rounds));
    case "memory":
      return figures.memory(launches, Math.min(MEMORY_RUNS, options.rounds));
  }
}

function report(taken: readonly figures.Figure[], field: Field, options: Options): void {
  const names = [field.origin, ...field.relays].map(({ name }) => name);
  const { rounds, seconds, against } = options;
  const results = {
    date: new Date().toISOString(),
    commit: field.commit,
    against: against === null ? null : commitOf(against),
    node: process.version,
    nginx: field.nginx,
    machine: machine(),
    rounds,
    seconds,
    figures: taken.map((figure) => ({
      ...figure,
      relations: Object.fromEntries(names.map((name) => [name, relationsOf(figure, name)])),
    })),
  };
  if (options.only.length === figures.subjects.length) {
    const path = join(import.meta.dirname, "results.json");
    writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  }
  const { processor, cores, kernel } = results.machine;
  process.stdout.write(
    `${table(taken, names)}\n\ncommit ${results.commit}, Node ${results.node}, ${results.nginx}, ` +
      `${cores} cores of ${processor}, Linux ${kernel}; ${rounds} rounds of ${seconds} s\n`,
  );
}

async function run(options: Options, cleanup: Cleanup): Promise<number> {
  const field = await setUp(options, cleanup);
  if (options.only.some((subject) => subject !== "cold" && subject !== "memory")) {
    await figures.warmUp(field.relays, options.seconds);
  }
  const taken: figures.Figure[] = [];
  for (const subject of options.only) {
    process.stderr.write(`bench: ${subject}\n`);
    taken.push(...(await measure(subject, field, options)));
  }
  report(taken, field, options);
  if (options.against === null) return 0;
  const broken = brokenBudgets(taken, GATEWAY, options.against);
  for (const line of broken) process.stderr.write(`bench: ${line}\n`);
  return broken.length === 0 ? 0 : 1;
}

async function main(args: string[]): Promise<void> {
  if (args.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const cleanup = new Cleanup();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void cleanup.run().finally(() => process.exit(1)));
  }
  try {
    process.exitCode = await run(optionsOf(args), cleanup);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  } finally {
    await cleanup.run();
  }
}

await main(process.argv.slice(2));
