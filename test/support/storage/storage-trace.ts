/** Reads what a process did to its files out of a trace of its system calls (strace -f -y -xx). */

/** A file between its creation and its removal; a path may have had several. */
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
  "unlinkat",
  "rename",
  "renameat2",
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

/** The calls in the order of their beginnings; one that never returned (the process was killed) is left out. */
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
    const whole_ = { name: resumedName, args: beginning.args + rest, result: Number(result) };
    calls.push({ ...whole_, at: beginning.at, doneAt: at });
  }
  return calls.sort((a, b) => a.at - b.at);
}

/** Strings stand in hexadecimal: `\x2f\x74`. */
function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll("\\x", ""), "hex");
}

const FIRST_DESCRIPTOR = /^\d+<([^>]*)>/;
const STRING = /"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/;

function descriptorPath(args: string): string {
  const [, path = ""] = FIRST_DESCRIPTOR.exec(args) ?? [];
  return bytesOf(path).toString("utf8");
}

function stringOf(args: string): Buffer {
  const [, hex = "", isCut] = STRING.exec(args) ?? [];
  if (isCut !== undefined) throw new Error("strace has cut a string short: ask for longer ones (-s)");
  return bytesOf(hex);
}

/** Only what happened below the folder counts, and what the process said. */
export function readStorageTrace(trace: string, folder: string): StorageEvent[] {
  const events: StorageEvent[] = [];
  const files = new Map<string, TracedFile>();
  const isOurs = (path: string): boolean => path.startsWith(folder) && !path.endsWith("-shm");
  const fileAt = (path: string): TracedFile => {
    const file = files.get(path);
    if (file === undefined) throw new Error(`${path} is used and was never created`);
    return file;
  };
  for (const { name, args, result, at, doneAt } of callsOf(trace)) {
    if (result < 0) continue;
    const moment = { at, doneAt };
    if (name === "write") {
      if (args.startsWith("1<")) {
        for (const text of stringOf(args).toString("utf8").split("\n")) {
          if (text !== "") events.push({ ...moment, kind: "promise", text });
        }
      } else if (isOurs(descriptorPath(args))) {
        throw new Error("a file was written without an offset, which this reader does not follow");
      }
      continue;
    }
    const named = name === "openat" || !FIRST_DESCRIPTOR.test(args);
    const path = named ? stringOf(args).toString("utf8") : descriptorPath(args);
    if (!isOurs(path)) continue;
    switch (name) {
      case "openat":
        if (args.includes("O_CREAT") && !files.has(path)) {
          const file = { path, createdAt: at };
          files.set(path, file);
          events.push({ ...moment, kind: "create", file });
        } else if (args.includes("O_TRUNC")) {
          events.push({ ...moment, kind: "truncate", file: fileAt(path), size: 0 });
        }
        break;
      case "mkdir":
        events.push({ ...moment, kind: "make-folder", path });
        break;
      case "pwrite64": {
        const offset = Number(args.slice(args.lastIndexOf(",") + 1));
        const bytes = stringOf(args).subarray(0, result);
        events.push({ ...moment, kind: "write", file: fileAt(path), offset, bytes });
        break;
      }
      case "ftruncate": {
        const size = Number(args.slice(args.lastIndexOf(",") + 1));
        events.push({ ...moment, kind: "truncate", file: fileAt(path), size });
        break;
      }
      case "fsync":
      case "fdatasync": {
        const file = files.get(path);
        if (file !== undefined) events.push({ ...moment, kind: "sync", file });
        else events.push({ ...moment, kind: "sync-folder", path });
        break;
      }
      case "unlink":
      case "unlinkat":
        events.push({ ...moment, kind: "remove", file: fileAt(path) });
        files.delete(path);
        break;
      default:
        throw new Error(`${name} of ${path} is not followed by this reader`);
    }
  }
  return events;
}
