/** What `--help` prints: the commands, and for each one its flags and an example. */
import { environmentVariables } from "../config/environment.ts";
import type { Language, Phrase } from "../core/language.ts";
import {
  type CommandGroup,
  type CommandName,
  commandGroups,
  commandNames,
  commandsOf,
  type HelpTopic,
} from "./command-names.ts";
import { clientNames } from "./connect/client-names.ts";
import { flagShape, flagsOf, type Operand, operandOf } from "./flags.ts";
import { examples, groupSummaries, meanings, ownMeanings, summaries } from "./help-texts.ts";
import { displayWidth } from "./text-layout.ts";

const defaultPorts: { readonly [command in CommandName]?: number } = {
  serve: 5000,
  demo: 5000,
  simulate: 5100,
};

const headings = {
  usage: { en: "Usage:", zh: "用法：" },
  commands: { en: "Commands:", zh: "命令：" },
  flags: { en: "Flags:", zh: "选项：" },
  environment: { en: "Environment:", zh: "环境变量：" },
  clients: { en: "Clients:", zh: "客户端：" },
  examples: { en: "Examples:", zh: "示例：" },
  more: {
    en: "volcano-proxy COMMAND --help says more about a command.",
    zh: "volcano-proxy 命令 --help 显示该命令的详细说明。",
  },
  help: { en: "print this", zh: "显示本说明" },
  version: { en: "print the version", zh: "显示版本" },
} as const satisfies Record<string, Phrase>;

/** What may stand in the place of an operand, where that is a list. */
const choices: { readonly [operand in Operand]?: readonly string[] } = { CLIENT: clientNames };

const separators: Phrase = { en: ", ", zh: "，默认 " };
const PROGRAM = "volcano-proxy";
const FIRST_COLUMN_LEAST = 22;

type Row = readonly [name: string, meaning: string];

/** Names at the left, each meaning behind the widest of them. */
function listOf(rows: readonly Row[]): readonly string[] {
  const width = Math.max(FIRST_COLUMN_LEAST, ...rows.map(([name]) => displayWidth(name)));
  return rows.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`);
}

function commandRows(names: readonly CommandName[], language: Language): readonly string[] {
  return listOf(names.map((name) => [name, summaries[name][language]]));
}

function programHelp(language: Language): readonly string[] {
  return [
    headings.usage[language],
    `  ${PROGRAM} [COMMAND] [FLAGS]`,
    "",
    headings.commands[language],
    ...commandRows(commandNames, language),
    "",
    headings.flags[language],
    ...listOf([
      ["--help", headings.help[language]],
      ["--version", headings.version[language]],
    ]),
    "",
    headings.environment[language],
    `  ${environmentVariables.map(({ name }) => name).join(", ")}`,
    "",
    headings.more[language],
  ];
}

function groupHelp(group: CommandGroup, language: Language): readonly string[] {
  return [
    groupSummaries[group][language],
    "",
    headings.commands[language],
    ...commandRows(commandsOf(group), language),
    "",
    headings.more[language],
  ];
}

function commandHelp(command: CommandName, language: Language): readonly string[] {
  const port = defaultPorts[command];
  const operand = operandOf[command];
  const flags = flagsOf[command].map((flag): Row => {
    const suffix = flag === "port" && port !== undefined ? separators[language] + port : "";
    const meaning = ownMeanings[command]?.[flag] ?? meanings[flag];
    return [flagShape(flag, command), meaning[language] + suffix];
  });
  const known = operand === undefined ? undefined : choices[operand];
  const lines = examples[command] ?? [];
  return [
    summaries[command][language],
    "",
    headings.usage[language],
    `  ${PROGRAM} ${command} ${operand === undefined ? "" : `${operand} `}[FLAGS]`,
    ...(known === undefined ? [] : ["", headings.clients[language], `  ${known.join(", ")}`]),
    "",
    headings.flags[language],
    ...listOf([...flags, ["--help", headings.help[language]]]),
    ...(lines.length === 0 ? [] : ["", headings.examples[language], ...lines.map((line) => `  ${line}`)]),
  ];
}

function linesOf(topic: HelpTopic | null, language: Language): readonly string[] {
  if (topic === null) return programHelp(language);
  const group = commandGroups.find((name) => name === topic);
  if (group !== undefined) return groupHelp(group, language);
  const command = commandNames.find((name) => name === topic);
  return command === undefined ? programHelp(language) : commandHelp(command, language);
}

/** The help of one command, of those with a first word in common, or of the program. */
export function helpText(topic: HelpTopic | null, language: Language): string {
  return `${linesOf(topic, language).join("\n")}\n`;
}
