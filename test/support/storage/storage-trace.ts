/** Reads what a process did to its files out of a trace of its system calls (strace -f -y -xx). */

/** A file between its creation and its removal; a path may have had several. `path` is its first. */
export type TracedFile = { readonly path: string; readonly createdAt: number };

/**
 * What was done, in the order of the trace. `at` is the line where the call began, `doneAt` where it had
 * returned: a sync covers what was done before it began, and counts once it has returned.
 */
export type StorageEvent = { readonly at: number; readonly doneAt: number } & (
  | { readonly kind: "write"; readonly file: TracedFile; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly file: TracedFile; readonly size: number }
  | { readonly kind: "sync"; readonly file: TracedFile }
  | { readonly kind: "sync-folder"; readonly path: string }
  | { readonly kind: "create"; readonly file: TracedFile }
  | { readonly kind: "make-folder"; readonly path: string }
  | { readonly kind: "rename"; readonly file: TracedFile; readonly to: string }
  | { readonly kind: "remove"; readonly file: TracedFile }
  /** A line on standard output: what the process has promised by then. */
  | { readonly kind: "promise"; readonly text: string }
);

/** What strace has to be asked for. */
export const TRACED_CALLS = [
  "openat",
  "pwrite64",
  "write",
  "ftruncate",
  "fsync",
  "fdatasync",
  "unlink",
  "rename",
  "mkdir",
] as const;

type Call = {
  readonly name: string;
  readonly args: string;
  readonly result: number;
  readonly at: number;
  readonly doneAt: number;
};

const WHOLE = /^(\d+) +(\w+)\((.*)\) += (-?\d+)/s;
const BEGUN = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/s;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)/s;

/**
 * The calls in the order of their beginnings; one that never returned is left out: its process was killed.
 */
function callsOf(trace: string): Call[] {
  const calls: Call[] = [];
  const begun = new Map<string, { readonly args: string; readonly at: number }>();
  for (const [at, line] of trace.split("\n").entries()) {
    const whole = WHOLE.exec(line);
    if (whole !== null) {
      const [, , name = "", args = "", result] = whole;
      calls.push({ name, args, result: Number(result), at, doneAt: at });
      continue;
    }
    const [, pid, name, args = ""] = BEGUN.exec(line) ?? [];
    if (pid !== undefined) begun.set(`${pid} ${name}`, { args, at });
    const [, resumedPid, resumedName = "", rest = "", result] = RESUMED.exec(line) ?? [];
    const beginning = begun.get(`${resumedPid} ${resumedName}`);
    if (beginning === undefined || resumedPid === undefined) continue;
    begun.delete(`${resumedPid} ${resumedName}`);
    const wholeArgs = beginning.args + rest;
    calls.push({
      name: resumedName,
      args: wholeArgs,
      result: Number(result),
      at: beginning.at,
      doneAt: at,
    });
  }
  return calls.sort((a, b) => a.at - b.at);
}

/** Strings stand in hexadecimal: `\x2f\x74`. */
function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll("\\x", ""), "hex");
}

const DESCRIPTOR = /^(\d+)<([^>]*)>/;
const STRINGS = /"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g;

function descriptorOf(args: string): string {
  return DESCRIPTOR.exec(args)?.[1] ?? "";
}

function descriptorPath(args: string): string {
  const [, , path = ""] = DESCRIPTOR.exec(args) ?? [];
  return bytesOf(path).toString("utf8");
}

function stringsOf(args: string): Buffer[] {
  return Array.from(args.matchAll(STRINGS), ([, hex = "", isCut]) => {
    if (isCut !== undefined) throw new Error("strace has cut a string short: ask for longer ones (-s)");
    return bytesOf(hex);
  });
}

function stringOf(args: string): Buffer {
  return stringsOf(args)[0] ?? Buffer.alloc(0);
}

function lastNumber(args: string): number {
  return Number(args.slice(args.lastIndexOf(",") + 1));
}

class TraceReader {
  readonly events: StorageEvent[] = [];
  readonly #folder: string;
  readonly #files = new Map<string, TracedFile>();
  /** Of each descriptor: where a write without an offset goes. */
  readonly #positions = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(call: Call): void {
    if (call.result < 0) return;
    const { name, args } = call;
    if (name === "write" && args.startsWith("1<")) {
      this.#readPromises(call);
      return;
    }
    const path =
      DESCRIPTOR.test(args) && name !== "openat" ? descriptorPath(args) : stringOf(args).toString();
    // SQLite makes its shared memory anew.
    if (path.startsWith(this.#folder) && !path.endsWith("-shm")) this.#readStorage(call, path);
  }

  #readStorage({ name, args, result, at, doneAt }: Call, path: string): void {
    const moment = { at, doneAt };
    switch (name) {
      case "openat":
        this.#positions.set(String(result), 0);
        this.#readOpening(path, args, moment);
        break;
      case "mkdir":
        this.events.push({ ...moment, kind: "make-folder", path });
        break;
      case "write": {
        const offset = this.#positions.get(descriptorOf(args)) ?? 0;
        this.#positions.set(descriptorOf(args), offset + result);
        this.#readWrite(path, args, result, offset, moment);
        break;
      }
      case "pwrite64":
        this.#readWrite(path, args, result, lastNumber(args), moment);
        break;
      case "ftruncate":
        this.events.push({ ...moment, kind: "truncate", file: this.#fileAt(path), size: lastNumber(args) });
        break;
      case "fsync":
      case "fdatasync": {
        const file = this.#files.get(path);
        if (file !== undefined) this.events.push({ ...moment, kind: "sync", file });
        else this.events.push({ ...moment, kind: "sync-folder", path });
        break;
      }
      case "rename": {
        const file = this.#fileAt(path);
        const to = stringsOf(args)[1]?.toString() ?? "";
        this.events.push({ ...moment, kind: "rename", file, to });
        this.#files.delete(path);
        this.#files.set(to, file);
        break;
      }
      case "unlink":
        this.events.push({ ...moment, kind: "remove", file: this.#fileAt(path) });
        this.#files.delete(path);
        break;
      default:
        throw new Error(`${name} of ${path} is not followed by this reader`);
    }
  }

  #readPromises({ args, at, doneAt }: Call): void {
    for (const text of stringOf(args).toString("utf8").split("\n")) {
      if (text !== "") this.events.push({ at, doneAt, kind: "promise", text });
    }
  }

  #readOpening(path: string, args: string, moment: { at: number; doneAt: number }): void {
    if (args.includes("O_CREAT") && !this.#files.has(path)) {
      const file = { path, createdAt: moment.at };
      this.#files.set(path, file);
      this.events.push({ ...moment, kind: "create", file });
    } else if (args.includes("O_TRUNC")) {
      this.events.push({ ...moment, kind: "truncate", file: this.#fileAt(path), size: 0 });
    }
  }

  #readWrite(
    path: string,
    args: string,
    length: number,
    offset: number,
    moment: { at: number; doneAt: number },
  ): void {
    const bytes = stringOf(args).subarray(0, length);
    this.events.push({ ...moment, kind: "write", file: this.#fileAt(path), offset, bytes });
  }

  #fileAt(path: string): TracedFile {
    const file = this.#files.get(path);
    if (file === undefined) throw new Error(`${path} is used and was never created`);
    return file;
  }
}

/** Only what happened below the folder counts, and what the process said. */
export function readStorageTrace(trace: string, folder: string): StorageEvent[] {
  const reader = new TraceReader(folder);
  for (const call of callsOf(trace)) reader.read(call);
  return reader.events;
}
