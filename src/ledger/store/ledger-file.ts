/** Opening the ledger's SQLite file to write: made if it is not there, checked, and brought up to date. */
import { closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { adviceOn, LedgerOpenError, openErrorOf } from "./failures.ts";
import { migrate, schemaVersionOf } from "./migrate.ts";
import { APPLICATION_ID, schemaSteps } from "./schema.ts";

export type LedgerFileOptions = {
  /** How long a call waits for another program's lock; 250 ms when left out. */
  readonly busyTimeoutMs?: number;
  /** A file up to this size is read through for damage when it is opened, a larger one in part. */
  readonly checkedBytesMax?: number;
  /** The steps of the schema; the released ones when left out. */
  readonly steps?: readonly string[];
};

const BUSY_TIMEOUT_MS = 250;
/** Of two million rows; about a second of reading. */
const CHECKED_BYTES_MAX = 512 * 1024 * 1024;
const CACHE_KIBIBYTES = 32 * 1024;
/** 8 MiB of journal of SQLite's own before it is copied into the file. */
const CHECKPOINT_PAGES = 2_000;
/** The small tables, which a start and every report depend on. */
const ALWAYS_CHECKED = ["meta", "records", "usage_groups", "usage_days", "spending_days", "spending_totals"];

export function ledgerPath(folder: string): string {
  return join(folder, "ledger.sqlite");
}

/** Makes the folder where it is missing, for the eyes of this user alone. @throws LedgerOpenError */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw folderErrorOf(thrown, folder);
  }
}

/** Some file systems that take no folder say that its parent is not there: making it is what failed. */
function folderErrorOf(thrown: unknown, folder: string): LedgerOpenError {
  const error = openErrorOf(thrown, folder);
  return error.fault === "missing"
    ? new LedgerOpenError("not_writable", adviceOn("not_writable", folder), thrown)
    : error;
}

/** @throws LedgerOpenError that says what is wrong with the file, and what to do */
export function openLedgerFile(folder: string, options: LedgerFileOptions): DatabaseSync {
  const path = ledgerPath(folder);
  let database: DatabaseSync | null = null;
  try {
    // SQLite would leave it readable to all; its companions take the file's own mode.
    if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
    database = new DatabaseSync(path, { timeout: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS });
    const steps = options.steps ?? schemaSteps;
    checkIdentity(database, path, steps.length);
    checkPages(database, path, options.checkedBytesMax ?? CHECKED_BYTES_MAX);
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KIBIBYTES};
       PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = 67108864`,
    );
    migrate(database, steps);
    return database;
  } catch (thrown) {
    database?.close();
    throw openErrorOf(thrown, path);
  }
}

/** Refuses a database that is no ledger, and one of a schema that this program does not know. */
export function checkIdentity(database: DatabaseSync, path: string, knownVersion: number): void {
  const tables = Number(database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
  const id = database.prepare("PRAGMA application_id").get()?.["application_id"];
  const isNew = tables === 0 && id === 0 && schemaVersionOf(database) === 0;
  if (!isNew && id !== APPLICATION_ID) throw refusal("foreign", path);
  if (schemaVersionOf(database) > knownVersion) throw refusal("newer_schema", path);
}

function refusal(fault: "foreign" | "newer_schema" | "corrupt", path: string, detail = ""): LedgerOpenError {
  return new LedgerOpenError(fault, `${adviceOn(fault, path)}${detail}`);
}

/** SQLite cannot be told to stop, so the size bounds the time; what is not read now is checked in use. */
function checkPages(database: DatabaseSync, path: string, bytesMax: number): void {
  if (schemaVersionOf(database) === 0) return;
  const isWhole = statSync(path).size <= bytesMax;
  const checks = isWhole ? ["PRAGMA quick_check(1)"] : ALWAYS_CHECKED.map((t) => `PRAGMA quick_check(${t})`);
  for (const check of checks) {
    const found = database.prepare(check).get()?.["quick_check"];
    if (found !== "ok") throw refusal("corrupt", path, ` (${String(found).split("\n").join(" ")})`);
  }
}
