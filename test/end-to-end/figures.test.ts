/**
 * The figures that the first proxy advised to watch, after a known mix of calls; and what no figure or line
 * may hold.
 */
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPinoLog } from "../../src/telemetry/pino-log.ts";
import { type Answered, callChat, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import { RawHttpClient } from "../support/raw-http-client.ts";
import { type RunningGateway, type RunningOptions, startGateway } from "../support/running-gateway.ts";

const R1 = "ep-20250218144306-sshj5";
const V3 = "ep-20250218170310-pvmdb";

async function start(options: RunningOptions = {}): Promise<RunningGateway> {
  const running = await startGateway(options);
  onTestFinished(() => running.close());
  return running;
}

/** Each series of the gateway's own metrics with its value. */
async function figuresOf(running: RunningGateway): Promise<ReadonlyMap<string, number>> {
  const series = (await running.metrics()).matchAll(/^(volcano_[^ ]+(?:\{.*\})?) (\S+)$/gm);
  return new Map(Array.from(series, ([, name, value]) => [name ?? "", Number(value)] as const));
}

function only(figures: ReadonlyMap<string, number>, metric: string): Record<string, number> {
  const found = [...figures].filter(([name]) => name.startsWith(`${metric}{`));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(metric.length), value]));
}

function billed(running: RunningGateway, endings: readonly string[]) {
  const lines = running.simulator.bill.filter(({ ended }) => endings.includes(ended));
  const sum = (read: (line: (typeof lines)[number]) => number) =>
    lines.reduce((total, line) => total + read(line), 0);
  return {
    input: sum((line) => line.promptTokens),
    output: sum((line) => line.completionTokens),
    reasoning: sum((line) => line.reasoningTokens),
  };
}

/** Eleven calls that reach Ark or would have, and four that are refused before. */
async function mix(running: RunningGateway): Promise<void> {
  const { simulator } = running;
  for (let call = 0; call < 3; call++) await callChat(running, chatBodyFor("deepseek-v3"));
  for (let call = 0; call < 2; call++) await callChat(running, chatBodyFor("deepseek-r1", { stream: true }));
  await callChat(running, chatBodyFor("gpt-4o"));
  simulator.script({ kind: "error", code: "ServerOverloaded" }, { kind: "error", code: "ServerOverloaded" });
  for (let call = 0; call < 2; call++) await callChat(running, chatBodyFor("deepseek-v3"));
  simulator.script({ kind: "error", code: "InternalServiceError" }, { kind: "html" }, { kind: "omit_done" });
  await callChat(running, chatBodyFor("doubao-seed-2-0-lite-260215"));
  await callChat(running, chatBodyFor("deepseek-r1"));
  // A connection whose stream was cut is closed behind it.
  const cut = chatBodyFor("deepseek-r1", { stream: true });
  await callChat(running, cut, { headers: { connection: "close" } });
  await callChat(running, "{");
  await callChat(running, chatBodyFor("deepseek-v3"), { headers: { authorization: "Basic x" } });
  await callGateway(running, { path: "/v1/nothing", headers: { authorization: "Bearer k" } });
  await callGateway(running, { path: "/" });
  await callGateway(running, { path: "/healthz" });
}

