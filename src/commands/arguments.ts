/** Reads the command line: which command with which flags, a call for help, or what is wrong with it. */
import { parseArgs } from "node:util";
import { nearestName } from "../core/nearest-name.ts";
import { type CommandName, commandNames, type Flags } from "./invocation.ts";

export const flagNames = [
  "port",
  "host",
  "control-port",
  "config",
  "scenario",
  "seed",
  "by",
  "from",
  "to",
  "key",
  "model",
  "columns",
  "json",
  "csv",
] as const;
export type FlagName = (typeof flagNames)[number];

/** The flags of each command, in the order in which help lists them. */
export const flagsOf: { readonly [command in CommandName]: readonly FlagName[] } = {
  serve: ["port", "host", "control-port", "config"],
  demo: ["port"],
  simulate: ["port", "scenario", "seed"],
  check: ["config", "json"],
  models: ["config", "json"],
  usage: ["by", "from", "to", "key", "model", "config", "json", "csv"],
  reconcile: ["columns", "from", "to", "config", "json", "csv"],
  doctor: ["config", "json"],
};

/** What a command wants beside its flags, as help shows it. */
export const wordOf: { readonly [command in CommandName]?: string } = { reconcile: "FILE" };

const PORT_MAX = 65_535;
const SEED_MAX = 4_294_967_295;

export type UsageFault =
  | { readonly kind: "unknown-command"; readonly name: string; readonly nearest: string | null }
  | { readonly kind: "unknown-flag"; readonly name: string; readonly nearest: string | null }
  | { readonly kind: "foreign-flag"; readonly name: string; readonly command: CommandName }
  | { readonly kind: "value-missing"; readonly name: string }
  | { readonly kind: "value-unwanted"; readonly name: string }
  | { readonly kind: "not-a-number"; readonly name: string; readonly max: number }
  | { readonly kind: "flags-clash"; readonly names: readonly [string, string] }
  | { readonly kind: "word-missing"; readonly word: string; readonly command: CommandName }
  | { readonly kind: "too-many-words"; readonly word: string };

export type CommandLine =
  | {
      readonly kind: "run";
      readonly command: CommandName;
      readonly flags: Flags;
      /** Beside the flags, for the command that wants one. */
      readonly file?: string;
    }
  | { readonly kind: "help"; readonly command: CommandName | null }
  | { readonly kind: "version" }
  | { readonly kind: "usage"; readonly fault: UsageFault; readonly command: CommandName | null };

const text = { type: "string" } as const;
const options = {
  port: text,
  host: text,
  "control-port": text,
  config: text,
  scenario: text,
  seed: text,
  by: text,
  from: text,
  to: text,
  key: text,
  model: text,
  columns: text,
  json: { type: "boolean" },
  csv: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
};

function isCommandName(name: string): name is CommandName {
  return commandNames.some((command) => command === name);
}

function isOption(name: string): name is keyof typeof options {
  return Object.hasOwn(options, name);
}

function faultOf(token: OptionToken): UsageFault | null {
  const { name, rawName, value } = token;
  if (!isOption(name)) {
    const nearest = nearestName(name, Object.keys(options));
    return { kind: "unknown-flag", name: rawName, nearest: nearest === null ? null : `--${nearest}` };
  }
  if (options[name].type === "boolean")
    return value === undefined ? null : { kind: "value-unwanted", name: rawName };
  // `--host --port 1` has forgotten a value; one that begins with a hyphen is written `--host=-x`.
  const isMissing =
    value === undefined || value === "" || (token.inlineValue !== true && value.startsWith("-"));
  return isMissing ? { kind: "value-missing", name: rawName } : null;
}

function wholeNumber(value: string, max: number): number | null {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  return number <= max ? number : null;
}

type FlagsReading = { flags: Flags; fault: UsageFault | null };

function readFlags(tokens: readonly OptionToken[]): FlagsReading {
  const flags: { -readonly [name in keyof Flags]: Flags[name] } = {};
  const notANumber = (name: string, max: number): FlagsReading => {
    return { flags, fault: { kind: "not-a-number", name, max } };
  };
  for (const { name, rawName, value = "" } of tokens) {
    switch (name) {
      case "port":
      case "control-port": {
        const port = wholeNumber(value, PORT_MAX);
        if (port === null) return notANumber(rawName, PORT_MAX);
        if (name === "port") flags.port = port;
        else flags.controlPort = port;
        break;
      }
      case "seed": {
        const seed = wholeNumber(value, SEED_MAX);
        if (seed === null) return notANumber(rawName, SEED_MAX);
        flags.seed = seed;
        break;
      }
      case "host":
      case "config":
      case "scenario":
      case "by":
      case "from":
      case "to":
      case "key":
      case "model":
      case "columns":
        flags[name] = value;
        break;
      case "json":
      case "csv":
        flags[name] = true;
        break;
    }
  }
  const isTorn = flags.json === true && flags.csv === true;
  return { flags, fault: isTorn ? { kind: "flags-clash", names: ["--json", "--csv"] } : null };
}

/** Reads the words after the program's name: the first that is no flag is the command, `serve` by default. */
export function readArguments(words: readonly string[]): CommandLine {
  const { tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const optionTokens = tokens.filter((token) => token.kind === "option");
  const positionals = tokens.filter((token) => token.kind === "positional").map((token) => token.value);
  const [name = "serve", ...more] = positionals;
  const command = isCommandName(name) ? name : null;
  const wrong = (fault: UsageFault): CommandLine => ({ kind: "usage", fault, command });

  for (const token of optionTokens) {
    const fault = faultOf(token);
    if (fault !== null) return wrong(fault);
  }
  if (command === null) {
    return wrong({ kind: "unknown-command", name, nearest: nearestName(name, commandNames) });
  }
  if (optionTokens.some((token) => token.name === "help")) {
    return { kind: "help", command: positionals.length === 0 ? null : command };
  }
  if (optionTokens.some((token) => token.name === "version")) return { kind: "version" };
  const wanted = wordOf[command];
  const [file, unexpected] = wanted === undefined ? [undefined, ...more] : more;
  if (unexpected !== undefined) return wrong({ kind: "too-many-words", word: unexpected });
  if (wanted !== undefined && file === undefined) {
    return wrong({ kind: "word-missing", word: wanted, command });
  }
  const foreign = optionTokens.find((token) => !flagsOf[command].some((flag) => flag === token.name));
  if (foreign !== undefined) return wrong({ kind: "foreign-flag", name: foreign.rawName, command });
  const { flags, fault } = readFlags(optionTokens);
  if (fault !== null) return wrong(fault);
  return { kind: "run", command, flags, ...(file === undefined ? {} : { file }) };
}
