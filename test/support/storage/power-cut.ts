/** What a disk may hold after a power cut: what was synced by then, and for the rest what chance will. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Seeded } from "../seeded.ts";
import type { StorageEvent, TracedFile } from "./storage-trace.ts";

/** Disks write whole sectors: within a write that was not synced, each may be there or not. */
const SECTOR_BYTES = 512;

/** How kind chance is to what was not synced. */
export type Mercy = "none" | "some" | "all";

type Change = Extract<StorageEvent, { readonly kind: "write" | "truncate" }>;

/** The moment by which a change is certain to last; infinite where no sync covered it. */
function lastsFrom(change: Change, syncs: readonly StorageEvent[]): number {
  for (const sync of syncs) if (sync.at > change.doneAt) return sync.doneAt;
  return Number.POSITIVE_INFINITY;
}

class Content {
  #bytes = Buffer.alloc(0);

  apply(change: Change, mercy: Mercy, random: Seeded): void {
    if (change.kind === "truncate") {
      if (survives(mercy, random)) this.#resize(change.size);
      return;
    }
    const { offset, bytes } = change;
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + SECTOR_BYTES - ((offset + start) % SECTOR_BYTES));
      if (survives(mercy, random)) this.#put(offset + start, bytes.subarray(start, end));
      start = end;
    }
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  #put(offset: number, bytes: Buffer): void {
    if (offset + bytes.length > this.#bytes.length) this.#resize(offset + bytes.length);
    bytes.copy(this.#bytes, offset);
  }

  #resize(size: number): void {
    const resized = Buffer.alloc(size);
    this.#bytes.copy(resized, 0, 0, Math.min(size, this.#bytes.length));
    this.#bytes = resized;
  }
}

function survives(mercy: Mercy, random: Seeded): boolean {
  return mercy === "all" || (mercy === "some" && random.below(2) === 0);
}

export class PowerCuts {
  readonly #events: readonly StorageEvent[];
  readonly #folder: string;
  /** In the order of the trace; with when each is certain to last. */
  readonly #changes = new Map<TracedFile, { readonly change: Change; readonly lastsFrom: number }[]>();
  readonly #folderSyncs: Extract<StorageEvent, { readonly kind: "sync-folder" }>[] = [];

  constructor(events: readonly StorageEvent[], folder: string) {
    this.#events = events;
    this.#folder = folder;
    for (const event of events) if (event.kind === "sync-folder") this.#folderSyncs.push(event);
    const syncs = Map.groupBy(
      events.filter((event) => event.kind === "sync"),
      ({ file }) => file,
    );
    for (const event of events) {
      if (event.kind === "create") this.#changes.set(event.file, []);
      if (event.kind !== "write" && event.kind !== "truncate") continue;
      const certain = lastsFrom(event, syncs.get(event.file) ?? []);
      this.#changes.get(event.file)?.push({ change: event, lastsFrom: certain });
    }
  }

  /** What the process had promised before the line. */
  promisesBefore(at: number): string[] {
    return this.#events.flatMap((event) => (event.kind === "promise" && event.at < at ? [event.text] : []));
  }

  /** Writes what a disk may hold after a cut at that line into an empty folder. */
  writeImage(at: number, mercy: Mercy, random: Seeded, into: string): void {
    for (const event of this.#events) {
      if (event.at >= at) break;
      const place = event.kind === "make-folder" ? event.path : null;
      if (place !== null && this.#entryStays(event, place, at, mercy, random)) {
        mkdirSync(join(into, relative(this.#folder, place)), { recursive: true });
      }
    }
    for (const [file, changes] of this.#changes) {
      const place = this.#placeOf(file, at, mercy, random);
      if (place === null) continue;
      const content = new Content();
      for (const { change, lastsFrom: certain } of changes) {
        if (change.at >= at) break;
        content.apply(change, certain < at ? "all" : mercy, random);
      }
      const path = join(into, relative(this.#folder, place));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content.bytes);
    }
  }

  /** Where the file is: a name is certain once its folder was synced after; until then it is up to chance. */
  #placeOf(file: TracedFile, at: number, mercy: Mercy, random: Seeded): string | null {
    let place: string | null = null;
    for (const event of this.#events) {
      if (event.at >= at) break;
      if (event.kind === "create" && event.file === file) {
        if (this.#entryStays(event, file.path, at, mercy, random)) place = file.path;
      } else if (event.kind === "rename" && event.file === file) {
        if (this.#entryStays(event, event.to, at, mercy, random)) place = event.to;
      } else if (event.kind === "remove" && event.file === file && place !== null) {
        if (this.#entryStays(event, place, at, mercy, random)) place = null;
      }
    }
    return place;
  }

  #entryStays(event: StorageEvent, path: string, at: number, mercy: Mercy, random: Seeded): boolean {
    const folder = dirname(path);
    const isCertain = this.#folderSyncs.some(
      (sync) => sync.path === folder && sync.at > event.doneAt && sync.doneAt < at,
    );
    return isCertain || survives(mercy, random);
  }
}
