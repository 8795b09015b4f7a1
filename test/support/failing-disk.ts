/** A disk in memory that fails when it is told to, and forgets what a failed sync was to keep. */
import { basename } from "node:path";
import type { JournalDisk } from "../../src/ledger/journal/disk.ts";
import { FrameReader, segmentName } from "../../src/ledger/journal/segment.ts";

/** `short`: half of it is written, and said so; `torn`: half is written, and it fails. */
export type WriteFault = "EIO" | "ENOSPC" | "short" | "torn";

type Write = { readonly name: string; readonly position: number; readonly bytes: Buffer };

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk fails`), { code });
}

export class FailingDisk implements JournalDisk {
  /** What a process sees that starts after a kill. */
  readonly files = new Map<string, Buffer>();
  /** What is sure to be there after a power cut. */
  readonly #synced = new Map<string, Buffer>();
  /** What may be there after one, by its place in the order of writing. */
  #dirty: Write[] = [];
  readonly #names: string[] = [];
  readonly #isOpen: boolean[] = [];
  writes = 0;
  syncs = 0;
  /** Says of each write, counted from 1, how it fails. */
  writeFault: (write: number) => WriteFault | null = () => null;
  syncFails: (sync: number) => boolean = () => false;
  /** Syncs do not come back while it is true. */
  isStuck = false;
  readonly #stuck: (() => void)[] = [];

  addSegment(segment: number, bytes: number): void {
    this.files.set(segmentName(segment), Buffer.alloc(bytes));
    this.#synced.set(segmentName(segment), Buffer.alloc(bytes));
  }

  open(path: string): number {
    const name = basename(path);
    if (!this.files.has(name)) throw systemError("ENOENT");
    this.#isOpen.push(true);
    return this.#names.push(name) - 1;
  }

  write(file: number, bytes: Buffer, length: number, position: number): number {
    const fault = this.writeFault(++this.writes);
    if (fault === "EIO" || fault === "ENOSPC") throw systemError(fault);
    const written = fault === null ? length : Math.floor(length / 2);
    const name = this.#nameOf(file);
    const copy = Buffer.from(bytes.subarray(0, written));
    this.#put(this.files, { name, position, bytes: copy });
    this.#dirty.push({ name, position, bytes: copy });
    if (fault === "torn") throw systemError("EIO");
    return written;
  }

  sync(file: number, done: (error: Error | null) => void): void {
    const fails = this.syncFails(++this.syncs);
    const name = this.#nameOf(file);
    const covered = this.#dirty.filter((write) => write.name === name);
    const end = (): void => {
      this.#dirty = this.#dirty.filter((write) => !covered.includes(write));
      // Once a sync has failed, the pages count as clean: no later sync brings them back.
      if (!fails) for (const write of covered) this.#put(this.#synced, write);
      done(fails ? systemError("EIO") : null);
    };
    if (this.isStuck) this.#stuck.push(end);
    else setImmediate(end);
  }

  close(file: number): void {
    this.#nameOf(file);
    this.#isOpen[file] = false;
  }

  /** The syncs that did not come back do. */
  release(): void {
    this.isStuck = false;
    for (const end of this.#stuck.splice(0)) end();
  }

  get openFiles(): number {
    return this.#isOpen.filter(Boolean).length;
  }

  /** The payloads of all segments after a kill. */
  afterKill(): Buffer[] {
    return payloadsOf(this.files);
  }

  /** The same after a power cut. @param survives which of the writes that nobody had synced did reach it */
  afterPowerCut(survives: (write: number) => boolean): Buffer[] {
    const image = new Map([...this.#synced].map(([name, bytes]) => [name, Buffer.from(bytes)]));
    for (const [index, write] of this.#dirty.entries()) if (survives(index)) this.#put(image, write);
    return payloadsOf(image);
  }

  #nameOf(file: number): string {
    const name = this.#names[file];
    if (name === undefined || this.#isOpen[file] !== true) throw systemError("EBADF");
    return name;
  }

  #put(image: ReadonlyMap<string, Buffer>, { name, position, bytes }: Write): void {
    const target = image.get(name);
    if (target === undefined || position + bytes.length > target.length) {
      throw new TypeError("a write beyond the segment's end");
    }
    bytes.copy(target, position);
  }
}

function payloadsOf(image: ReadonlyMap<string, Buffer>): Buffer[] {
  const payloads: Buffer[] = [];
  for (const name of [...image.keys()].sort()) {
    const reader = FrameReader.over(image.get(name) ?? Buffer.alloc(0));
    for (let payload = reader.next(); payload !== null; payload = reader.next()) {
      payloads.push(Buffer.from(payload));
    }
  }
  return payloads;
}
