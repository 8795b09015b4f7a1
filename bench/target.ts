/** The servers that are measured: how each is started, waited for and stopped. */
import { type ChildProcess, fork, type StdioOptions, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RepeatedLoad, unaryWork, type Work } from "./load.ts";
import { treeOf } from "./process-tree.ts";

/** A running server that relays to the origin, or the origin itself. */
export type Target = {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** From its start to its first complete answer, in milliseconds. */
  readonly coldStartMs: number;
  stop(): Promise<void>;
};

/** What starts a server: the command line, run in a folder of its own that goes with it. */
export type Launch = {
  readonly name: string;
  readonly port: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
};

const START_MS_MAX = 15_000;
const POLL_MS = 2;

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "volcano-bench-"));
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the probe has no port");
  return address.port;
}

/** Starts a server and waits for its first right answer. Throws with what it said where none comes. */
export async function start(launch: Launch, work: Work = unaryWork): Promise<Target> {
  const outputPath = join(launch.folder, "output.log");
  const output = openSync(outputPath, "a");
  const stdio: StdioOptions = ["ignore", output, output];
  const startedAt = performance.now();
  const child = spawn(launch.command, launch.args, {
    cwd: launch.folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: launch.folder, ...launch.environment },
    stdio,
  });
  child.on("error", () => {});
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(launch.folder, { recursive: true, force: true });
  };
  const { name, port } = launch;
  for (;;) {
    if (await answers(port, work)) {
      return { name, port, pid: child.pid ?? 0, coldStartMs: performance.now() - startedAt, stop };
    }
    const over = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    if (over || performance.now() - startedAt > START_MS_MAX) {
      const said = readFileSync(outputPath, "utf8").slice(-2_000);
      await stop();
      throw new Error(`${name} did not answer. It said:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function answers(port: number, work: Work): Promise<boolean> {
  const load = new RepeatedLoad(port, 1, work);
  try {
    await load.until(() => load.answers > 0, 2_000, "an answer");
    await load.stop();
    return true;
  } catch {
    load.close();
    return false;
  }
}

/** Ends a process and its descendants: politely first, then for certain. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const tree = treeOf(child.pid);
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const impatience = setTimeout(() => {
    for (const pid of tree) killQuietly(pid);
  }, 2_000);
  await exit;
  clearTimeout(impatience);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone by itself.
  }
}

/** Starts the mock Ark in a process of its own. */
export async function startOrigin(): Promise<Target> {
  const startedAt = performance.now();
  const child = fork(join(import.meta.dirname, "origin.ts"), { stdio: "inherit" });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message: { port: number }) => resolve(message.port));
    child.once("exit", (code) => reject(new Error(`the origin ended with ${code}`)));
  });
  const coldStartMs = performance.now() - startedAt;
  return { name: "direct", port, pid: child.pid ?? 0, coldStartMs, stop: () => ended(child) };
}
