/** What the journal's writer asks of the disk, so that a test can be a disk that fails. */
import { closeSync, fdatasync, openSync, writeSync } from "node:fs";

export interface JournalDisk {
  /** An existing file, for writing at any place. @returns its descriptor */
  open(path: string): number;
  /** Bytes of `bytes` from 0 on to `position`. @returns how many were written, at times fewer than asked */
  write(file: number, bytes: Buffer, length: number, position: number): number;
  /** Sees what was written before this call to the disk; not on this thread. */
  sync(file: number, done: (error: Error | null) => void): void;
  close(file: number): void;
}

export const systemDisk: JournalDisk = {
  open: (path) => openSync(path, "r+"),
  write: (file, bytes, length, position) => writeSync(file, bytes, 0, length, position),
  sync: fdatasync,
  close: closeSync,
};
