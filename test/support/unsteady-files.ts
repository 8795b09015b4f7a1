/** The real file system, which fails, waits or counts when a test says so. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import type { FileSystem } from "../../src/memory/response-file.ts";

export type FileFault = "ENOSPC" | "EIO" | "EACCES";

function systemError(code: FileFault): Error {
  return Object.assign(new Error(`${code}: the disk fails`), { code });
}

export class UnsteadyFiles implements FileSystem {
  writeFault: FileFault | null = null;
  openFault: FileFault | null = null;
  renames = 0;
  writes = 0;
  #held: (() => void)[] | null = null;

  /** Writes do not come back until they are let go. */
  holdWrites(): void {
    this.#held = [];
  }

  letWritesGo(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  readonly open = async (path: string, flags: string, mode: number): Promise<FileHandle> => {
    if (this.openFault !== null) throw systemError(this.openFault);
    const file = await open(path, flags, mode);
    const write = file.write.bind(file) as (bytes: Buffer, at: number, length: number) => Promise<unknown>;
    const unsteady = async (bytes: Buffer, at: number, length: number): Promise<unknown> => {
      this.writes++;
      if (this.#held !== null) await new Promise<void>((resolve) => this.#held?.push(resolve));
      if (this.writeFault === null) return write(bytes, at, length);
      // Half of it, as a disk does that runs full.
      await write(bytes, at, Math.floor(length / 2));
      throw systemError(this.writeFault);
    };
    return Object.assign(file, { write: unsteady });
  };

  readonly rename = async (from: string, to: string): Promise<void> => {
    this.renames++;
    await rename(from, to);
  };

  readonly remove = (path: string): Promise<void> => rm(path, { force: true });
}
