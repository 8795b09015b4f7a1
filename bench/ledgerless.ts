/** The gateway as `serve` has it, but for a ledger in memory: the ledger's cost is taken against it. */
import { Gateway } from "../src/app.ts";
import { readConfig } from "../src/config/read-config.ts";
import { descriptorWriter } from "../src/telemetry/line-writer.ts";
import { createPinoLog } from "../src/telemetry/pino-log.ts";

const STANDARD_OUTPUT = 1;

const environment = process.env;
const reading = readConfig({ environment, flags: {}, workingFolder: process.cwd() });
if (reading.kind === "broken") throw new Error(JSON.stringify(reading.problems));
const { config } = reading;
const writer = descriptorWriter(STANDARD_OUTPUT);
const log = createPinoLog({ level: config.log.level, sink: writer, secrets: [] });
const gateway = new Gateway({ config, log, accessLog: writer, environment });
await gateway.listen();
process.once("SIGTERM", () => void gateway.stop({ lagMs: 0, deadlineMs: 0 }));
