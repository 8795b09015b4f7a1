/** Starts the tests' other process, and waits for it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const program = join(import.meta.dirname, "store-process.ts");

function start(words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

/** A process that has the ledger of this folder open. */
export async function holder(folder: string): Promise<ChildProcess> {
  const child = start(["hold", folder]);
  if (child.stdout === null) throw new Error("the child has no output");
  await once(child.stdout, "data");
  return child;
}

/** The signal that ended a process. */
export async function endOf(child: ChildProcess): Promise<NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.signalCode;
}

/** A migration in another process; these steps may call `die()`. */
export function migration(folder: string, steps: readonly string[]): ChildProcess {
  return start(["migrate", folder, JSON.stringify(steps)]);
}
