/** `serve`: runs the gateway until a signal stops it, and takes new configurations over while it runs. */
import { type Books, closeBooks, openBooks } from "../app/books.ts";
import { removeControlFile, writeControlFile } from "../app/control-file.ts";
import { type Address, Gateway } from "../app.ts";
import type { Config } from "../config/config.ts";
import type { Problem } from "../config/problem.ts";
import { type GoodReading, readConfig } from "../config/read-config.ts";
import { watchConfig } from "../config/watch-config.ts";
import { GatewayError } from "../core/errors.ts";
import { PRODUCT, VERSION } from "../core/version.ts";
import { ensureFirstKey } from "../keys/first-key.ts";
import { LedgerOpenError } from "../ledger/store/failures.ts";
import type { ReloadResult } from "../server/admin/admin-options.ts";
import type { EventLog } from "../telemetry/event-log.ts";
import { descriptorWriter } from "../telemetry/line-writer.ts";
import { createPinoLog } from "../telemetry/pino-log.ts";
import { PrettyLines } from "../telemetry/pretty-lines.ts";
import { printProblems, problemLine } from "./check.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { listenProblem, localUrlOf, urlOf } from "./listening.ts";
import { servePhrases } from "./running-messages.ts";

const RESTART_SETTINGS =
  "hosts, ports, log, request timeouts, and durability, on_failure and retention of the ledger";
const SHUT_TO_ALL =
  "auth.mode is keys and no key opens the gateway: make one with `volcano-proxy keys create --name NAME`";
/** After SIGTERM new requests are still taken for a moment: load balancers learn of it with a delay. */
const LAG_MS = 500;
/** What is left to requests after a second signal. */
const HURRY_MS = 5_000;
const STANDARD_OUTPUT = 1;
/** How long the last lines of the log may take, where their reader is slow. */
const LAST_LINES_MS = 1_000;

export async function serve(invocation: Invocation): Promise<number> {
  const reading = readConfig(invocation);
  if (reading.kind === "broken") {
    printProblems(invocation, reading.problems);
    return exitCodes.failed;
  }
  const { config } = reading;
  const writer = descriptorWriter(STANDARD_OUTPUT);
  const isPretty = config.log.format === "pretty";
  const sink = isPretty ? new PrettyLines({ sink: writer, color: process.stdout.isTTY }) : writer;
  const log = createPinoLog({ level: config.log.level, sink, secrets: secretsOf(config) });
  const { environment } = invocation;
  const droppedLogLines = () => writer.droppedLines;
  const books = await openBooksOrSay(invocation, config, log);
  if (books === null) return exitCodes.failed;
  const reload = () => reloadNow(invocation, gateway, log);
  const gateway = new Gateway({ config, log, accessLog: sink, droppedLogLines, environment, books, reload });
  try {
    const { data, control } = await gateway.listen();
    leadToControl(config, books, control, log);
    announce(invocation, log, reading, urlOf(data), `${urlOf(control)}/metrics`);
  } catch (error) {
    const isData = (port: number) => (port === config.control.port ? "CONTROL_PORT" : "PORT");
    const phrase = listenProblem(error, isData);
    await closeBooks(books);
    if (phrase === null) throw error;
    invocation.standardError.write(`${phrase[invocation.language]}\n`);
    return exitCodes.failed;
  }
  const watch = watchConfig(invocation, reading, {
    onChange: (changed) => void takeOver(gateway, log, changed),
    onFailure: (problems) => void refuseConfig(gateway, log, problems),
  });
  const exitCode = await untilStopped(invocation, gateway, log);
  watch.close();
  if (books.admin !== null) removeControlFile(config.ledger.folder, books.admin.localToken);
  log.info({}, "stopped");
  await writer.close(LAST_LINES_MS);
  return exitCode;
}

/** What no line of the log may show. */
function secretsOf({ upstreams, control: { adminKey, readKey } }: Config): readonly string[] {
  const ofControl = [adminKey, readKey].flatMap((key) => (key === null ? [] : [key]));
  return [...upstreams.flatMap(({ apiKeys }) => apiKeys), ...ofControl];
}

/** For the command line of this machine. Calls are served without it, so its loss is no reason to stop. */
function leadToControl(config: Config, { admin }: Books, control: Address, log: EventLog): void {
  if (admin === null) return;
  try {
    writeControlFile(config.ledger.folder, { url: localUrlOf(control), token: admin.localToken });
  } catch (error) {
    log.warn({ error }, "control.json cannot be written: the command line needs the admin key");
  }
}

/** Null where they could not be opened; then it has been said why. */
async function openBooksOrSay(invocation: Invocation, config: Config, log: EventLog): Promise<Books | null> {
  const { standardError, language } = invocation;
  try {
    const { books, madeAdminKey } = await openBooks(config, log);
    if (madeAdminKey !== null) standardError.write(`${servePhrases.adminKey(madeAdminKey)[language]}\n`);
    return (await hasKeysOrSays(invocation, config, books)) ? books : null;
  } catch (error) {
    if (!(error instanceof LedgerOpenError || error instanceof GatewayError)) throw error;
    standardError.write(`${error.message}\n`);
    return null;
  }
}