describe("after a known mix of calls", () => {
  test("the four figures say what happened", async () => {
    const running = await start();
    await mix(running);
    const figures = await figuresOf(running);
    expect(only(figures, "volcano_requests_total")).toEqual({
      '{model="deepseek-v3",door="chat",status_class="2xx",outcome="ok"}': 3,
      '{model="deepseek-v3",door="chat",status_class="4xx",outcome="failed"}': 2,
      '{model="deepseek-r1",door="chat",status_class="2xx",outcome="ok"}': 3,
      '{model="deepseek-r1",door="chat",status_class="5xx",outcome="failed"}': 1,
      '{model="deepseek-r1",door="chat",status_class="2xx",outcome="partial"}': 1,
      '{model="other",door="chat",status_class="5xx",outcome="failed"}': 1,
      '{model="other",door="chat",status_class="4xx",outcome="refused"}': 2,
      '{model="other",door="none",status_class="4xx",outcome="refused"}': 1,
      '{model="other",door="none",status_class="2xx",outcome="ok"}': 1,
    });
    expect(only(figures, "volcano_errors_total")).toEqual({
      '{code="ServerOverloaded",source="upstream"}': 2,
      '{code="InternalServiceError",source="upstream"}': 1,
      '{code="upstream_invalid",source="upstream"}': 1,
      '{code="upstream_truncated",source="upstream"}': 1,
      '{code="invalid_json",source="client"}': 1,
      '{code="invalid_api_key",source="client"}': 1,
      '{code="unsupported_endpoint",source="client"}': 1,
    });
    expect(only(figures, "volcano_request_duration_seconds_count")).toEqual({
      '{model="deepseek-v3"}': 5,
      '{model="deepseek-r1"}': 5,
      '{model="other"}': 1,
    });
    expect(figures.get('volcano_time_to_first_byte_seconds_count{model="deepseek-r1"}')).toBe(5);
    expect(figures.get("volcano_gateway_overhead_seconds_count")).toBe(11);
    expect(only(figures, "volcano_model_fallbacks_total")).toEqual({ '{model="deepseek-r1"}': 1 });
    expect(only(figures, "volcano_upstream_attempts_total")).toEqual({
      [`{target="ark/${V3}",result="ok"}`]: 3,
      [`{target="ark/${V3}",result="error"}`]: 2,
      [`{target="ark/${R1}",result="ok"}`]: 3,
      [`{target="ark/${R1}",result="error"}`]: 1,
      [`{target="ark/${R1}",result="broken"}`]: 1,
      '{target="ark/other",result="error"}': 1,
    });
    expect(figures.get("volcano_inflight_requests")).toBe(0);
    expect(figures.get("volcano_ledger_open_rows")).toBe(0);
  });

  test("tokens are those of Ark's bill", async () => {
    const running = await start();
    for (const stream of [false, true]) {
      await callChat(running, chatBodyFor("deepseek-v3", { stream }));
      await callChat(running, chatBodyFor("deepseek-v3", { stream, max_completion_tokens: 7 }));
    }
    const bill = billed(running, ["complete"]);
    const tokens = only(await figuresOf(running), "volcano_tokens_total");
    expect(tokens['{model="deepseek-v3",kind="input"}']).toBe(bill.input);
    expect(tokens['{model="deepseek-v3",kind="output"}']).toBe(bill.output);
    expect(tokens['{model="deepseek-v3",kind="reasoning"}'] ?? 0).toBe(bill.reasoning);
    expect(bill.output).toBeGreaterThan(0);
  });

  test("durations are what a client would have measured", async () => {
    const running = await start();
    running.simulator.script({ kind: "delay", ms: 80 });
    const started = performance.now();
    await callChat(running, chatBodyFor("deepseek-v3"));
    const seconds = (performance.now() - started) / 1_000;
    const figures = await figuresOf(running);
    const sum = figures.get('volcano_request_duration_seconds_sum{model="deepseek-v3"}') ?? 0;
    const firstByte = figures.get('volcano_time_to_first_byte_seconds_sum{model="deepseek-v3"}') ?? 0;
    const overhead = figures.get("volcano_gateway_overhead_seconds_sum") ?? 0;
    expect(sum).toBeGreaterThanOrEqual(0.075);
    expect(sum).toBeLessThanOrEqual(seconds);
    expect(firstByte).toBeGreaterThanOrEqual(0.075);
    expect(firstByte).toBeLessThanOrEqual(sum);
    expect(overhead).toBeLessThan(sum - 0.07);
  });

  test("each call has one line, and it agrees with its answer", async () => {
    const running = await start();
    await mix(running);
    expect(running.accessLines).toHaveLength(15);
    const said = running.accessLines.map(({ status, outcome, model }) => [status, outcome, model]);
    expect(said).toEqual([
      ...Array.from({ length: 3 }, () => [200, "ok", "deepseek-v3"]),
      ...Array.from({ length: 3 }, () => [200, "ok", "deepseek-r1"]),
      ...Array.from({ length: 2 }, () => [429, "failed", "deepseek-v3"]),
      [500, "failed", "doubao-seed-2-0-lite-260215"],
      [502, "failed", "deepseek-r1"],
      [200, "partial", "deepseek-r1"],
      [400, "refused", undefined],
      [401, "refused", undefined],
      [404, "refused", undefined],
      [200, "ok", undefined],
    ]);
    expect(new Set(running.accessLines.map((line) => line["request_id"])).size).toBe(15);
    for (const line of running.accessLines) {
      expect(line).toMatchObject({ level: "info", message: "request", method: expect.any(String) });
      expect(String(line["time"])).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(line["total_ms"]).toEqual(expect.any(Number));
    }
  });
});

