/**
 * A gateway over the simulator, both on loopback ports of their own, with everything that a test may look
 * at.
 */
import { request } from "undici";
import { booksInMemory } from "../../src/app/books.ts";
import { Gateway } from "../../src/app.ts";
import type { Config } from "../../src/config/config.ts";
import { readConfigBytes } from "../../src/config/read-config.ts";
import { MemoryLedger } from "../../src/ledger/memory.ts";
import { createSimulator, type Simulator, type SimulatorOptions } from "../../src/simulator/index.ts";
import type { LogFields } from "../../src/telemetry/event-log.ts";

export type LoggedEvent = { readonly level: string; readonly fields: LogFields; readonly message: string };

export type RunningGateway = {
  readonly simulator: Simulator;
  readonly gateway: Gateway;
  readonly ledger: MemoryLedger;
  /** Such as `http://127.0.0.1:41234`, without `/v1`. */
  readonly url: string;
  readonly port: number;
  /** The access log's lines, parsed. */
  readonly accessLines: Record<string, unknown>[];
  readonly events: LoggedEvent[];
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

export async function startGateway(options: RunningOptions = {}): Promise<RunningGateway> {
  const simulator = createSimulator({ billLinesKeptMax: ROWS_KEPT_MAX, ...options.simulator });
  const { url: simulatorUrl } = await simulator.listen();
  const environment = { ARK_BASE_URL: options.baseUrl ?? simulatorUrl, ...options.environment };
  const accessLines: Record<string, unknown>[] = [];
  const events: LoggedEvent[] = [];
  const record = (level: string) => (fields: LogFields, message: string) => {
    events.push({ level, fields, message });
  };
  const ledger = options.ledger ?? new MemoryLedger({ settledRowsMax: ROWS_KEPT_MAX });
  const gateway = new Gateway({
    config: testConfig(options.settings ?? {}, environment),
    log: { debug: record("debug"), info: record("info"), warn: record("warn"), error: record("error") },
    accessLog: { write: (line) => accessLines.push(JSON.parse(line)), flush() {} },
    environment: {},
    books: booksInMemory(ledger),
  });
  const { data, control } = await gateway.listen();
  return {
    simulator,
    gateway,
    ledger,
    url: `http://127.0.0.1:${data.port}`,
    port: data.port,
    accessLines,
    events,
    metrics: async () => (await request(`http://127.0.0.1:${control.port}/metrics`)).body.text(),
    close: async () => {
      await gateway.stop({ lagMs: 0, deadlineMs: 0 });
      await simulator.close();
    },
  };
}
