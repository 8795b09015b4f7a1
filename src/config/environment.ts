/** Reads the settings that environment variables and command line flags give; both beat the file. */
import { z } from "zod";
import { type LogLevel, logLevels } from "./config.ts";
import { defaults } from "./defaults.ts";
import { expectations, expecting } from "./expectations.ts";
import { FROM_COMMAND_LINE, FROM_ENVIRONMENT, type Place, type Problem, problemAt } from "./problem.ts";
import { aliasSchema, hostSchema, portSchema, upstreamModelSchema } from "./schema.ts";
import type { Environment } from "./substitution.ts";
import { apiKeysSchema, baseUrlSchema, splitKeys } from "./upstream-schemas.ts";

/** Every variable that the gateway reads, in the order in which the documentation lists them. */
export const environmentVariables = [
  { name: "PORT", setting: "server.port", meaning: "The port for clients." },
  { name: "HOST", setting: "server.host", meaning: "Where clients reach the gateway." },
  { name: "CONTROL_PORT", setting: "control.port", meaning: "The port of the control plane." },
  { name: "CONTROL_HOST", setting: "control.host", meaning: "Where the control plane listens." },
  { name: "ARK_BASE_URL", setting: "base_url of the first upstream", meaning: "Ark's data plane." },
  {
    name: "ARK_API_KEY",
    setting: "api_keys of the first upstream",
    meaning:
      "The gateway's own Ark keys, separated by commas. Unset: each caller's own Ark key is passed on.",
  },
  {
    name: "VOLCANO_PROXY_MODELS",
    setting: "models",
    meaning: "Aliases without a file: `deepseek-v3=ep-...,fast=doubao-seed-2-0-lite-260428`.",
  },
  { name: "VOLCANO_PROXY_CONFIG", setting: null, meaning: "The configuration file." },
  {
    name: "VOLCANO_PROXY_DATA",
    setting: null,
    meaning:
      "The folder of the ledger; it holds one gateway at a time. Default: `data` in the working folder.",
  },
  {
    name: "VOLCANO_PROXY_ADMIN_KEY",
    setting: null,
    meaning:
      "Opens the admin API: 16 to 256 visible ASCII characters. Unset: the first start makes one and shows it once.",
  },
  {
    name: "VOLCANO_PROXY_READ_KEY",
    setting: null,
    meaning:
      "Opens the admin API for reading: of the admin key's form, and not the admin key. Unset: there is none.",
  },
  { name: "LOG_LEVEL", setting: null, meaning: `One of ${logLevels.join(", ")}.` },
  { name: "LOG_FORMAT", setting: null, meaning: "`json`, or `pretty` for people." },
] as const;

export type VariableName = (typeof environmentVariables)[number]["name"];

/** The flags that stand for settings. */
export type ConfigFlags = {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly controlPort?: number | undefined;
  readonly config?: string | undefined;
};

export type Override<Value> = { readonly value: Value; readonly place: Place };

export type Overrides = {
  readonly port: Override<number> | null;
  readonly host: Override<string> | null;
  readonly controlPort: Override<number> | null;
  readonly controlHost: Override<string> | null;
  readonly baseUrl: Override<string> | null;
  readonly apiKeys: Override<readonly string[]> | null;
  /** Model by alias. */
  readonly models: Override<ReadonlyMap<string, string>> | null;
  /** As it was written: relative to the working folder, or absolute. */
  readonly dataFolder: Override<string> | null;
  readonly adminKey: Override<string> | null;
  readonly readKey: Override<string> | null;
  readonly logLevel: LogLevel;
  readonly logFormat: "json" | "pretty";
};

const logLevelSchema = z.enum(logLevels);
const logFormatSchema = z.enum(["json", "pretty"]);
expectations.add(logLevelSchema, {
  en: `one of ${logLevels.join(", ")}`,
  zh: `以下之一：${logLevels.join("、")}`,
});
expectations.add(logFormatSchema, { en: "json or pretty", zh: " json 或 pretty" });

const dataFolderSchema = expecting(z.string().regex(/^[^\0]{1,4096}$/), "the path of a folder", "文件夹路径");
const adminKeySchema = expecting(
  z.string().regex(/^[\x21-\x7e]{16,256}$/),
  "16 to 256 visible ASCII characters without blanks",
  " 16 到 256 个可见 ASCII 字符，不含空白",
);