describe("labels come from the configuration alone", () => {
  test("after 1,000 names that nobody knows there is not one series more", async () => {
    const running = await start();
    const call = async (name: string) => (await callChat(running, { model: name, messages: [] })).status;
    const name = (index: number) => `${["", "ep-", "doubao-", "x\u2028"][index % 4]}${index.toString(36)}-名`;
    for (let index = 0; index < 8; index++) await call(name(index));
    const before = [...(await figuresOf(running)).keys()];
    for (let index = 8; index < 1_008; index++) expect(await call(name(index))).toBeGreaterThanOrEqual(400);
    const after = [...(await figuresOf(running)).keys()];
    expect(after).toEqual(before);
    expect(after.join("\n")).not.toMatch(/名|doubao|ep-[0-9a-z]{1,3}-/u);
    expect(only(await figuresOf(running), "volcano_upstream_attempts_total")).toMatchObject({
      '{target="ark/other",result="error"}': 504,
    });
  }, 30_000);

  test("of 60 aliases the first 50 have their own", async () => {
    const models = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`alias-${index}`, "ep-mine"]),
    );
    const running = await start({ settings: { models } });
    for (const alias of ["alias-0", "alias-59"]) await callChat(running, chatBodyFor(alias));
    const counted = Object.keys(only(await figuresOf(running), "volcano_requests_total"));
    expect(counted.map((labels) => /model="([^"]*)"/.exec(labels)?.[1]).sort()).toEqual(["alias-0", "other"]);
  });
});

