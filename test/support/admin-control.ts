/** A control server over real keys, with parts behind it that a test may choose, and how to ask it. */

import { Agent, request } from "undici";
import { onTestFinished } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { readConfigBytes } from "../../src/config/read-config.ts";
import { matchesPattern } from "../../src/core/name-pattern.ts";
import { FailedCredentials } from "../../src/keys/failures.ts";
import { KeyDesk, type KeyDraft, type KeyWithSecret } from "../../src/keys/key-desk.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import type { Explanation } from "../../src/pipeline/explain.ts";
import { adminKeyHash } from "../../src/server/admin/admin-key.ts";
import type { AdminOptions, LiveFigures } from "../../src/server/admin/admin-options.ts";
import { createControlServer } from "../../src/server/control.ts";
import { PLAIN_KEY, StillClock, TextArchive } from "./key-records.ts";
import { StubReports } from "./stub-reports.ts";

export const ADMIN_KEY = "vp-admin-key-of-the-test";
export const READ_KEY = "vp-read-key-of-the-test";
export const LOCAL_TOKEN = "vp-local-token-of-the-test";

export function adminConfig(models: Readonly<Record<string, unknown>> = {}): Config {
  const settings = { models, upstreams: { ark: { api_keys: ["ark-secret-of-the-test"] } } };
  const bytes = Buffer.from(JSON.stringify({ ...settings, auth: { mode: "keys" } }));
  const reading = readConfigBytes({ environment: {}, flags: {}, workingFolder: "." }, "test.yaml", bytes);
  if (reading.kind === "broken") throw new Error(JSON.stringify(reading.problems));
  return reading.config;
}

const noSpending = { tokens: 0, cost: 0 };
const noTokens = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };

export const quiet: LiveFigures = {
  requestsInFlight: 0,
  waiting: 0,
  openRows: 0,
  outcomes: { ok: 0, partial: 0, failed: 0, refused: 0, abandoned: 0 },
  tokens: noTokens,
  cost: 0,
};

export const explanation: Explanation = {
  kind: "served",
  door: "chat",
  alias: "fast",
  isFallback: false,
  target: "ark/ep-1",
  changes: ["model"],
  price: null,
  estimate: { usage: noTokens, cost: null },
  most: { tokens: 10, cost: null },
  limits: [],
  refusal: null,
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

/** Members of the answer's JSON, as a test reads them. */
export type Json = { readonly [member: string]: never };

export function jsonOf<Shape = Json>({ text }: Answer): Shape {
  return JSON.parse(text) as Shape;
}

export type ErrorJson = { readonly code: string; readonly param: string | null; readonly message: string };

export function errorOf(answer: Answer): ErrorJson {
  return jsonOf<{ error: ErrorJson }>(answer).error;
}

export type Asking = {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export class AdminControl {
  readonly clock = new StillClock();
  readonly archive = new TextArchive();
  readonly desk = new KeyDesk({ ring: new KeyRing([]), archive: this.archive, clock: this.clock });
  readonly faults: unknown[] = [];
  readonly options: AdminOptions;
  readonly #agent = new Agent({ connections: 4 });
  port = 0;

  constructor(parts: Partial<AdminOptions> = {}) {
    const config = adminConfig();
    this.options = {
      hashes: {
        admin: () => adminKeyHash(ADMIN_KEY),
        readOnly: () => adminKeyHash(READ_KEY),
        local: () => adminKeyHash(LOCAL_TOKEN),
      },
      failures: new FailedCredentials(this.clock, { failuresMax: 100_000 }),
      desk: this.desk,
      mayUse: ({ models }, name) => models === null || models.some((one) => matchesPattern(one, name)),
      reports: new StubReports(),
      spendingOf: () => ({ day: noSpending, week: noSpending, month: noSpending, all: noSpending }),
      config: () => config,
      explain: async () => explanation,
      reload: async () => ({ kind: "ok", warnings: [] }),
      live: () => quiet,
      clock: this.clock,
      ...parts,
    };
  }

  /** Opens a port; server and connections are closed when the test is over. */
  async listen(): Promise<this> {
    const server = createControlServer({
      host: "127.0.0.1",
      port: 0,
      metrics: async () => "volcano_build_info 1\n",
      admin: this.options,
      onFault: (error) => this.faults.push(error),
    });
    onTestFinished(async () => {
      await server.close();
      await this.#agent.destroy();
    });
    ({ port: this.port } = await server.listen());
    return this;
  }

  makeKey(draft: Partial<KeyDraft> = {}): Promise<KeyWithSecret> {
    return this.desk.create({ ...PLAIN_KEY, ...draft }, "test");
  }

  /** With the admin key, unless another is given; a body is sent as JSON, text and bytes as they are. */
  async ask(line: string, { key = ADMIN_KEY, body, headers = {} }: Asking = {}): Promise<Answer> {
    const [method = "GET", path = "/"] = line.split(" ");
    const isRaw = typeof body === "string" || body instanceof Buffer || body === undefined;
    const bytes = isRaw ? (body ?? null) : JSON.stringify(body);
    const answer = await request(`http://127.0.0.1:${this.port}${path}`, {
      method: method as "GET",
      dispatcher: this.#agent,
      body: bytes,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(bytes === null ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
    const isFeed = String(answer.headers["content-type"]).startsWith("text/event-stream");
    // Ending a feed is an error to its stream.
    if (isFeed) answer.body.on("error", () => {}).destroy();
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: isFeed ? "" : await answer.body.text(),
    };
  }
}
