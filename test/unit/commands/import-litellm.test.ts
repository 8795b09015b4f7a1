/** Proves what becomes of a LiteLLM configuration: what is taken over, what is not and why, and no secret. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { importLiteLlm } from "../../../src/commands/import-litellm.ts";
import type { Config } from "../../../src/config/config.ts";
import type { Environment } from "../../../src/config/substitution.ts";
import { run } from "../../../src/main.ts";
import { good } from "../config/reading.ts";
import { invocationOf, surroundings } from "./recorded-run.ts";

type Imported = { readonly code: number; readonly yaml: string; readonly told: readonly string[] };

async function imported(text: string, environment: Environment = {}): Promise<Imported> {
  const invocation = invocationOf("import litellm", {}, environment);
  writeFileSync(join(invocation.workingFolder, "litellm.yaml"), text);
  const code = await importLiteLlm({ ...invocation, operand: "litellm.yaml" });
  return { code, yaml: invocation.standardOutput.text, told: invocation.standardError.lines };
}

/** What the written file resolves to, once its variables are set. */
async function configOf(text: string, environment: Environment = {}): Promise<Config> {
  const { yaml } = await imported(text, environment);
  const keys = { ARK_API_KEY: "k", ARK_API_KEY_2: "k2", OPENAI_API_KEY: "o", TEAM_A: "a", ...environment };
  return good(yaml, keys).config;
}

const ARK = "https://ark.cn-beijing.volces.com/api/v3";
const entry = (name: string, parameters: string, more = "") =>
  `  - { model_name: ${name}, litellm_params: { ${parameters} }${more} }`;
const list = (...entries: string[]) => `model_list:\n${entries.join("\n")}\n`;

const WHOLE = `
model_list:
  - model_name: deepseek-v3
    litellm_params:
      model: volcengine/ep-20260101000000-aaaaa
      api_key: os.environ/TEAM_A
      rpm: 100
      tpm: "200000"
      max_parallel_requests: 10
      timeout: 600
      input_cost_per_token: 3.0e-07
      output_cost_per_token: 9e-7
    model_info: { mode: chat, base_model: volcengine/deepseek-v4-flash-ga-260731 }
  - model_name: deepseek-v3
    litellm_params: { model: volcengine/ep-20260101000000-bbbbb, api_key: os.environ/TEAM_B }
  - model_name: doubao
    litellm_params:
      model: openai/doubao-seed-2-0-lite-260428
      api_base: ${ARK}/chat/completions
      api_key: 1234567890-the-secret
  - model_name: gpt-4o
    litellm_params: { model: azure/gpt-4o, api_base: https://me.openai.azure.com, api_key: os.environ/AZURE }
router_settings:
  routing_strategy: least-busy
  model_group_alias: { gpt-4: doubao, chat: { model: deepseek-v3, hidden: true }, lost: nothing }
general_settings:
  master_key: sk-1234-the-master
  global_max_parallel_requests: 50
litellm_settings: { drop_params: yes, success_callback: [langfuse] }
`;

describe("a whole file", () => {
  test("resolves to what LiteLLM had of Ark", async () => {
    const config = await configOf(WHOLE);
    expect(config.auth.mode).toBe("keys");
    expect(
      config.models.map(({ alias, targets: [target] }) => [alias, target?.upstream, target?.model]),
    ).toEqual([
      ["deepseek-v3", "ark", "ep-20260101000000-aaaaa"],
      ["doubao", "ark-2", "doubao-seed-2-0-lite-260428"],
      ["gpt-4", "ark-2", "doubao-seed-2-0-lite-260428"],
      ["chat", "ark", "ep-20260101000000-aaaaa"],
    ]);
    const [v3, doubao] = config.models;
    expect(v3?.limits).toMatchObject({ requestsPerMinute: 100, tokensPerMinute: 200_000, concurrent: 10 });
    expect(v3?.price?.version).toMatch(/^ark-/);
    expect(doubao?.limits).toMatchObject({ requestsPerMinute: null, budgets: [] });
    expect(config.limits.total.concurrent).toBe(50);
    expect(config.defaultModel).toBeNull();
    expect(config.passthroughModels).toEqual([]);
    // ARK_API_KEY in the environment stands for the first upstream, so the one that it is for comes first.
    expect(config.upstreams).toEqual([
      {
        name: "ark-2",
        kind: "ark",
        baseUrl: ARK,
        anthropicBaseUrl: ARK.replace("v3", "compatible"),
        apiKeys: ["k"],
      },
      {
        name: "ark",
        kind: "ark",
        baseUrl: ARK,
        anthropicBaseUrl: ARK.replace("v3", "compatible"),
        apiKeys: ["a"],
      },
    ]);
  });

  test("says in comments what is not taken over, and why", async () => {
    const { code, yaml, told } = await imported(WHOLE);
    expect(code).toBe(0);
    const comments = yaml
      .split("\n")
      .filter((line) => line.trimStart().startsWith("#"))
      .join("\n");
    for (const words of [
      '#   "deepseek-v3" ("volcengine/ep-20260101000000-bbbbb"): a further deployment of this name',
      '#   "gpt-4o" ("azure/gpt-4o"): another provider than Ark',
      '#   "lost" ("nothing"): another name for what is not taken over',
      "# the file spells this key out, and it is not copied",
      '# not taken over: "timeout"',
      "in USD: { input: 0.3, output: 0.9 }",
      '#   "general_settings.master_key": VOLCANO_PROXY_ADMIN_KEY opens the admin API',
      '#   "router_settings.routing_strategy": an alias has one target',
      '#   "litellm_settings.success_callback"',
    ]) {
      expect(comments).toContain(words);
    }
    expect(told).toEqual([
      "2 of 4 entries of model_list are taken over; the comments say why not the others.",
      "Set before you start: ARK_API_KEY, TEAM_A.",
    ]);
  });

  test("no secret is written, in whichever language", async () => {
    for (const environment of [{}, { LANG: "zh_CN.UTF-8" }]) {
      const { yaml, told } = await imported(WHOLE, environment);
      expect(yaml + told.join("\n")).not.toMatch(/secret|sk-1234|the-master/);
      expect(yaml).toContain(`api_keys: \${TEAM_A}`);
    }
    expect((await imported(WHOLE, { LANG: "zh_CN.UTF-8" })).yaml).toContain("未导入：");
  });
});