describe("no secret and no prompt is in any line, event, metric or row", () => {
  const SECRETS = {
    caller: "KqZpWxVtLmNyRbTsDfGh7",
    own: "ZmXnCbVaQsWeDrFtGyHu8",
    cookie: "PlOkIjUhYgTfRdEsWaQz9",
    prompt: "Mein-Geheimnis-heisst-Rumpelstilzchen",
    answer: "Ark-wiederholt-was-niemand-wissen-darf",
    query: "VbNmAsDfGhJkLqWeRtYu5",
    unknown: "TgBnHyUjMkIoLpQaZxSw6",
  };

  /** Each run of eight characters of a secret that a text holds. */
  function leaks(text: string, secrets: readonly string[] = Object.values(SECRETS)): string[] {
    const found: string[] = [];
    for (const secret of secrets) {
      for (let at = 0; at + 8 <= secret.length; at++) {
        const part = secret.slice(at, at + 8);
        if (text.includes(part)) found.push(part);
      }
    }
    return found;
  }

  test("the search would find one", () => {
    expect(leaks(`x${SECRETS.prompt.slice(4, 12)}x`)).toHaveLength(1);
  });

  async function betray(running: RunningGateway): Promise<Answered[]> {
    const { simulator } = running;
    const answers: Answered[] = [];
    const headers = {
      authorization: `Bearer ${SECRETS.caller}`,
      cookie: `session=${SECRETS.cookie}`,
      "x-unknown": SECRETS.unknown,
      "x-session-token": SECRETS.unknown,
      referer: `http://x/${SECRETS.unknown}`,
      "user-agent": SECRETS.unknown,
    };
    const body = (more: object = {}) => ({
      model: "deepseek-v3",
      messages: [{ role: "user", content: SECRETS.prompt }],
      user: SECRETS.unknown,
      api_key: SECRETS.unknown,
      ...more,
    });
    const path = `/v1/chat/completions?key=${SECRETS.query}`;
    const call = async (sent: string | object) =>
      answers.push(await callChat(running, sent, { headers, path }));
    await call(body());
    await call(body({ stream: true }));
    simulator.script(
      { kind: "error", code: "InvalidParameter", message: SECRETS.answer },
      { kind: "error", code: "AuthenticationError", message: SECRETS.answer },
      { kind: "html" },
      { kind: "reset" },
      { kind: "reset", of: "wire" },
      { kind: "error_event", code: "InternalServiceError" },
      { kind: "truncate", afterBytes: 100 },
      { kind: "redirect", location: `http://127.0.0.1:1/${SECRETS.answer}` },
      { kind: "raw_header", line: `Bad Header: ${SECRETS.answer}` },
    );
    for (let fault = 0; fault < 9; fault++) await call(body({ stream: fault > 3 })).catch(() => {});
    simulator.clearScript();
    await call(JSON.stringify(body()).slice(0, -1));
    await call(body({ temperature: SECRETS.prompt }));
    await call(body({ stream: SECRETS.prompt }));
    await call(`{"${SECRETS.prompt}":1,"Model":"${SECRETS.prompt}","model":1}`);
    await call(`"${SECRETS.prompt}"`);
    answers.push(await callChat(running, body(), { headers: { authorization: `Basic ${SECRETS.caller}` } }));
    answers.push(
      await callChat(running, body(), { headers: { ...headers, "content-type": SECRETS.unknown } }),
    );
    answers.push(
      await callChat(running, body(), { headers: { ...headers, "content-encoding": SECRETS.unknown } }),
    );
    answers.push(
      await callGateway(running, { path: `/nothing/${SECRETS.query}?x=${SECRETS.query}`, headers }),
    );
    answers.push(await callGateway(running, { path: `/v1/models/${SECRETS.query}`, headers }));
    const raw = new RawHttpClient(running.port);
    onTestFinished(() => raw.close());
    await raw.send(`GET /${SECRETS.query} HTTP/1.1\r\nAuthorization: Bearer ${SECRETS.caller}\r\nX\r\n\r\n`);
    await raw.ended();
    return answers;
  }

  test.each(["passed on", "kept, with one of our own"])("the caller's key is %s", async (way) => {
    const holds = way !== "passed on";
    const environment = { ARK_API_KEY: SECRETS.own };
    const settings = { auth: { mode: "passthrough" } };
    const running = await start(holds ? { environment, settings } : {});
    const answers = await betray(running);
    expect(answers.length).toBeGreaterThan(12);
    expect(running.simulator.requests.at(0)?.header("authorization")).toBe(
      `Bearer ${holds ? SECRETS.own : SECRETS.caller}`,
    );
    const lines: string[] = [];
    const log = createPinoLog({ level: "debug", sink: { write: (line) => lines.push(line) } });
    for (const { level, fields, message } of running.events) {
      if (level === "warn" || level === "error") log[level](fields, message);
    }
    expect(lines.length).toBeGreaterThan(3);
    expect(leaks(lines.join(""))).toEqual([]);
    expect(leaks(inspect(running.events, { depth: null }))).toEqual([]);
    expect(leaks(JSON.stringify(running.accessLines))).toEqual([]);
    expect(leaks(await running.metrics())).toEqual([]);
    expect(leaks(JSON.stringify(running.ledger.rows()))).toEqual([]);
    expect(leaks(process.title)).toEqual([]);
    // Whoever sent the path and the body knows them; keys and cookies are said to nobody.
    const keys = [SECRETS.caller, SECRETS.own, SECRETS.cookie];
    for (const { rawHeaders, text } of answers) expect(leaks(rawHeaders.join("\n") + text, keys)).toEqual([]);
  });
});
