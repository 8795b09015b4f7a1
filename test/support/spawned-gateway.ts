/**
 * The gateway as users run it: a process of its own, over a simulator in this one, with what it has logged.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { createSimulator, type Simulator, type SimulatorOptions } from "../../src/simulator/index.ts";
import { until } from "./raw-origin.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/volcano-proxy.js");
const START_MS = 10_000;

export type Exit = { readonly code: number | null; readonly atMs: number };

export class SpawnedGateway {
  readonly simulator: Simulator;
  readonly #child: ChildProcess;
  #output = "";
  #exit: Exit | null = null;

  constructor(simulator: Simulator, child: ChildProcess) {
    this.simulator = simulator;
    this.#child = child;
    child.stdout?.on("data", (piece: Buffer) => {
      this.#output += piece.toString();
    });
    child.stderr?.on("data", (piece: Buffer) => {
      this.#output += piece.toString();
    });
    child.once("exit", (code) => {
      this.#exit = { code, atMs: performance.now() };
    });
  }

  /** What it has logged, parsed; lines that are no JSON are left out. */
  get lines(): Record<string, unknown>[] {
    const whole = this.#output.slice(0, this.#output.lastIndexOf("\n") + 1);
    return whole.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
  }

  /** All that it has written, to people as well as to programs. */
  get output(): string {
    return this.#output;
  }

  get port(): number {
    const url = this.lines.find((line) => typeof line["url"] === "string")?.["url"];
    return typeof url === "string" ? Number(new URL(url).port) : 0;
  }

  async untilListening(): Promise<void> {
    const isUp = (): boolean => this.port > 0 || this.#exit !== null;
    await until(isUp, "the gateway to listen", START_MS).catch((error: Error) => {
      throw new Error(`${error.message}: ${this.#output}`);
    });
    if (this.port === 0) throw new Error(`the gateway has exited: ${this.#output}`);
  }

  signal(name: "SIGTERM" | "SIGINT" | "SIGKILL"): void {
    this.#child.kill(name);
  }

  async exited(deadlineMs: number): Promise<Exit> {
    await until(() => this.#exit !== null, "the process to exit", deadlineMs).catch((error: Error) => {
      throw new Error(`${error.message}: ${this.#output.slice(-2_000)}`);
    });
    return this.#exit ?? { code: null, atMs: Number.NaN };
  }
}

/** Killed, with its folder removed, when the test is over. */
export async function spawnGateway(
  options: SimulatorOptions,
  environment: Readonly<Record<string, string>> = {},
): Promise<SpawnedGateway> {
  const simulator = createSimulator(options);
  const { url } = await simulator.listen();
  const folder = mkdtempSync(join(tmpdir(), "volcano-proxy-"));
  onTestFinished(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return spawnGatewayIn(folder, simulator, url, environment);
}

/** Over a simulator that is there already, with its data below a folder that outlives it. */
export async function spawnGatewayIn(
  folder: string,
  simulator: Simulator,
  url: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SpawnedGateway> {
  const child = spawn(process.execPath, [PROGRAM, "serve"], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOST: "127.0.0.1",
      PORT: "0",
      CONTROL_PORT: "0",
      ARK_BASE_URL: url,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const gateway = new SpawnedGateway(simulator, child);
  await gateway.untilListening();
  return gateway;
}
