/** Keeps responses in memory and, encrypted, in a file of their own, so that they outlive a restart. */
import type { Clock } from "../core/clock.ts";
import type { KeyId } from "../core/ids.ts";
import type { ResponseStore, StoredResponse } from "../core/memories.ts";
import type { ShelfBounds } from "./expiring-shelf.ts";
import { type FileSystem, ResponseFile } from "./response-file.ts";
import type { FileRecord } from "./response-frames.ts";
import { type KeptResponse, MemoryResponseStore, RESPONSE_KEEP_MS } from "./response-store.ts";
import { SealedBox } from "./sealed-box.ts";

const PURPOSE = "volcano-proxy responses file 1";
const SWEEPS_PER_LIFE = 6;
/** A smaller file is not worth writing anew while there is anything live in it. */
const FILE_BYTES_MIN = 1_048_576;

/** Rings once; what it gives back stops it. */
export type Alarm = (ring: () => void, delayMs: number) => () => void;

const systemAlarm: Alarm = (ring, delayMs) => {
  const timer = setTimeout(ring, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};

export type DiskResponseStoreSettings = {
  /** Of the file, in a folder that exists; it is made with mode 0600. */
  readonly path: string;
  /** At least 32 random bytes; what was written under another one is passed over, and gone. */
  readonly secret: Buffer;
  readonly clock: Clock;
  /** The disk fails: told once, and again only if it has worked in between. Memory goes on. */
  readonly onFailure: (error: unknown) => void;
  readonly keepMs?: number;
  readonly bounds?: ShelfBounds;
  readonly alarm?: Alarm;
  readonly files?: FileSystem;
};

/**
 * Reads come from memory. What is kept and removed is appended to the file in the background: a kill loses
 * what the last moments kept, never more. An hour is counted by the wall clock across a restart. Who owns
 * what Ark stores is not written down.
 */
export class DiskResponseStore implements ResponseStore {
  readonly #memory: MemoryResponseStore;
  readonly #file: ResponseFile;
  readonly #clock: Clock;
  /** While the file is read: when each record was written, so that all happens as it did then. */
  #replayedAtMs: number | null = null;
  readonly #keepMs: number;
  readonly #alarm: Alarm;
  /** What each kept response takes in the file. */
  readonly #frameBytes = new Map<KeptResponse, number>();
  #liveBytes = 0;
  #stopAlarm: () => void = () => {};

  private constructor(settings: DiskResponseStoreSettings) {
    const { clock, path, secret, onFailure, files, bounds, keepMs = RESPONSE_KEEP_MS } = settings;
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#alarm = settings.alarm ?? systemAlarm;
    this.#memory = new MemoryResponseStore({
      clock: {
        monotonicMs: () => this.#replayedAtMs ?? clock.monotonicMs(),
        wallMs: () => clock.wallMs(),
      },
      keepMs,
      ...(bounds === undefined ? {} : { bounds }),
      onGone: (kept) => this.#forget(kept),
    });
    this.#file = new ResponseFile({
      path,
      box: new SealedBox(secret, PURPOSE),
      nowMs: () => clock.monotonicMs(),
      live: () => this.#live(),
      onFailure,
      ...(files === undefined ? {} : { files }),
    });
  }

  /** Takes over what the file holds, and writes it anew without what is dead. Never rejects. */
  static async open(settings: DiskResponseStoreSettings): Promise<DiskResponseStore> {
    const store = new DiskResponseStore(settings);
    await store.#file.read((record, bytes) => store.#restore(record, bytes));
    store.#replayedAtMs = null;
    store.#memory.dropExpired();
    store.#file.compact();
    await store.#file.flush();
    store.#setAlarm();
    return store;
  }

  get size(): number {
    return this.#memory.size;
  }

  find(keyId: KeyId, id: string): StoredResponse | null {
    return this.#memory.find(keyId, id);
  }

  keep(keyId: KeyId, response: StoredResponse): void {
    const kept = this.#memory.put(keyId, response);
    if (kept === null) return;
    const expiresAtWallMs = Math.round(this.#clock.wallMs() + this.#keepMs);
    this.#note(kept, this.#file.append({ kind: "kept", keyId, expiresAtWallMs, response }));
    this.#tidy(FILE_BYTES_MIN);
  }

  remove(keyId: KeyId, id: string): boolean {
    const wasThere = this.#memory.remove(keyId, id);
    if (wasThere) this.#file.append({ kind: "removed", keyId, id });
    return wasThere;
  }

  own(keyId: KeyId, id: string): void {
    this.#memory.own(keyId, id);
  }

  isAnothers(keyId: KeyId, id: string): boolean {
    return this.#memory.isAnothers(keyId, id);
  }

  /** What was kept so far is in the file, unless the disk fails. */
  flush(): Promise<void> {
    return this.#file.flush();
  }

  /** Flushes and lets go of the file; from then on, nothing more is written. */
  close(): Promise<void> {
    this.#stopAlarm();
    return this.#file.close();
  }

  #restore(record: FileRecord, frameBytes: number): void {
    if (record.kind === "removed") {
      this.#memory.remove(record.keyId, record.id);
      return;
    }
    this.#replayedAtMs = this.#writtenAtMs(record.expiresAtWallMs);
    const kept = this.#memory.put(record.keyId, record.response);
    if (kept !== null) this.#note(kept, frameBytes);
  }

  /** By the monotonic clock, which may have begun since; not after now, nor before the record before. */
  #writtenAtMs(expiresAtWallMs: number): number {
    const nowMs = this.#clock.monotonicMs();
    const atMs = nowMs - this.#clock.wallMs() + expiresAtWallMs - this.#keepMs;
    return Math.min(nowMs, Math.max(atMs, this.#replayedAtMs ?? atMs));
  }

  #note(kept: KeptResponse, frameBytes: number): void {
    this.#frameBytes.set(kept, frameBytes);
    this.#liveBytes += frameBytes;
  }

  #forget(kept: KeptResponse): void {
    this.#liveBytes -= this.#frameBytes.get(kept) ?? 0;
    this.#frameBytes.delete(kept);
  }

  #live(): FileRecord[] {
    const nowMs = this.#clock.monotonicMs();
    const wallMs = this.#clock.wallMs();
    return this.#memory.entries().map(({ item: { owner, response }, expiresAtMs }) => ({
      kind: "kept",
      keyId: owner,
      expiresAtWallMs: Math.round(wallMs + expiresAtMs - nowMs),
      response,
    }));
  }

  /** Writes the file anew where most of it is dead. */
  #tidy(bytesMin: number): void {
    const { bytes } = this.#file;
    if (bytes > bytesMin && bytes > 2 * this.#liveBytes) this.#file.compact();
  }

  #setAlarm(): void {
    this.#stopAlarm = this.#alarm(() => this.#sweep(), this.#keepMs / SWEEPS_PER_LIFE);
  }

  /** Nothing that has expired stays in a file that nobody writes to. */
  #sweep(): void {
    this.#memory.dropExpired();
    this.#file.resume();
    this.#tidy(this.#memory.size === 0 ? 0 : FILE_BYTES_MIN);
    this.#setAlarm();
  }
}
