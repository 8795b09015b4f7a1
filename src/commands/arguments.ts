/** Reads the command line: which command with which flags, a call for help, or what is wrong with it. */
import { parseArgs } from "node:util";
import { nearestName } from "../core/nearest-name.ts";
import { type CommandName, commandNames, type Flags } from "./invocation.ts";

export const flagNames = ["port", "host", "control-port", "config", "scenario", "seed", "json"] as const;
export type FlagName = (typeof flagNames)[number];

/** The flags of each command, in the order in which help lists them. */
export const flagsOf: { readonly [command in CommandName]: readonly FlagName[] } = {
  serve: ["port", "host", "control-port", "config"],
  demo: ["port"],
  simulate: ["port", "scenario", "seed"],
  check: ["config", "json"],
  models: ["config", "json"],
  doctor: ["config", "json"],
};

const PORT_MAX = 65_535;
const SEED_MAX = 4_294_967_295;

export type UsageFault =
  | { readonly kind: "unknown-command"; readonly name: string; readonly nearest: string | null }
  | { readonly kind: "unknown-flag"; readonly name: string; readonly nearest: string | null }
  | { readonly kind: "foreign-flag"; readonly name: string; readonly command: CommandName }
  | { readonly kind: "value-missing"; readonly name: string }
  | { readonly kind: "value-unwanted"; readonly name: string }
  | { readonly kind: "not-a-number"; readonly name: string; readonly max: number }
  | { readonly kind: "too-many-words"; readonly word: string };

export type CommandLine =
  | { readonly kind: "run"; readonly command: CommandName; readonly flags: Flags }
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
  json: { type: "boolean" },
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
        flags[name] = value;
        break;
      case "json":
        flags.json = true;
        break;
    }
  }
  return { flags, fault: null };
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
  const [unexpected] = more;
  if (unexpected !== undefined) return wrong({ kind: "too-many-words", word: unexpected });
  const foreign = optionTokens.find((token) => !flagsOf[command].some((flag) => flag === token.name));
  if (foreign !== undefined) return wrong({ kind: "foreign-flag", name: foreign.rawName, command });
  const { flags, fault } = readFlags(optionTokens);
  return fault === null ? { kind: "run", command, flags } : wrong(fault);
}
