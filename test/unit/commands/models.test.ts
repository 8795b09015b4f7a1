/** Proves what `models` prints: the table as it resolves, marks, prices, advice, and JSON for programs. */
import { expect, test } from "vitest";
import { models } from "../../../src/commands/models.ts";
import { displayWidth, layOutTable } from "../../../src/commands/text-layout.ts";
import { invocationOf } from "./recorded-run.ts";

test("the default table marks its examples and names what takes their place", async () => {
  const invocation = invocationOf("models");
  expect(await models(invocation)).toBe(0);
  const { lines, text } = invocation.standardOutput;
  expect(lines[0]).toMatch(/^ALIAS +UPSTREAM\/MODEL +CNY PER MILLION IN\/CACHED\/OUT +CONTEXT +SPEAKS$/);
  expect(lines[1]).toMatch(/^deepseek-r1 \(default\) +ark\/ep-20250218144306-sshj5 \* +- +- +chat$/);
  expect(lines[2]).toContain("Today: deepseek-v4-pro-ga-260813.");
  expect(text).toContain("* Somebody's example");
  expect(text).toContain("VOLCANO_PROXY_MODELS=deepseek-r1=ep-...");
  expect(text).toContain("Other names are served by deepseek-r1.");
});

test("known models have prices, ranges where the length decides, and a window", async () => {
  const aliases = [
    "flat=deepseek-v4-flash-ga-260731",
    "tiers=doubao-seed-2-0-lite-260428",
    "old=doubao-seed-1-8-251228",
    "mine=ep-mine",
  ];
  const invocation = invocationOf("models", {}, { VOLCANO_PROXY_MODELS: aliases.join(",") });
  expect(await models(invocation)).toBe(0);
  const { text } = invocation.standardOutput;
  expect(text).toMatch(
    /^flat +ark\/deepseek-v4-flash-ga-260731 +3 \/ 0\.1 \/ 9 +1024k +chat, responses, messages$/m,
  );
  expect(text).toMatch(
    /^tiers +\S+ +0\.6–1\.8 \/ 0\.12–0\.36 \/ 3\.6–10\.8 +256k +chat, responses, messages$/m,
  );
  expect(text).toMatch(/^old \(retiring\) +/m);
  expect(text).toMatch(/^mine +ark\/ep-mine +- +- +chat$/m);
});

test("in Chinese, with columns that stand under each other", async () => {
  const invocation = invocationOf("models", {}, { LANG: "zh_CN.UTF-8" });
  expect(await models(invocation)).toBe(0);
  const rows = invocation.standardOutput.lines.filter((line) => line.includes("ark/"));
  expect(rows[0]).toContain("deepseek-r1 (默认)");
  const starts = rows.map((row) => displayWidth(row.slice(0, row.indexOf("ark/"))));
  expect(new Set(starts).size).toBe(1);
  expect(invocation.standardOutput.text).toContain("当前可选：deepseek-v4-pro-ga-260813。");
});

test("--json", async () => {
  const invocation = invocationOf("models", { json: true }, { VOLCANO_PROXY_MODELS: "fast=glm-5-2-260617" });
  expect(await models(invocation)).toBe(0);
  const result = JSON.parse(invocation.standardOutput.text);
  expect(result.default_model).toBe("deepseek-r1");
  expect(result.passthrough_models).toContain("ep-*");
  expect(result.models).toHaveLength(5);
  expect(result.models[0]).toMatchObject({
    alias: "deepseek-r1",
    model: "ep-20250218144306-sshj5",
    example: true,
    price_version: null,
    price_cny_per_million: [],
    successors: ["deepseek-v4-pro-ga-260813"],
  });
  expect(result.models[4]).toMatchObject({
    alias: "fast",
    upstream: "ark",
    model: "glm-5-2-260617",
    example: false,
    price_version: "ark-2026-08-27",
    price_cny_per_million: [
      {
        ...{ up_to_input_tokens: null, up_to_output_tokens: null },
        ...{ input: 8, cached_input: 2, output: 28, audio_input: null },
      },
    ],
    fast_price_cny_per_million: [],
    context_tokens: 1_048_576,
    speaks: ["chat", "responses", "messages"],
  });
});

test("--json has what else is listed, and a configured price says that it is one", async () => {
  const aliases =
    "turbo=doubao-seed-2-1-turbo-260628,hear=doubao-seed-2-0-mini-260428,old=doubao-seed-1-8-251228";
  const invocation = invocationOf("models", { json: true }, { VOLCANO_PROXY_MODELS: aliases });
  expect(await models(invocation)).toBe(0);
  const result = JSON.parse(invocation.standardOutput.text);
  expect(result.list_price_version).toBe("ark-2026-08-27");
  const [turbo, hear, old] = result.models.slice(4);
  expect(turbo.fast_price_cny_per_million).toMatchObject([{ input: 6, cached_input: 1.2, output: 30 }]);
  const audio = hear.price_cny_per_million.map((tier: { audio_input: number }) => tier.audio_input);
  expect(audio).toEqual([3, 6, 12]);
  expect(old.price_cny_per_million[0]).toMatchObject({ up_to_output_tokens: 204, output: 2 });
});

test("a broken configuration is told, exit code 1", async () => {
  const invocation = invocationOf("models", {}, { PORT: "x" });
  expect(await models(invocation)).toBe(1);
  expect(invocation.standardError.lines[0]).toMatch(/^error: environment: PORT: expected a port/);
});

test("a Chinese character takes two cells", () => {
  expect(displayWidth("ab")).toBe(2);
  expect(displayWidth("别名a（）")).toBe(9);
  expect(
    layOutTable([
      ["别名", "x"],
      ["abcd", "y"],
      ["a", "z"],
    ]),
  ).toEqual(["别名  x", "abcd  y", "a     z"]);
});
