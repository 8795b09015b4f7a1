/**
 * A gateway over the simulator, both on loopback ports of their own, with everything that a test may look
 * at.
 */
import { request } from "undici";
import { type Books, booksInMemory, booksOver, openBooks } from "../../src/app/books.ts";
import { Gateway } from "../../src/app.ts";
import type { Config } from "../../src/config/config.ts";
import { readConfigBytes } from "../../src/config/read-config.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { KeyDesk } from "../../src/keys/key-desk.ts";
import type { DurableLedger } from "../../src/ledger/durable-ledger.ts";
import { MemoryLedger } from "../../src/ledger/memory.ts";
import { createSimulator, type Simulator, type SimulatorOptions } from "../../src/simulator/index.ts";
import type { EventLog, LogFields } from "../../src/telemetry/event-log.ts";
import { createPinoLog } from "../../src/telemetry/pino-log.ts";
import { ShadowedLedger } from "./shadowed-ledger.ts";

export type LoggedEvent = { readonly level: string; readonly fields: LogFields; readonly message: string };

export type RunningGateway = {
  readonly simulator: Simulator;
  readonly gateway: Gateway;
  /** Where the ledger is a real one, what it was told. */
  readonly ledger: MemoryLedger;
  /** The port of the control plane. */
  readonly controlPort: number;
  /** Such as `http://127.0.0.1:41234`, without `/v1`. */
  readonly url: string;
  readonly port: number;
  /** The gateway's own keys. */
  readonly desk: KeyDesk;
  /** The access log's lines, parsed. */
  readonly accessLines: Record<string, unknown>[];
  readonly events: LoggedEvent[];
  /** The same as the program writes it: one JSON line each. */
  readonly eventLines: string[];
  metrics(): Promise<string>;
  close(): Promise<void>;
};

export type RunningOptions = {
  /** What a configuration file would say, in its words. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly simulator?: SimulatorOptions;
  /** Another upstream than the simulator, such as a raw origin: its base URL. */
  readonly baseUrl?: string;
  readonly ledger?: MemoryLedger;
  /** A real ledger in this folder, as the program opens it. */
  readonly dataFolder?: string;
  /** A real ledger that is open; the gateway closes it. */
  readonly durable?: DurableLedger;
  readonly clock?: Clock;
};

/** So that a file of many calls can compare all of them. */
const ROWS_KEPT_MAX = 100_000;

/** The configuration of a test: free ports on loopback, and what else the settings say. */
export function testConfig(
  settings: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string>>,
): Config {
  const bytes = Buffer.from(
    JSON.stringify({
      ...settings,
      server: { host: "127.0.0.1", port: 0, ...(settings["server"] as object | undefined) },
      control: { port: 0 },
    }),
  );
  const reading = readConfigBytes({ environment, flags: {}, workingFolder: "." }, "test.yaml", bytes);
  if (reading.kind === "broken") throw new Error(JSON.stringify(reading.problems));
  return reading.config;
}

async function booksOf(
  { ledger, dataFolder, durable }: RunningOptions,
  config: Config,
  log: EventLog,
): Promise<{ ledger: MemoryLedger; books: Books }> {
  if (durable !== undefined) {
    const books = booksOver(durable, null);
    const shadowed = new ShadowedLedger(durable, ROWS_KEPT_MAX);
    return { ledger: shadowed, books: { ...books, ledger: shadowed } };
  }
  if (dataFolder !== undefined) {
    const { books } = await openBooks(config, log);
    const shadowed = new ShadowedLedger(books.ledger, ROWS_KEPT_MAX);
    return { ledger: shadowed, books: { ...books, ledger: shadowed } };
  }
  const inMemory = ledger ?? new MemoryLedger({ settledRowsMax: ROWS_KEPT_MAX });
  return { ledger: inMemory, books: booksInMemory(inMemory) };
}

export async function startGateway(options: RunningOptions = {}): Promise<RunningGateway> {
  const simulator = createSimulator({ billLinesKeptMax: ROWS_KEPT_MAX, ...options.simulator });
  const { url: simulatorUrl } = await simulator.listen();
  const accessLines: Record<string, unknown>[] = [];
  const events: LoggedEvent[] = [];
  const eventLines: string[] = [];
  const pinoLog = createPinoLog({ level: "debug", sink: { write: (line) => eventLines.push(line) } });
  const record = (level: keyof EventLog) => (fields: LogFields, message: string) => {
    events.push({ level, fields, message });
    pinoLog[level](fields, message);
  };
  const log = { debug: record("debug"), info: record("info"), warn: record("warn"), error: record("error") };
  const config = testConfig(options.settings ?? {}, {
    ARK_BASE_URL: options.baseUrl ?? simulatorUrl,
    ...(options.dataFolder === undefined ? {} : { VOLCANO_PROXY_DATA: options.dataFolder }),
    ...options.environment,
  });
  const { ledger, books } = await booksOf(options, config, log);
  const gateway = new Gateway({
    config,
    log,
    accessLog: { write: (line) => accessLines.push(JSON.parse(line)), flush() {} },
    environment: {},
    books,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  const { data, control } = await gateway.listen();
  return {
    simulator,
    gateway,
    ledger,
    desk: books.desk,
    url: `http://127.0.0.1:${data.port}`,
    port: data.port,
    controlPort: control.port,
    accessLines,
    events,
    eventLines,
    metrics: async () => (await request(`http://127.0.0.1:${control.port}/metrics`)).body.text(),
    close: async () => {
      await gateway.stop({ lagMs: 0, deadlineMs: 0 });
      await simulator.close();
    },
  };
}
