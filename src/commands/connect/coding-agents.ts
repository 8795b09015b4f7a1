/** The coding agents that `connect` knows: one row each. */

import { asItIs, type Client, withVersion } from "./client.ts";
import { connectPhrases } from "./connect-phrases.ts";
import type { Setting, SettingValue } from "./setting.ts";
import { KEY_VARIABLE, type Site } from "./site.ts";

/** How the gateway is called among a client's providers. */
const PROVIDER = "volcano-proxy";

/** What Claude Code asks for by itself; models that write less refuse it. */
const CLAUDE_OUTPUT_TOKENS = 32_000;

/** Its assistants for small and large tasks go by these names. */
const claudeModelVariables = [
  "ANTHROPIC_MODEL",
  "ANTHROPIC_DEFAULT_OPUS_MODEL",
  "ANTHROPIC_DEFAULT_SONNET_MODEL",
  "ANTHROPIC_DEFAULT_HAIKU_MODEL",
  "ANTHROPIC_DEFAULT_FABLE_MODEL",
] as const;

const claudeSwitches = [
  ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"],
  ["DISABLE_TELEMETRY", "1"],
  ["DISABLE_ERROR_REPORTING", "1"],
  // A line that differs from build to build, at the head of every prompt: it would spoil Ark's cache.
  ["CLAUDE_CODE_ATTRIBUTION_HEADER", "0"],
] as const;

/** The window, taken for a million tokens where a model is new to it, and the length of shorter answers. */
function claudeLimits({
  model: { contextTokens, outputTokensMax },
}: Site): readonly (readonly [string, string])[] {
  const window = contextTokens === null ? null : String(contextTokens);
  const isShort = outputTokensMax !== null && outputTokensMax < CLAUDE_OUTPUT_TOKENS;
  return [
    ...(window === null
      ? []
      : [
          ["CLAUDE_CODE_MAX_CONTEXT_TOKENS", window] as const,
          ["CLAUDE_CODE_AUTO_COMPACT_WINDOW", window] as const,
        ]),
    ...(isShort ? [["CLAUDE_CODE_MAX_OUTPUT_TOKENS", String(outputTokensMax)] as const] : []),
  ];
}

const claudeCode: Client = {
  title: "Claude Code",
  baseUrl: asItIs,
  setup: (site, baseUrl) => {
    const named = [
      ["ANTHROPIC_BASE_URL", baseUrl] as const,
      ...claudeModelVariables.map((name) => [name, site.model.name] as const),
      ...claudeLimits(site),
    ];
    const key = ["ANTHROPIC_AUTH_TOKEN", site.keyText] as const;
    const inEnv = (name: string, value: string): Setting => ({ path: ["env", name], value });
    return {
      files: [
        {
          paths: [".claude/settings.json"],
          folderVariable: { name: "CLAUDE_CONFIG_DIR", replaces: 1 },
          format: "json",
          settings: [
            ...named.map(([name, value]) => inEnv(name, value)),
            { ...inEnv(...key), isKey: true },
            ...claudeSwitches.map(([name, value]) => ({ ...inEnv(name, value), isMild: true as const })),
          ],
        },
      ],
      environment: [...named, key, ...claudeSwitches],
      isEnvironmentEnough: true,
    };
  },
};

const codex: Client = {
  title: "Codex",
  baseUrl: withVersion,
  setup: (site, baseUrl) => {
    const { name, contextTokens } = site.model;
    const provider = (member: string, value: SettingValue): Setting => ({
      path: ["model_providers", PROVIDER, member],
      value,
    });
    const window: Setting[] =
      contextTokens === null ? [] : [{ path: ["model_context_window"], value: contextTokens }];
    const folderVariable = { name: "CODEX_HOME", replaces: 1 };
    return {
      files: [
        {
          paths: [".codex/config.toml"],
          folderVariable,
          format: "toml",
          settings: [
            { path: ["model"], value: name },
            { path: ["model_provider"], value: PROVIDER },
            ...window,
            // Any other name than OpenAI's: that one asks for a login.
            provider("name", PROVIDER),
            provider("base_url", baseUrl),
            provider("env_key", KEY_VARIABLE),
            provider("wire_api", "responses"),
            { path: ["analytics", "enabled"], value: false, isMild: true },
            { path: ["feedback", "enabled"], value: false, isMild: true },
          ],
        },
        {
          paths: [".codex/.env"],
          folderVariable,
          format: "dotenv",
          settings: [{ path: [KEY_VARIABLE], value: site.keyText, isKey: true }],
        },
      ],
      environment: [[KEY_VARIABLE, site.keyText]],
      notes: site.model.leavesFieldsOut ? [connectPhrases.wantsFields("Codex", name)] : [],
    };
  },
};

