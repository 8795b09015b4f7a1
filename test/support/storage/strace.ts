/** Runs a program under strace, which can trace its system calls, kill it at one of them, or let one fail. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { programPath } from "../../../bench/debian-package.ts";

const PLACE = "/usr/bin/strace";
const ROOT = resolve(import.meta.dirname, "../../..");
const NODE = join(ROOT, "node_modules/.bin/node");
const LEDGER_PROCESS = join(import.meta.dirname, "ledger-process.ts");

/** Installed where it is absent and this is root; else throws, saying how. */
export function requireStrace(): void {
  programPath("strace", [PLACE]);
}

export type LedgerRun = {
  readonly folder: string;
  readonly durability: "process" | "power";
  readonly attempts: number;
};

export type RunResult = { readonly output: string; readonly error: string; readonly signal: string | null };

const DEADLINE_MS = 60_000;

/** The ledger's process under strace with these options. */
export function runLedger(straceOptions: readonly string[], run: LedgerRun): Promise<RunResult> {
  const { folder, durability, attempts } = run;
  const words = [NODE, LEDGER_PROCESS, folder, durability, String(attempts)];
  return new Promise((resolve_, reject) => {
    const child = spawn(PLACE, ["-f", "-qq", ...straceOptions, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      // So that all of its calls are calls.
      env: { ...process.env, UV_USE_IO_URING: "0" },
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
    const [output, error]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (piece: Buffer) => output.push(piece));
    child.stderr.on("data", (piece: Buffer) => error.push(piece));
    child.on("error", reject);
    child.on("close", (_code, signal) => {
      clearTimeout(timer);
      const [said, complained] = [output, error].map((pieces) => Buffer.concat(pieces).toString("utf8"));
      resolve_({ output: said ?? "", error: complained ?? "", signal });
    });
  });
}