function announce(
  invocation: Invocation,
  log: EventLog,
  { config, file, warnings }: GoodReading,
  url: string,
  metricsUrl: string,
): void {
  const models = config.models.map(({ alias }) => alias);
  log.info({ version: VERSION, node: process.version, url, metricsUrl, file, models }, `${PRODUCT} listens`);
  for (const warning of warnings) log.warn({}, problemLine(warning, "en"));
  const { standardError: output, language } = invocation;
  if (output.isTerminal) output.write(`${servePhrases.listens(url, metricsUrl)[language]}\n`);
}

/** Makes a first key where nobody could come in without one; false where it cannot be kept. */
async function hasKeysOrSays(invocation: Invocation, { auth }: Config, books: Books): Promise<boolean> {
  if (auth.mode === "passthrough") return true;
  const { standardError, language } = invocation;
  try {
    const secret = await ensureFirstKey(books.desk, Date.now());
    if (secret !== null) standardError.write(`${servePhrases.firstKey(secret)[language]}\n`);
    return true;
  } catch (error) {
    await closeBooks(books);
    if (!(error instanceof GatewayError)) throw error;
    standardError.write(`${error.message}\n`);
    return false;
  }
}

/** Reads the file now, whether or not it has changed. */
async function reloadNow(invocation: Invocation, gateway: Gateway, log: EventLog): Promise<ReloadResult> {
  const reading = readConfig(invocation);
  if (reading.kind === "broken") return refuseConfig(gateway, log, reading.problems);
  return takeOver(gateway, log, reading);
}

function refuseConfig(gateway: Gateway, log: EventLog, problems: readonly Problem[]): ReloadResult {
  gateway.countFailedReload();
  const lines = problems.map((problem) => problemLine(problem, "en"));
  log.error({ problems: lines }, "the configuration is broken; the old one stays in force");
  return { kind: "broken", problems: lines };
}

function takeOver(gateway: Gateway, log: EventLog, { config, warnings }: GoodReading): ReloadResult {
  const old = gateway.config;
  try {
    gateway.reload(config);
  } catch (error) {
    gateway.countFailedReload();
    log.error({ error }, "the configuration cannot be used; the old one stays in force");
    return { kind: "broken", problems: [error instanceof Error ? error.message : String(error)] };
  }
  const isForNextStart = settingsOfStart(old) !== settingsOfStart(config);
  const lines = [
    ...warnings.map((warning) => problemLine(warning, "en")),
    ...(gateway.isShutToAll ? [SHUT_TO_ALL] : []),
    ...(isForNextStart ? [`${RESTART_SETTINGS} change at the next start only`] : []),
  ];
  for (const line of lines) log.warn({}, line);
  log.info({ models: config.models.map(({ alias }) => alias) }, "the configuration has been taken over");
  return { kind: "ok", warnings: lines };
}

/** What is read when the gateway starts, and not again; `client_loss` and its bounds change with the file. */
function settingsOfStart({ server, control, ledger, log }: Config): string {
  const { host, port, requestHeadersTimeoutMs, requestBodyTimeoutMs } = server;
  const { folder, durability, onFailure, retentionMs } = ledger;
  const ofServer = [host, port, requestHeadersTimeoutMs, requestBodyTimeoutMs];
  return JSON.stringify([ofServer, control, [folder, durability, onFailure, retentionMs], log]);
}

/** Resolves with the exit code once the gateway has stopped. */
function untilStopped(invocation: Invocation, gateway: Gateway, log: EventLog): Promise<number> {
  return new Promise((resolve) => {
    let signals = 0;
    let exitCode: number = exitCodes.ok;
    const stop = (lagMs: number, deadlineMs: number): void => {
      signals++;
      const settings = signals === 1 ? { lagMs, deadlineMs } : { lagMs: 0, deadlineMs: HURRY_MS };
      log.info({ deadlineMs: settings.deadlineMs }, "stopping");
      if (invocation.standardError.isTerminal) {
        invocation.standardError.write(`\n${servePhrases.stopping[invocation.language]}\n`);
      }
      gateway.stop(settings).then(
        () => resolve(exitCode),
        (error: unknown) => {
          log.error({ error }, "the gateway did not stop cleanly");
          resolve(exitCodes.failed);
        },
      );
    };
    process.on("SIGTERM", () => stop(LAG_MS, gateway.config.server.drainTimeoutMs));
    process.on("SIGINT", () => stop(0, gateway.config.server.drainTimeoutMs));
    // A defect outside any request: whoever supervises the process starts a fresh one (reliability P3).
    const crash = (error: unknown): void => {
      log.error({ error }, "an error escaped; the process drains and exits");
      exitCode = exitCodes.failed;
      stop(0, HURRY_MS);
    };
    process.on("uncaughtException", crash);
    process.on("unhandledRejection", crash);
  });
}
