/** Takes changes of the configuration over while the program runs: when the file is saved, and on SIGHUP. */
import type { EventEmitter } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Problem } from "./problem.ts";
import {
  brokenFile,
  type ConfigReading,
  type ConfigSource,
  configFileOf,
  flawOfFile,
  type GoodReading,
  readConfigBytes,
  unreadableFile,
} from "./read-config.ts";

/** Neither call may throw. */
export type ConfigListener = {
  /** A new configuration; after SIGHUP or a failure it may be the one that is in force already. */
  onChange(reading: GoodReading): void;
  /** The file is broken, half-written, missing or unreadable; told once per set of problems. */
  onFailure(problems: readonly Problem[]): void;
};

export type ConfigWatch = { close(): void };

export type WatchOptions = {
  readonly pollMs: number;
  /** What emits SIGHUP. */
  readonly signals: Pick<EventEmitter, "on" | "off">;
};

/** Two looks, a quarter of a second apart: a saved file is in force within a second. */
const standardOptions: WatchOptions = { pollMs: 250, signals: process };

/** Changes whenever the file does, or another file takes its name. */
async function fingerprintOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

async function readFrom(source: ConfigSource, file: string, path: string): Promise<ConfigReading> {
  try {
    const flaw = flawOfFile(await stat(path));
    if (flaw !== null) return brokenFile(file, flaw);
    const bytes = await readFile(path);
    // Editors empty a file before they fill it: nothing is no configuration to change to.
    if (bytes.toString("utf8").trim() === "") return brokenFile(file, { kind: "empty-file" }, 1);
    return readConfigBytes(source, file, bytes);
  } catch (error) {
    return unreadableFile(file, error);
  }
}

function stateOf(reading: ConfigReading): string {
  return reading.kind === "ok" ? (reading.digest ?? "") : JSON.stringify(reading.problems);
}

/**
 * Looks by time, not by file events: those are lost where a rename replaces the file, where a symbolic link
 * is swapped, and on network and container mounts.
 */
class FileWatch implements ConfigWatch {
  readonly #source: ConfigSource;
  readonly #listener: ConfigListener;
  readonly #options: WatchOptions;
  #file: string | null;
  /** What is in force, or what was last told to be wrong. */
  #state: string | null;
  #lastSeen = "";
  #lastRead = "";
  #forced = false;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(source: ConfigSource, current: GoodReading, listener: ConfigListener, options: WatchOptions) {
    this.#source = source;
    this.#listener = listener;
    this.#options = options;
    this.#file = current.file;
    this.#state = current.digest;
    options.signals.on("SIGHUP", this.#onHangup);
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#options.signals.off("SIGHUP", this.#onHangup);
  }

  readonly #onHangup = (): void => {
    this.#forced = true;
    if (this.#file !== null) return;
    this.#file = configFileOf(this.#source);
    this.#schedule();
  };

  #schedule(): void {
    if (this.#closed || this.#file === null) return;
    const file = this.#file;
    this.#timer = setTimeout(() => void this.#look(file), this.#options.pollMs);
    this.#timer.unref();
  }

  async #look(file: string): Promise<void> {
    const path = resolve(this.#source.workingFolder, file);
    if (this.#forced) {
      this.#forced = false;
      this.#state = null;
      this.#lastRead = "";
    }
    const fingerprint = await fingerprintOf(path);
    // A file that has just changed may still be being written: it must look the same twice.
    const isSettled = fingerprint === this.#lastSeen;
    this.#lastSeen = fingerprint;
    if (isSettled && fingerprint !== this.#lastRead) {
      const reading = await readFrom(this.#source, file, path);
      if ((await fingerprintOf(path)) === fingerprint && !this.#closed) {
        this.#lastRead = fingerprint;
        this.#tell(reading);
      }
    }
    this.#schedule();
  }

  #tell(reading: ConfigReading): void {
    const state = stateOf(reading);
    if (state === this.#state) return;
    this.#state = state;
    if (reading.kind === "ok") this.#listener.onChange(reading);
    else this.#listener.onFailure(reading.problems);
  }
}

/**
 * Watches the file of the reading that is in force. Without a file only SIGHUP is heard, and looks whether
 * there is one by now. Whatever happens to the file, the listener hears of nothing that is not whole.
 */
export function watchConfig(
  source: ConfigSource,
  current: GoodReading,
  listener: ConfigListener,
  options: Partial<WatchOptions> = {},
): ConfigWatch {
  return new FileWatch(source, current, listener, { ...standardOptions, ...options });
}
