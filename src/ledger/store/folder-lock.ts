/** The lock on a data folder: one gateway at a time, freed by the kernel when its process dies. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { faultOf, LedgerOpenError, openErrorOf } from "./failures.ts";
import { makeFolder } from "./ledger-file.ts";

const PID_BYTES_MAX = 20;

/**
 * An exclusive SQLite lock on an empty database. Nobody else may open `lock.sqlite` in this process, by
 * whatever means: POSIX locks of a file are dropped when any descriptor of it is closed.
 */
export class FolderLock {
  readonly #database: DatabaseSync;
  readonly #pidFile: string;

  private constructor(database: DatabaseSync, pidFile: string) {
    this.#database = database;
    this.#pidFile = pidFile;
  }

  /**
   * Makes the folder where it is missing. A gateway does this once, on the thread that lives as long as it
   * does: with the thread that took it, the lock would go too.
   * @throws LedgerOpenError `in_use`, or what keeps the lock's file from being opened
   */
  static take(folder: string): FolderLock {
    makeFolder(folder);
    const path = join(folder, "lock.sqlite");
    const pidFile = join(folder, "lock.pid");
    let database: DatabaseSync | null = null;
    try {
      database = new DatabaseSync(path, { timeout: 0 });
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
      writeFileSync(pidFile, `${process.pid}\n`);
    } catch (thrown) {
      database?.close();
      if (faultOf(thrown) === "busy") throw inUse(folder, pidFile, thrown);
      throw openErrorOf(thrown, path);
    }
    return new FolderLock(database, pidFile);
  }

  release(): void {
    if (!this.#database.isOpen) return;
    rmSync(this.#pidFile, { force: true });
    this.#database.close();
  }
}

function inUse(folder: string, pidFile: string, cause: unknown): LedgerOpenError {
  return new LedgerOpenError(
    "in_use",
    `The data folder ${folder} is in use by another gateway (${whoHas(pidFile)}). ` +
      "Stop it first, or set VOLCANO_PROXY_DATA to a folder of this one's own.",
    cause,
  );
}

/** The file is only for this message, so it may be missing, or be anything. */
function whoHas(pidFile: string): string {
  try {
    const text = readFileSync(pidFile, "latin1").trim();
    return text.length <= PID_BYTES_MAX && /^\d+$/.test(text) ? `pid ${text}` : "pid not known";
  } catch {
    return "pid not known";
  }
}
