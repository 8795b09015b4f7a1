/** A simulator that listens for one test, and short ways to ask it. */
import { onTestFinished } from "vitest";
import { createSimulator, type Simulator, type SimulatorOptions } from "../../src/simulator/index.ts";

export const CHAT_PATH = "/api/v3/chat/completions";
/** A model that thinks in the open and does not send usage unasked. */
export const RAW_MODEL = "doubao-seed-2-0-lite-260215";
/** One that shows a digest of its thoughts. */
export const SUMMARY_MODEL = "doubao-seed-2-1-pro-260628";

export type Asked = { readonly status: number; readonly headers: Headers; readonly text: string };

export type AskOptions = {
  readonly path?: string;
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
};

export class RunningSimulator {
  readonly ark: Simulator;
  readonly port: number;

  constructor(ark: Simulator, port: number) {
    this.ark = ark;
    this.port = port;
  }

  async get(path: string, key: string | null = "test-key"): Promise<Asked> {
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    return readAll(await fetch(`http://127.0.0.1:${this.port}${path}`, { headers }));
  }

  /** Posts a body: a text as it is, anything else as JSON. */
  async post(body: unknown, options: AskOptions = {}): Promise<Asked> {
    const headers: Record<string, string> = { "content-type": "application/json", ...options.headers };
    const key = options.key === undefined ? "test-key" : options.key;
    if (key !== null) headers["authorization"] = `Bearer ${key}`;
    const answer = await fetch(`http://127.0.0.1:${this.port}${options.path ?? CHAT_PATH}`, {
      method: "POST",
      headers,
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return readAll(answer);
  }
}

async function readAll(answer: Response): Promise<Asked> {
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const ark = createSimulator(options);
  const { port } = await ark.listen();
  onTestFinished(() => ark.close());
  return new RunningSimulator(ark, port);
}

/** A chat body with one user message. */
export function chat(
  more: Readonly<Record<string, unknown>> = {},
  content = "你好",
): Record<string, unknown> {
  return { model: RAW_MODEL, messages: [{ role: "user", content }], ...more };
}

/** The JSON of each `data:` line but `[DONE]`. */
export function dataOf(text: string): Record<string, unknown>[] {
  return text
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event) => JSON.parse(event.slice(6)) as Record<string, unknown>);
}

/** A value deep inside of parsed JSON; undefined where the way ends. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}
