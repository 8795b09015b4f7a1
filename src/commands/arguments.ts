/** Reads the command line: which command with which flags, a call for help, or what is wrong with it. */
import { parseArgs } from "node:util";
import { nearestName } from "../core/nearest-name.ts";
import {
  type CommandGroup,
  type CommandName,
  commandGroups,
  commandNames,
  commandOf,
  commandsOf,
  type HelpTopic,
  type Named,
} from "./command-names.ts";
import {
  type Flags,
  flagKinds,
  flagNames,
  flagShape,
  flagsOf,
  isFlag,
  neededFlagsOf,
  type Operand,
  operandOf,
  propertyOf,
  readFlag,
} from "./flags.ts";

export type UsageFault =
  | { readonly kind: "unknown-command"; readonly name: string; readonly nearest: string | null }
  | { readonly kind: "verb-missing"; readonly group: CommandGroup }
  | { readonly kind: "unknown-flag"; readonly name: string; readonly nearest: string | null }
  | { readonly kind: "foreign-flag"; readonly name: string; readonly command: CommandName }
  | { readonly kind: "flag-missing"; readonly shape: string; readonly command: CommandName }
  | { readonly kind: "value-missing"; readonly name: string }
  | { readonly kind: "value-unwanted"; readonly name: string }
  | {
      readonly kind: "not-a-number";
      readonly name: string;
      readonly least: number;
      readonly most: number;
    }
  | { readonly kind: "flags-clash"; readonly names: readonly [string, string] }
  | { readonly kind: "operand-missing"; readonly operand: Operand; readonly command: CommandName }
  | { readonly kind: "too-many-words"; readonly word: string };

export type CommandLine =
  | {
      readonly kind: "run";
      readonly command: CommandName;
      readonly flags: Flags;
      /** Beside the flags, for the command that wants one. */
      readonly operand?: string;
    }
  | { readonly kind: "help"; readonly topic: HelpTopic | null }
  | { readonly kind: "version" }
  | { readonly kind: "usage"; readonly fault: UsageFault; readonly topic: HelpTopic | null };

type OptionKind = { readonly type: "boolean" | "string"; readonly short?: string };

const options: { readonly [name: string]: OptionKind } = {
  ...Object.fromEntries(
    flagNames.map((name) => [name, { type: flagKinds[name].takes === "nothing" ? "boolean" : "string" }]),
  ),
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
};

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
};

function faultOf(token: OptionToken): UsageFault | null {
  const { name, rawName, value } = token;
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const nearest = nearestName(name, Object.keys(options));
    return { kind: "unknown-flag", name: rawName, nearest: nearest === null ? null : `--${nearest}` };
  }
  if (option.type === "boolean")
    return value === undefined ? null : { kind: "value-unwanted", name: rawName };
  // `--host --port 1` has forgotten a value; one that begins with a hyphen is written `--host=-x`.
  const isMissing =
    value === undefined || value === "" || (token.inlineValue !== true && value.startsWith("-"));
  return isMissing ? { kind: "value-missing", name: rawName } : null;
}

/** What somebody could have meant, after a group's name one of its commands. */
function nearestCommand({ name, group }: Extract<Named, { kind: "unknown" }>): string | null {
  return nearestName(name, group === null ? [...commandNames, ...commandGroups] : commandsOf(group));
}

function readFlags(tokens: readonly OptionToken[]): Flags | UsageFault {
  const flags: Record<string, string | number | boolean> = {};
  for (const { name, rawName, value = "" } of tokens) {
    if (!isFlag(name)) continue;
    const reading = readFlag(name, value);
    if (reading.kind === "not-a-number") return { ...reading, name: rawName };
    flags[propertyOf(name)] = reading.value;
  }
  const isTorn = flags["json"] === true && flags["csv"] === true;
  return isTorn ? { kind: "flags-clash", names: ["--json", "--csv"] } : flags;
}

/** What stands beside the command's name, held against what the command takes. */
function runOf(
  command: CommandName,
  rest: readonly string[],
  tokens: readonly OptionToken[],
): Extract<CommandLine, { kind: "run" }> | UsageFault {
  const wanted = operandOf[command];
  const [operand, unexpected] = wanted === undefined ? [undefined, ...rest] : rest;
  if (unexpected !== undefined) return { kind: "too-many-words", word: unexpected };
  if (wanted !== undefined && operand === undefined) {
    return { kind: "operand-missing", operand: wanted, command };
  }
  const foreign = tokens.find((token) => !flagsOf[command].some((flag) => flag === token.name));
  if (foreign !== undefined) return { kind: "foreign-flag", name: foreign.rawName, command };
  const missing = neededFlagsOf[command]?.find((flag) => !tokens.some((token) => token.name === flag));
  if (missing !== undefined) return { kind: "flag-missing", shape: flagShape(missing, command), command };
  const flags = readFlags(tokens);
  if ("kind" in flags) return flags;
  return { kind: "run", command, flags, ...(operand === undefined ? {} : { operand }) };
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
  const named = commandOf(positionals);
  const topic = topicOf(named);
  const wrong = (fault: UsageFault): CommandLine => ({ kind: "usage", fault, topic });

  for (const token of optionTokens) {
    const fault = faultOf(token);
    if (fault !== null) return wrong(fault);
  }
  if (named.kind === "unknown") {
    return wrong({ kind: "unknown-command", name: named.name, nearest: nearestCommand(named) });
  }
  if (optionTokens.some((token) => token.name === "help")) {
    return { kind: "help", topic: positionals.length === 0 ? null : topic };
  }
  if (optionTokens.some((token) => token.name === "version")) return { kind: "version" };
  if (named.kind === "group") return wrong({ kind: "verb-missing", group: named.group });
  const run = runOf(named.command, named.rest, optionTokens);
  return run.kind === "run" ? run : wrong(run);
}

function topicOf(named: Named): HelpTopic | null {
  switch (named.kind) {
    case "command":
      return named.command;
    case "group":
      return named.group;
    case "unknown":
      return named.group;
  }
}