describe("which entries are ours", () => {
  const aliases = async (...entries: string[]) =>
    (await configOf(list(...entries), { SET: ARK, ELSEWHERE: "https://api.example/v1" })).models.map(
      ({ alias }) => alias,
    );

  test.each([
    ["volcengine, without a base", entry("a", "model: volcengine/ep-1")],
    [
      "volcengine, behind a host of one's own",
      entry("a", "model: volcengine/ep-1, api_base: 'https://mine.example'"),
    ],
    ["openai with Ark's base", entry("a", `model: openai/ep-1, api_base: '${ARK}'`)],
    ["base_url is api_base", entry("a", `model: openai/ep-1, base_url: '${ARK}/'`)],
    ["Ark abroad", entry("a", "model: openai/m, api_base: 'https://ark.ap-southeast.bytepluses.com/api/v3'")],
    ["the provider beside the model", entry("a", `model: ep-1, custom_llm_provider: volcengine`)],
    ["a base in the environment", entry("a", "model: openai/ep-1, api_base: os.environ/SET")],
  ])("%s", async (_what, text) => {
    expect(await aliases(text)).toEqual(["a"]);
  });

  test.each([
    [entry("a", "model: openai/gpt-4o"), "its api_base is not Ark's"],
    [entry("a", "model: openai/x, api_base: 'https://ark.example/api/v3'"), "its api_base is not Ark's"],
    [entry("a", "model: openai/x, api_base: os.environ/ELSEWHERE"), "its api_base is not Ark's"],
    [
      entry("a", "model: openai/x, api_base: os.environ/UNSET"),
      "its api_base is in UNSET, which is not set here",
    ],
    [entry("a", "model: volcengine/x, api_base: 'https://u:secret@h.example'"), "is no http(s) URL"],
    [entry("a", "model: gpt-4o"), "another provider than Ark"],
    [entry("a", "model: 'volcengine/*'"), "a pattern for models"],
    [entry("'*'", "model: 'volcengine/*'"), "a pattern for models"],
    [entry("a b", "model: volcengine/x"), "a name here is 1 to 256"],
    [entry("豆包", "model: volcengine/x"), "a name here is 1 to 256"],
    [entry("a#1", "model: volcengine/x"), "a name here is 1 to 256"],
    [entry("__proto__", "model: volcengine/x"), "a name here is 1 to 256"],
    [entry("a", "model: 'volcengine/x y'"), "a model is 1 to 256"],
    [entry("a", "model: volcengine/x", ", model_info: { mode: embedding }"), "its mode is not chat"],
    [entry("a", "rpm: 1"), "without model_name or"],
    ["  - model_name: a", "without model_name or"],
    ["  - 5", "without model_name or"],
  ])("not %s", async (text, reason) => {
    const environment = { ELSEWHERE: "https://api.example/v1" };
    const { code, yaml, told } = await imported(list(text), environment);
    expect(code).toBe(1);
    expect(yaml).toContain(reason);
    expect(yaml).not.toContain("secret");
    expect(told[0]).toContain("0 of 1 entries");
    expect(good(yaml).config.models).toEqual([]);
  });

  test("an entry of another provider does not stand in the way of ours with the same name", async () => {
    expect(await aliases(entry("a", "model: azure/x"), entry("a", "model: volcengine/ep-1"))).toEqual(["a"]);
  });
});