const modelsSchema = z.string().transform((text, context) => {
  const models = new Map<string, string>();
  for (const item of text.split(",")) {
    const equals = item.indexOf("=");
    const alias = item.slice(0, Math.max(0, equals)).trim();
    const model = item.slice(equals + 1).trim();
    const isUsable = aliasSchema.safeParse(alias).success && upstreamModelSchema.safeParse(model).success;
    if (equals < 0 || !isUsable || models.has(alias)) {
      context.addIssue("not a list of aliases");
      return z.NEVER;
    }
    models.set(alias, model);
  }
  return models;
});
expectations.add(modelsSchema, {
  en: "alias=model,alias=model with each alias once",
  zh: " 别名=模型,别名=模型，每个别名一次",
});

class OverrideReader {
  readonly #environment: Environment;
  readonly problems: Problem[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  #check<Value>(
    file: string,
    path: string,
    schema: z.ZodType<Value>,
    value: unknown,
  ): Override<Value> | null {
    const place: Place = { file, line: null, column: null, path };
    const result = schema.safeParse(value);
    if (result.success) return { value: result.data, place };
    const expects = expectations.get(schema) ?? { en: "another value", zh: "其他值" };
    this.problems.push(problemAt(place, { kind: "expected", expects }));
    return null;
  }

  /** Null where the variable is unset, empty or wrong; wrong is noted. */
  variable<Value>(
    name: VariableName,
    schema: z.ZodType<Value>,
    convert: (text: string) => unknown,
  ): Override<Value> | null {
    const text = this.#environment[name];
    if (text === undefined || text === "") return null;
    return this.#check(FROM_ENVIRONMENT, name, schema, convert(text));
  }

  /** Null where the flag is not given or wrong; wrong is noted. */
  flag<Value>(name: string, schema: z.ZodType<Value>, value: unknown): Override<Value> | null {
    return value === undefined ? null : this.#check(FROM_COMMAND_LINE, name, schema, value);
  }
}

function asNumber(text: string): unknown {
  return /^\d{1,6}$/.test(text.trim()) ? Number(text) : text;
}

function asText(text: string): string {
  return text.trim();
}

/** A text of nothing but blanks stays as it is, to be refused: a key that is set must be one. */
function asKeys(text: string): string {
  return text.trim() || text;
}

/** What the environment and the flags give; a value that is wrong is a problem and does not count. */
export function readOverrides(
  environment: Environment,
  flags: ConfigFlags,
): { readonly overrides: Overrides; readonly problems: readonly Problem[] } {
  const reader = new OverrideReader(environment);
  const port = reader.variable("PORT", portSchema, asNumber);
  const host = reader.variable("HOST", hostSchema, asText);
  const controlPort = reader.variable("CONTROL_PORT", portSchema, asNumber);
  const apiKeys = reader.variable("ARK_API_KEY", apiKeysSchema, asKeys);
  const overrides: Overrides = {
    port: reader.flag("--port", portSchema, flags.port) ?? port,
    host: reader.flag("--host", hostSchema, flags.host) ?? host,
    controlPort: reader.flag("--control-port", portSchema, flags.controlPort) ?? controlPort,
    controlHost: reader.variable("CONTROL_HOST", hostSchema, asText),
    baseUrl: reader.variable("ARK_BASE_URL", baseUrlSchema, asText),
    apiKeys: apiKeys && { place: apiKeys.place, value: keysOf(apiKeys.value) },
    models: reader.variable("VOLCANO_PROXY_MODELS", modelsSchema, asText),
    dataFolder: reader.variable("VOLCANO_PROXY_DATA", dataFolderSchema, asText),
    adminKey: reader.variable("VOLCANO_PROXY_ADMIN_KEY", adminKeySchema, asKeys),
    readKey: reader.variable("VOLCANO_PROXY_READ_KEY", adminKeySchema, asKeys),
    logLevel: reader.variable("LOG_LEVEL", logLevelSchema, asText)?.value ?? defaults.log.level,
    logFormat: reader.variable("LOG_FORMAT", logFormatSchema, asText)?.value ?? defaults.log.format,
  };
  return { overrides, problems: reader.problems };
}

/** The keys of a setting in either of its forms, each once. */
export function keysOf(setting: string | readonly string[]): readonly string[] {
  return [...new Set(typeof setting === "string" ? splitKeys(setting) : setting)];
}
