/** The real disk under a journal, which fails when the test says so. */
import { type JournalDisk, systemDisk } from "../../src/ledger/journal/disk.ts";

type Done = (error: Error | null) => void;

export type DiskFault = "EIO" | "ENOSPC" | "EROFS" | "EDQUOT";

function systemError(code: DiskFault): Error {
  return Object.assign(new Error(`${code}: the disk fails`), { code });
}

export class UnsteadyDisk implements JournalDisk {
  /** How each write fails, by its number from 1; null where it does not. */
  writeFault: (write: number) => DiskFault | null = () => null;
  syncFault: (sync: number) => DiskFault | null = () => null;
  writes = 0;
  failures = 0;
  #syncs = 0;
  #isStuck = false;
  #stuck: (() => void)[] = [];

  /** Everything fails from now on, or nothing. */
  fail(fault: DiskFault | null): void {
    this.writeFault = () => fault;
    this.syncFault = () => fault;
  }

  /** Syncs do not come back until they are let go. */
  holdSyncs(): void {
    this.#isStuck = true;
  }

  letSyncsGo(): void {
    this.#isStuck = false;
    for (const sync of this.#stuck.splice(0)) sync();
  }

  get syncsHeld(): number {
    return this.#stuck.length;
  }

  open(path: string): number {
    return systemDisk.open(path);
  }

  write(file: number, bytes: Buffer, length: number, position: number): number {
    const fault = this.writeFault(++this.writes);
    if (fault === null) return systemDisk.write(file, bytes, length, position);
    this.failures++;
    // Half of it, as a disk does that runs full.
    systemDisk.write(file, bytes, Math.floor(length / 2), position);
    throw systemError(fault);
  }

  sync(file: number, done: Done): void {
    const fault = this.syncFault(++this.#syncs);
    const sync = (): void => {
      if (fault === null) {
        systemDisk.sync(file, done);
        return;
      }
      this.failures++;
      setImmediate(done, systemError(fault));
    };
    if (this.#isStuck) this.#stuck.push(sync);
    else sync();
  }

  close(file: number): void {
    systemDisk.close(file);
  }
}