describe("keys", () => {
  test("each has an upstream of its own; a second secret has a variable of its own", async () => {
    const text = list(
      entry("a", "model: volcengine/ep-1, api_key: one-secret"),
      entry("b", "model: volcengine/ep-2, api_key: other-secret"),
      entry("c", "model: volcengine/ep-3, api_key: one-secret"),
      entry("d", "model: volcengine/ep-4, api_key: os.environ/TEAM_A"),
    );
    const { upstreams, models } = await configOf(text);
    expect(upstreams.map(({ name, apiKeys }) => [name, ...apiKeys])).toEqual([
      ["ark", "k"],
      ["ark-2", "k2"],
      ["ark-3", "a"],
    ]);
    expect(models.map(({ targets }) => targets[0]?.upstream)).toEqual(["ark", "ark-2", "ark", "ark-3"]);
  });

  test("a secret does not take the variable that another entry refers to", async () => {
    const text = list(
      entry("a", "model: volcengine/ep-1, api_key: one-secret"),
      entry("b", "model: volcengine/ep-2, api_key: os.environ/ARK_API_KEY"),
      entry("c", "model: volcengine/ep-3"),
    );
    const { models, upstreams } = await configOf(text);
    expect(models.map(({ targets }) => targets[0]?.upstream)).toEqual(["ark", "ark-2", "ark-2"]);
    expect(upstreams.map(({ name, apiKeys }) => [name, ...apiKeys])).toEqual([
      ["ark-2", "k"],
      ["ark", "k2"],
    ]);
  });

  test("a reference that is none of ours counts as a secret", async () => {
    const { yaml } = await imported(list(entry("a", "model: volcengine/ep-1, api_key: os.environ/MY-KEY")));
    expect(yaml).toContain("it is not copied");
    expect(yaml).not.toContain("MY-KEY");
  });
});

test("texts that mean something to us are quoted, and comments stay comments", async () => {
  const dollar = "$";
  const text = list(
    entry('"true"', `model: "volcengine/a${dollar}${dollar}{HOME}"`),
    entry('"x\\nauth: { mode: passthrough }"', "model: azure/x"),
    entry("b", `model: "volcengine/a:b,c]#d"`),
  );
  const { yaml } = await imported(text);
  expect(yaml.split("\n").filter((line) => line.startsWith("auth:"))).toEqual(["auth: { mode: keys }"]);
  const config = await configOf(text);
  expect(config.models.map(({ alias, targets }) => [alias, targets[0]?.model])).toEqual([
    ["true", `a${dollar}${dollar}{HOME}`],
    ["b", "a:b,c]#d"],
  ]);
});

test("limits that are none are told", async () => {
  const text = list(entry("a", "model: volcengine/ep-1, rpm: 0, tpm: 1.5, max_parallel_requests: 3"));
  const { yaml } = await imported(text);
  expect(yaml).toContain("# not a limit as it stands: rpm, tpm");
  expect((await configOf(text)).models[0]?.limits).toMatchObject({
    requestsPerMinute: null,
    tokensPerMinute: null,
    concurrent: 3,
  });
});

describe("files that cannot be read", () => {
  test.each([
    ["model_list: [", "litellm.yaml:1: this is not YAML"],
    ["general_settings: {}", "litellm.yaml has no model_list"],
    ["", "litellm.yaml has no model_list"],
    [`a: &a [${"[".repeat(5)}${"]".repeat(5)}]\nb: *c`, "this is not YAML"],
    [`${"[".repeat(100_000)}`, "this is not YAML"],
  ])("%#", async (text, problem) => {
    const { code, yaml, told } = await imported(text);
    expect({ code, yaml }).toEqual({ code: 1, yaml: "" });
    expect(told[0]).toContain(problem);
  });

  test("one that is missing, or is a folder, or is too large", async () => {
    const around = surroundings();
    expect(await run(["import", "litellm", "nowhere.yaml"], around)).toBe(1);
    expect(await run(["import", "litellm", "."], around)).toBe(1);
    writeFileSync(join(around.workingFolder, "large.yaml"), Buffer.alloc(1_048_577, "#"));
    expect(await run(["import", "litellm", "large.yaml"], around)).toBe(1);
    expect(around.standardError.lines).toEqual([
      "nowhere.yaml cannot be read (ENOENT); check its name, owner and permissions.",
      ". cannot be read (EISDIR); check its name, owner and permissions.",
      "large.yaml is larger than 1048576 bytes.",
    ]);
  });
});