/** Both figures or none: its schema wants both. */
function openCodeModel({ model: { name, contextTokens, outputTokensMax, seesImages } }: Site): SettingValue {
  return {
    name,
    ...(contextTokens === null || outputTokensMax === null
      ? {}
      : { limit: { context: contextTokens, output: outputTokensMax } }),
    ...(seesImages ? { attachment: true, modalities: { input: ["text", "image"], output: ["text"] } } : {}),
  };
}

const openCode: Client = {
  title: "opencode",
  baseUrl: withVersion,
  setup: (site, baseUrl) => {
    const provider = (...path: readonly string[]) => ["provider", PROVIDER, ...path];
    const apiKey: Setting = {
      path: provider("options", "apiKey"),
      value: site.key ?? `{env:${KEY_VARIABLE}}`,
      ...(site.key === null ? {} : { isKey: true }),
    };
    return {
      files: [
        {
          // Where there are both, the first of these wins.
          paths: [".config/opencode/opencode.jsonc", ".config/opencode/opencode.json"],
          folderVariable: { name: "XDG_CONFIG_HOME", replaces: 1 },
          format: "json",
          settings: [
            { path: ["$schema"], value: "https://opencode.ai/config.json", isMild: true },
            { path: ["model"], value: `${PROVIDER}/${site.model.name}` },
            { path: provider("npm"), value: "@ai-sdk/openai-compatible" },
            { path: provider("name"), value: PROVIDER },
            { path: provider("options", "baseURL"), value: baseUrl },
            apiKey,
            { path: provider("models", site.model.name), value: openCodeModel(site) },
            { path: ["share"], value: "disabled", isMild: true },
          ],
        },
      ],
      environment: site.key === null ? [[KEY_VARIABLE, site.keyText]] : [],
    };
  },
};

const cline: Client = {
  title: "Cline",
  baseUrl: withVersion,
  setup: ({ keyText, model }, baseUrl) => ({
    command: ["cline", "auth", "-p", "openai", "-k", keyText, "-m", model.name, "-b", baseUrl],
    environment: [["CLINE_TELEMETRY_DISABLED", "1"]],
  }),
};

const qwenCode: Client = {
  title: "Qwen Code",
  baseUrl: withVersion,
  setup: (site, baseUrl) => {
    const { name, contextTokens } = site.model;
    const entry: SettingValue = {
      id: name,
      name: `${name} (${PROVIDER})`,
      baseUrl,
      envKey: KEY_VARIABLE,
      generationConfig: {
        ...(contextTokens === null ? {} : { contextWindowSize: contextTokens }),
        // Ark takes the result of a tool as a text only.
        toolResultContentFormat: "string",
      },
    };
    const folderVariable = { name: "QWEN_HOME", replaces: 1 };
    return {
      files: [
        {
          paths: [".qwen/settings.json"],
          folderVariable,
          format: "json",
          settings: [
            { path: ["modelProviders", "openai"], value: entry, sameBy: ["id", "envKey"] },
            { path: ["security", "auth", "selectedType"], value: "openai" },
            { path: ["model", "name"], value: name },
            { path: ["privacy", "usageStatisticsEnabled"], value: false, isMild: true },
          ],
        },
        {
          paths: [".qwen/.env"],
          folderVariable,
          format: "dotenv",
          settings: [{ path: [KEY_VARIABLE], value: site.keyText, isKey: true }],
        },
      ],
      environment: [[KEY_VARIABLE, site.keyText]],
    };
  },
};

export const codingAgents = {
  "claude-code": claudeCode,
  codex,
  opencode: openCode,
  cline,
  "qwen-code": qwenCode,
} as const;
