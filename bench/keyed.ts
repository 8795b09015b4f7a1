/**
 * The gateway as `serve` has it, but for a ledger in memory and the keys whose secrets VOLCANO_BENCH_SECRETS
 * lists, each with limits of every kind. Without that file it has none.
 */
import { readFileSync } from "node:fs";
import { booksInMemory } from "../src/app/books.ts";
import { Gateway } from "../src/app.ts";
import { readConfig } from "../src/config/read-config.ts";
import { systemClock } from "../src/core/clock.ts";
import type { KeyId } from "../src/core/ids.ts";
import { KeyDesk } from "../src/keys/key-desk.ts";
import type { KeyRecord } from "../src/keys/key-record.ts";
import { KeyRing } from "../src/keys/key-ring.ts";
import { keyHash } from "../src/keys/new-key.ts";
import { SharedParts } from "../src/keys/shared-parts.ts";
import { descriptorWriter } from "../src/telemetry/line-writer.ts";
import { createPinoLog } from "../src/telemetry/pino-log.ts";

const STANDARD_OUTPUT = 1;
const PLENTY = 1_000_000_000;

function recordOf(secret: string, index: number): KeyRecord {
  return {
    id: `key_${String(index).padStart(16, "0")}` as KeyId,
    name: `key ${index}`,
    owner: null,
    hash: keyHash(secret),
    previous: null,
    hint: "sk-vp-…",
    models: ["deepseek-*", "model-*"],
    limits: {
      requestsPerMinute: PLENTY,
      tokensPerMinute: 1_000 * PLENTY,
      concurrent: PLENTY,
      budgets: [
        { unit: "cny", amount: 1_000_000 * PLENTY, period: "month" },
        { unit: "tokens", amount: 1_000_000 * PLENTY, period: "day" },
      ],
    },
    tags: [],
    createdAtWallMs: 0,
    expiresAtWallMs: null,
    revokedAtWallMs: null,
  };
}

const environment = process.env;
const reading = readConfig({ environment, flags: {}, workingFolder: process.cwd() });
if (reading.kind === "broken") throw new Error(JSON.stringify(reading.problems));
const { config } = reading;
const secretsFile = environment["VOLCANO_BENCH_SECRETS"];
const secrets = secretsFile === undefined ? [] : readFileSync(secretsFile, "utf8").split("\n");
const shared = new SharedParts();
const ring = new KeyRing(secrets.map((secret, index) => shared.in(recordOf(secret, index))));
const desk = new KeyDesk({ ring, archive: { keep: () => Promise.resolve() }, clock: systemClock });
const writer = descriptorWriter(STANDARD_OUTPUT);
const log = createPinoLog({ level: config.log.level, sink: writer, secrets: [] });
const books = { ...booksInMemory(), desk };
const gateway = new Gateway({ config, log, accessLog: writer, environment, books });
await gateway.listen();
process.once("SIGTERM", () => void gateway.stop({ lagMs: 0, deadlineMs: 0 }));
