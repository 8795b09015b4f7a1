/** Proves what `connect` prints, read in each client's own format, and what it refuses. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { clientNames } from "../../../src/commands/connect/client-names.ts";
import { connect } from "../../../src/commands/connect.ts";
import type { Flags } from "../../../src/commands/flags.ts";
import { run } from "../../../src/main.ts";
import { invocationOf, surroundings } from "./recorded-run.ts";

const LITE = "doubao-seed-2-0-lite-260428";
const WINDOW = 262_144;

type Sheet = {
  readonly base_url: string;
  readonly model: string;
  readonly context_tokens: number | null;
  readonly files: readonly { readonly path: string; readonly format: string; readonly text: string }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[] | null;
  readonly snippets: readonly { readonly format: string; readonly text: string }[];
  readonly fields: readonly { readonly label: string; readonly value: string }[];
  readonly notes: readonly string[];
};

const flags: Flags = { model: LITE, key: "sk-vp-mine", json: true };

async function sheetOf(client: string, more: Flags = {}, environment = {}): Promise<Sheet> {
  const invocation = {
    ...invocationOf("connect", { ...flags, ...more }, { HOME: "/home/me", ...environment }),
    operand: client,
  };
  expect([await connect(invocation), invocation.standardError.text]).toEqual([0, ""]);
  return JSON.parse(invocation.standardOutput.text);
}

async function printed(client: string, more: Flags = {}, environment = {}): Promise<string> {
  const asked = { ...invocationOf("connect", more, { HOME: "/home/me", ...environment }), operand: client };
  expect([await connect(asked), asked.standardError.text]).toEqual([0, ""]);
  return asked.standardOutput.text;
}

function textOf(sheet: Sheet, format: string): string {
  const found = [...sheet.files, ...sheet.snippets].find((each) => each.format === format);
  if (found === undefined) throw new Error(`no ${format}`);
  return found.text;
}

describe("the base URL, in each client's spelling", () => {
  test.each([
    ["claude-code", ""],
    ["codex", "/v1"],
    ["opencode", "/v1"],
    ["cline", "/v1"],
    ["qwen-code", "/v1"],
    ["cherry-studio", ""],
    ["lobechat", "/v1"],
    ["open-webui", "/v1"],
    ["dify", "/v1"],
    ["openai", "/v1"],
    ["anthropic", ""],
  ])("%s appends to ...%s", async (client, path) => {
    for (const url of [
      "https://ark.example.com/gate",
      "https://ark.example.com/gate/",
      "https://ark.example.com/gate/v1",
    ]) {
      const sheet = await sheetOf(client, { url });
      expect(sheet.base_url).toBe(`https://ark.example.com/gate${path}`);
      expect(JSON.stringify(sheet)).toContain(sheet.base_url);
      expect(JSON.stringify(sheet)).toContain("sk-vp-mine");
    }
  });

  test("every client of the table is among them, and prints in both languages", async () => {
    for (const client of clientNames) {
      for (const LANG of ["en_US.UTF-8", "zh_CN.UTF-8"]) {
        expect(await printed(client, { model: LITE }, { LANG })).toContain(LITE);
      }
    }
  });
});

describe("the clients' own formats", () => {
  test("Claude Code: JSON, every value of env a text", async () => {
    const sheet = await sheetOf("claude-code");
    expect(sheet.files.map(({ path }) => path)).toEqual(["/home/me/.claude/settings.json"]);
    const { env } = JSON.parse(textOf(sheet, "json"));
    expect(env).toEqual(sheet.environment);
    expect(Object.values(env).every((value) => typeof value === "string")).toBe(true);
    expect(env).toMatchObject({
      ANTHROPIC_BASE_URL: "http://127.0.0.1:5000",
      ANTHROPIC_AUTH_TOKEN: "sk-vp-mine",
      ANTHROPIC_MODEL: LITE,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: LITE,
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: String(WINDOW),
      CLAUDE_CODE_AUTO_COMPACT_WINDOW: String(WINDOW),
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    });
    expect(env).not.toHaveProperty("CLAUDE_CODE_MAX_OUTPUT_TOKENS");
  });

  test("Claude Code is told where a model writes less than it asks for", async () => {
    const { environment } = await sheetOf("claude-code", { model: "doubao-1-5-pro-32k-250115" });
    expect(Number(environment["CLAUDE_CODE_MAX_OUTPUT_TOKENS"])).toBeLessThan(32_000);
  });

  test("Codex: TOML, with the window as a number and the key in the environment", async () => {
    const sheet = await sheetOf("codex");
    expect(parseToml(textOf(sheet, "toml"))).toEqual({
      model: LITE,
      model_provider: "volcano-proxy",
      model_context_window: WINDOW,
      model_providers: {
        "volcano-proxy": {
          name: "volcano-proxy",
          base_url: "http://127.0.0.1:5000/v1",
          env_key: "VOLCANO_PROXY_API_KEY",
          wire_api: "responses",
        },
      },
      analytics: { enabled: false },
      feedback: { enabled: false },
    });
    expect(sheet.environment).toEqual({ VOLCANO_PROXY_API_KEY: "sk-vp-mine" });
    expect(textOf(sheet, "dotenv")).toBe("VOLCANO_PROXY_API_KEY=sk-vp-mine\n");
  });

  test("opencode: JSON, with both figures of the limit; without a key it reads the environment", async () => {
    const settings = JSON.parse(textOf(await sheetOf("opencode"), "json"));
    expect(settings.model).toBe(`volcano-proxy/${LITE}`);
    expect(settings.provider["volcano-proxy"]).toMatchObject({
      npm: "@ai-sdk/openai-compatible",
      options: { baseURL: "http://127.0.0.1:5000/v1", apiKey: "sk-vp-mine" },
      models: { [LITE]: { limit: { context: WINDOW, output: 131_072 }, attachment: true } },
    });
    const text = await printed("opencode", { model: LITE });
    expect(text).toContain('"apiKey": "{env:VOLCANO_PROXY_API_KEY}"');
    expect(text).toContain("export VOLCANO_PROXY_API_KEY=YOUR_ARK_KEY");
  });

  test("Qwen Code: JSON, the model among the providers with its window", async () => {
    const settings = JSON.parse(textOf(await sheetOf("qwen-code"), "json"));
    expect(settings).toMatchObject({
      modelProviders: {
        openai: [
          {
            id: LITE,
            baseUrl: "http://127.0.0.1:5000/v1",
            envKey: "VOLCANO_PROXY_API_KEY",
            generationConfig: { contextWindowSize: WINDOW, toolResultContentFormat: "string" },
          },
        ],
      },
      security: { auth: { selectedType: "openai" } },
      model: { name: LITE },
    });
  });

  test("Cline: the words of its own command", async () => {
    expect((await sheetOf("cline")).command).toEqual(
      `cline auth -p openai -k sk-vp-mine -m ${LITE} -b http://127.0.0.1:5000/v1`.split(" "),
    );
  });

  test("Open WebUI: a compose file, whose variables Compose leaves alone", async () => {
    const compose = parseYaml(textOf(await sheetOf("open-webui", { key: "sk-$HOME" }), "yaml"));
    const service = compose.services["open-webui"];
    expect(service.environment).toMatchObject({
      OPENAI_API_BASE_URL: "http://host.docker.internal:5000/v1",
      OPENAI_API_KEY: "sk-$$HOME",
      DEFAULT_MODELS: LITE,
    });
    expect(service.extra_hosts).toEqual(["host.docker.internal:host-gateway"]);
    const away = parseYaml(textOf(await sheetOf("open-webui", { url: "https://ark.example.com" }), "yaml"));
    expect(away.services["open-webui"]).not.toHaveProperty("extra_hosts");
    expect(away.services["open-webui"].environment.OPENAI_API_BASE_URL).toBe("https://ark.example.com/v1");
  });

  test("LobeChat: its list of models, with the window and what the model can", async () => {
    const { environment } = await sheetOf("lobechat");
    expect(environment["OPENAI_MODEL_LIST"]).toBe(`-all,+${LITE}=${LITE}<${WINDOW}:fc:vision>`);
    // A comma would cut the list.
    expect((await sheetOf("lobechat", { model: "doubao-a,b" })).environment).not.toHaveProperty(
      "OPENAI_MODEL_LIST",
    );
  });

  test("Dify and Cherry Studio: what to type", async () => {
    const values = Object.fromEntries(
      (await sheetOf("dify")).fields.map(({ label, value }) => [label, value]),
    );
    expect(values).toMatchObject({
      "API endpoint URL": "http://host.docker.internal:5000/v1",
      "context size": String(WINDOW),
      "upper bound for max tokens": "131072",
      "vision support": "Support",
    });
    const cherry = (await sheetOf("cherry-studio")).fields.map(({ value }) => value);
    expect(cherry).toContain("http://127.0.0.1:5000");
  });

  test.each(["openai", "anthropic"])(
    "the %s SDK: programs that parse, whatever the model is called",
    async (client) => {
      const model = 'doubao-"\\$x';
      const sheet = await sheetOf(client, { model });
      const javascript = textOf(sheet, "javascript");
      // The parser of Node's own type stripper refuses what is no module.
      expect(stripTypeScriptTypes(javascript)).toBe(javascript);
      expect(javascript).toContain(`model: ${JSON.stringify(model)},`);
      expect(textOf(sheet, "python")).toContain(`model=${JSON.stringify(model)},`);
    },
  );

  test("what is printed for a shell is what a shell reads", async () => {
    const key = "a'b\"c$HOME`id`\\!";
    const text = await printed("claude-code", { model: LITE, key });
    const lines = text.split("\n").filter((line) => line.startsWith("export "));
    const script = `${lines.join("\n")}\nprintf '%s' "$ANTHROPIC_AUTH_TOKEN"`;
    const env = { PATH: process.env["PATH"] ?? "" };
    expect(execFileSync("sh", ["-c", script], { encoding: "utf8", env })).toBe(key);
  });
});

describe("the model", () => {
  test("is the default one, else the first alias; an example and an unknown window are told", async () => {
    expect(await printed("dify")).toContain("The endpoint behind deepseek-r1 is somebody's example");
    const own = { VOLCANO_PROXY_MODELS: "deepseek-r1=ep-mine" };
    expect(await printed("codex", {}, own)).toMatch(/What stands behind deepseek-r1 is not known/);
    expect((await sheetOf("openai", { model: "ep-mine" })).context_tokens).toBeNull();
  });

  test("an alias has the window of what stands behind it", async () => {
    const environment = { VOLCANO_PROXY_MODELS: `fast=${LITE}` };
    expect(await sheetOf("codex", { model: "fast" }, environment)).toMatchObject({
      model: "fast",
      context_tokens: WINDOW,
    });
  });

  test("a name that falls back is told, and has the default's window", async () => {
    const environment = { VOLCANO_PROXY_MODELS: `deepseek-r1=${LITE}` };
    const sheet = await sheetOf("codex", { model: "gpt-5" }, environment);
    expect(sheet.context_tokens).toBe(WINDOW);
    expect(sheet.notes.join()).toContain("gpt-5 is no alias here: deepseek-r1 would answer");
  });
});

describe("what Codex wants of Responses", () => {
  const hint = '"compat: openai"';

  test("is told where Ark answers them and leaves fields out, and nowhere else", async () => {
    expect(await printed("codex", { model: LITE })).toContain(hint);
    const folder = surroundings().workingFolder;
    const file = join(folder, "c.yaml");
    const models = `filled: { targets: [{ model: ${LITE} }], compat: openai }\n  chat: { targets: [{ model: ${LITE} }], speaks: [chat] }`;
    writeFileSync(file, `models:\n  bare: ${LITE}\n  ${models}\n`);
    expect(await printed("codex", { model: "bare", config: file })).toContain(hint);
    for (const model of ["filled", "chat"]) {
      expect(await printed("codex", { model, config: file })).not.toContain(hint);
    }
    expect(await printed("opencode", { model: "bare", config: file })).not.toContain(hint);
    writeFileSync(file, "compat: openai\n");
    expect(await printed("codex", { model: LITE, config: file })).not.toContain(hint);
  });
});

describe("the key", () => {
  test("without one a word stands for it, which says whose it is", async () => {
    expect(await printed("openai")).toContain("YOUR_ARK_KEY stands for your Ark key");
    const held = await printed("openai", {}, { ARK_API_KEY: "ark-secret" });
    expect(held).toContain("YOUR_GATEWAY_KEY stands for a key of the gateway");
    expect(held).not.toContain("ark-secret");
  });
});

describe("what is refused", () => {
  async function refusal(words: readonly string[], environment = {}): Promise<readonly [number, string]> {
    const around = surroundings({ HOME: "/home/me", ...environment });
    const exitCode = await run(["connect", ...words], around);
    expect(around.standardOutput.text).toBe("");
    return [exitCode, around.standardError.lines[0] ?? ""];
  }

  test("a client that is not known, with the nearest that is", async () => {
    expect(await refusal(["codx"])).toEqual([
      2,
      expect.stringContaining("Did you mean codex? They are claude-code,"),
    ]);
    expect(await refusal(["codx"], { LANG: "zh_CN.UTF-8" })).toEqual([
      2,
      expect.stringContaining("是否想用 codex？"),
    ]);
    expect(await refusal(["\u001b[31m"])).toEqual([2, expect.not.stringContaining("\u001b")]);
  });

  test.each(["ftp://a", "a:5000", "http://u:p@a", "http://a/?q=1", "http://a/#f", ""])(
    "the URL %s",
    async (url) => {
      expect((await refusal(["codex", `--url=${url}`]))[0]).toBe(2);
    },
  );

  test.each([
    ["with a blank", "a b"],
    ["that is no ASCII", "ключ"],
    ["of two lines", "a\nb"],
    ["of 4,097 characters", "x".repeat(4_097)],
  ])("a key %s", async (_what, key) => {
    expect((await refusal(["codex", `--key=${key}`]))[0]).toBe(2);
  });

  test("a model's name with control characters, or of 257 characters", async () => {
    expect((await refusal(["codex", "--model=a\nb"]))[0]).toBe(2);
    expect((await refusal(["codex", `--model=ep-${"x".repeat(254)}`]))[0]).toBe(2);
    expect((await sheetOf("codex", { model: `ep-${"x".repeat(253)}` })).model).toHaveLength(256);
    expect((await sheetOf("codex", { key: "x".repeat(4_096) })).model).toBe(LITE);
  });

  test("a model that is not there, where no default would answer", async () => {
    const folder = surroundings().workingFolder;
    const file = join(folder, "c.yaml");
    writeFileSync(file, "default_model: null\n");
    const [exitCode, sentence] = await refusal(["codex", "--model", "deepseek-v33", "--config", file]);
    expect([exitCode, sentence]).toEqual([1, expect.stringContaining("Did you mean deepseek-v3,")]);
  });

  test("a gateway on any free port, where none runs", async () => {
    expect(await refusal(["codex"], { PORT: "0" })).toEqual([
      1,
      expect.stringContaining("Name it with --url"),
    ]);
  });

  test("a broken configuration", async () => {
    expect((await refusal(["codex"], { PORT: "x" }))[0]).toBe(1);
  });
});
