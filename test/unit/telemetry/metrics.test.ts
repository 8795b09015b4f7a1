/** The figures are right, and their series few, whatever clients and upstreams send. */
import { describe, expect, onTestFinished, test } from "vitest";
import { catalogue } from "../../../src/core/errors.ts";
import { Metrics, type MetricsOptions } from "../../../src/telemetry/metrics.ts";
import { requestRecord } from "../../support/request-record.ts";

function open(options: Partial<MetricsOptions> = {}): Metrics {
  const metrics = new Metrics({
    models: ["deepseek-r1", "deepseek-v3"],
    ledgerOpenRows: () => 7,
    ...options,
  });
  onTestFinished(() => metrics.close());
  return metrics;
}

/** The samples that begin with `name`, as `series value`. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.render();
  return text.split("\n").filter((line) => line.startsWith(name));
}

describe("figures", () => {
  test("a request counts once, with its tokens, times and end", async () => {
    const metrics = open();
    metrics.requestStarted();
    metrics.requestEnded(requestRecord());
    expect(await samples(metrics, "volcano_requests_total")).toEqual([
      'volcano_requests_total{model="deepseek-v3",door="chat",status_class="2xx",outcome="ok"} 1',
    ]);
    expect(await samples(metrics, "volcano_tokens_total")).toEqual([
      'volcano_tokens_total{model="deepseek-v3",kind="input"} 10',
      'volcano_tokens_total{model="deepseek-v3",kind="cached_input"} 4',
      'volcano_tokens_total{model="deepseek-v3",kind="output"} 20',
      'volcano_tokens_total{model="deepseek-v3",kind="reasoning"} 3',
    ]);
    expect(await samples(metrics, "volcano_request_duration_seconds_sum")).toEqual([
      'volcano_request_duration_seconds_sum{model="deepseek-v3"} 0.02346',
    ]);
    expect(await samples(metrics, "volcano_time_to_first_byte_seconds_count")).toEqual([
      'volcano_time_to_first_byte_seconds_count{model="deepseek-v3"} 1',
    ]);
    const [overhead = ""] = await samples(metrics, "volcano_gateway_overhead_seconds_sum");
    expect(Number(overhead.split(" ")[1])).toBeCloseTo(0.00116, 6);
  });

  test("costs add up to the micro-yuan; a cost that is not known adds nothing", async () => {
    const metrics = open();
    // As fractions of a yuan these do not add up: 0.1 + 0.2 is 0.30000000000000004.
    for (const cost of [100_000, 200_000, null, 0]) metrics.requestEnded(requestRecord({ cost }));
    metrics.requestEnded(requestRecord({ modelLabel: "deepseek-r1", cost: null }));
    metrics.requestEnded(requestRecord({ modelLabel: "never-configured", cost: 1 }));
    expect(await samples(metrics, "volcano_cost_cny_total")).toEqual([
      'volcano_cost_cny_total{model="deepseek-v3"} 0.3',
      'volcano_cost_cny_total{model="other"} 0.000001',
    ]);
  });

  test("a request that got nowhere has an end and an error, and no times", async () => {
    const metrics = open();
    const nowhere = {
      attempts: 0,
      usage: null,
      firstByteMs: null,
      upstreamMs: null,
      door: null,
      alias: null,
    };
    metrics.requestEnded(
      requestRecord({
        ...nowhere,
        modelLabel: "other",
        status: 499,
        outcome: "abandoned",
        errorCode: "client_closed",
      }),
    );
    expect(await samples(metrics, "volcano_requests_total")).toEqual([
      'volcano_requests_total{model="other",door="none",status_class="4xx",outcome="abandoned"} 1',
    ]);
    expect(await samples(metrics, "volcano_request_duration_seconds_count")).toEqual([]);
    expect(await samples(metrics, "volcano_errors_total")).toEqual([
      'volcano_errors_total{code="client_closed",source="gateway"} 1',
    ]);
  });

  test("fallbacks, attempts, refusals of the front door, reloads", async () => {
    const metrics = open({ droppedLogLines: () => 3 });
    metrics.requestEnded(requestRecord({ fallbackFrom: "gpt-4" }));
    metrics.attemptEnded("ark/ep-1", "ok");
    metrics.attemptEnded("ark/ep-1", "unreachable");
    metrics.attemptEnded("ark/ep-1", "unreachable");
    metrics.connectionRefused("headers_too_large");
    metrics.configReloadFailed();
    const text = await metrics.render();
    for (const sample of [
      'volcano_model_fallbacks_total{model="deepseek-v3"} 1',
      'volcano_upstream_attempts_total{target="ark/ep-1",result="ok"} 1',
      'volcano_upstream_attempts_total{target="ark/ep-1",result="unreachable"} 2',
      'volcano_errors_total{code="headers_too_large",source="client"} 1',
      'volcano_requests_total{model="other",door="none",status_class="4xx",outcome="refused"} 1',
      "volcano_config_reload_failures_total 1",
      "volcano_log_lines_dropped_total 3",
      "volcano_ledger_open_rows 7",
    ]) {
      expect(text.split("\n")).toContain(sample);
    }
    expect(text).toMatch(/^volcano_build_info\{version="[^"]+",node="v[^"]+"\} 1$/m);
    expect(text).toMatch(/^volcano_event_loop_delay_seconds\{quantile="0\.99"\} [0-9.e-]+$/m);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
  });

  test("requests in the house are those that began and have neither ended nor been skipped", async () => {
    const metrics = open();
    for (let index = 0; index < 3; index++) metrics.requestStarted();
    metrics.requestEnded(requestRecord());
    metrics.requestSkipped();
    expect(await samples(metrics, "volcano_inflight_requests")).toEqual(["volcano_inflight_requests 1"]);
  });

  test("looking twice counts nothing twice", async () => {
    const metrics = open();
    metrics.requestEnded(requestRecord());
    const first = await samples(metrics, "volcano_requests_total");
    expect(await samples(metrics, "volcano_requests_total")).toEqual(first);
  });

  test("two gateways in one process count apart", async () => {
    const [one, other] = [open(), open()];
    one.requestEnded(requestRecord());
    expect(await samples(other, "volcano_requests_total")).toEqual([]);
  });
});

describe("series stay few", () => {
  test("the first 50 aliases have a label, the rest and all other names are `other`", async () => {
    const aliases = Array.from({ length: 60 }, (_, index) => `alias-${index}`);
    const metrics = open({ models: aliases });
    for (const modelLabel of [...aliases, "never-configured", "__proto__"]) {
      metrics.requestEnded(requestRecord({ modelLabel }));
    }
    const requests = await samples(metrics, "volcano_requests_total");
    expect(requests).toHaveLength(51);
    expect(requests.at(-1)).toBe(
      'volcano_requests_total{model="other",door="chat",status_class="2xx",outcome="ok"} 12',
    );
  });

  test("a new configuration's aliases take the places of the old ones", async () => {
    const metrics = open();
    metrics.requestEnded(requestRecord({ modelLabel: "deepseek-v3" }));
    metrics.requestEnded(requestRecord({ modelLabel: "deepseek-r1" }));
    metrics.setModels(["deepseek-r1", "fast"]);
    for (const modelLabel of ["deepseek-r1", "fast", "deepseek-v3"]) {
      metrics.requestEnded(requestRecord({ modelLabel }));
    }
    expect(await samples(metrics, "volcano_request_duration_seconds_count")).toEqual(
      expect.arrayContaining([
        'volcano_request_duration_seconds_count{model="deepseek-r1"} 2',
        'volcano_request_duration_seconds_count{model="fast"} 1',
        'volcano_request_duration_seconds_count{model="other"} 1',
      ]),
    );
    expect((await samples(metrics, "volcano_")).join("\n")).not.toContain("deepseek-v3");
  });

  test("Ark's codes: a hundred beside the catalogue's, the rest `other`, and nothing unprintable", async () => {
    const metrics = open();
    const odd = ['a"} 1\nforged{x="', "x".repeat(129), "豆包", ""];
    const codes = [
      ...odd,
      ...Array.from({ length: 150 }, (_, index) => `Ark.Code${index}`),
      ...Object.keys(catalogue),
    ];
    for (const errorCode of codes)
      metrics.requestEnded(requestRecord({ errorCode, errorSource: "upstream" }));
    const errors = await samples(metrics, "volcano_errors_total");
    expect(errors).toHaveLength(100 + Object.keys(catalogue).length + 1);
    expect(errors).toContain('volcano_errors_total{code="other",source="upstream"} 54');
    expect(await metrics.render()).not.toContain("forged");
  });

  test("the worst that clients can do is small and quick to look at", async () => {
    const aliases = Array.from({ length: 50 }, (_, index) => `alias-${index}`);
    const metrics = open({ models: aliases });
    for (const modelLabel of aliases) metrics.requestEnded(requestRecord({ modelLabel }));
    for (let index = 0; index < 100_000; index++) {
      const name = `model ${index} \n"}`;
      metrics.requestEnded(
        requestRecord({ modelLabel: name, alias: name, errorCode: name, errorSource: "upstream" }),
      );
      metrics.attemptEnded(`ark/${index}`, "ok");
    }
    await metrics.render();
    const started = performance.now();
    const text = await metrics.render();
    expect(performance.now() - started).toBeLessThan(50);
    expect(text.length).toBeLessThan(1_000_000);
    expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length).toBeLessThan(
      2_000,
    );
  });

  test("who asks too often in a second gets the last answer again", async () => {
    const metrics = open();
    const texts: string[] = [];
    const started = Math.floor(performance.now() / 1000);
    for (let index = 0; index < 21; index++) {
      metrics.requestEnded(requestRecord());
      texts.push((await samples(metrics, "volcano_requests_total")).join());
    }
    const isOneSecond = Math.floor(performance.now() / 1000) === started;
    expect(new Set(texts).size).toBe(isOneSecond ? 20 : 21);
  });
});
