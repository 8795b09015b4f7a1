/** What `--help` prints: the commands, and for each one its flags and an example. */
import { environmentVariables } from "../config/environment.ts";
import type { Language, Phrase } from "../core/language.ts";
import { type FlagName, flagsOf, wordOf } from "./arguments.ts";
import { type CommandName, commandNames } from "./invocation.ts";

const summaries: { readonly [command in CommandName]: Phrase } = {
  serve: {
    en: "Run the gateway. This is what runs without a command; nothing needs to be configured.",
    zh: "运行网关。不带命令时即执行它，无需任何配置。",
  },
  demo: {
    en: "Run the gateway in front of a simulated Ark, where any key is good, and show a first call.",
    zh: "在模拟的方舟之前运行网关，任何密钥都可用，并演示一次调用。",
  },
  simulate: {
    en: "Run the simulated Ark alone, with latency, pace and faults as a scenario says.",
    zh: "单独运行模拟的方舟，可按场景设定延迟、速度与故障。",
  },
  check: {
    en: "Print what the configuration resolves to, and every error with file, line and column.",
    zh: "打印配置的最终结果，以及每处错误的文件、行与列。",
  },
  models: {
    en: "Print the aliases with their models, prices and advice on choosing.",
    zh: "打印别名及其模型、价格与选择建议。",
  },
  usage: {
    en: "Print what has been used and what it costs: sums from the ledger by key, model, day, outcome.",
    zh: "打印用量与费用：按密钥、模型、日期、结果汇总账本。",
  },
  reconcile: {
    en: "Compare the ledger with a bill of Ark's, exported as CSV: matched, ours only, theirs only.",
    zh: "将账本与方舟导出的 CSV 账单核对：一致、仅我方有、仅对方有。",
  },
  doctor: {
    en: "Check that Ark can be reached, that the key is good, and what else could be in the way.",
    zh: "检查能否连到方舟、密钥是否有效，以及其他可能的问题。",
  },
};

/** The flag with its value, as it is typed. */
const shapes: { readonly [flag in FlagName]: string } = {
  port: "--port PORT",
  host: "--host HOST",
  "control-port": "--control-port PORT",
  config: "--config FILE",
  scenario: "--scenario FILE",
  seed: "--seed NUMBER",
  by: "--by GROUPS",
  from: "--from DAY",
  to: "--to DAY",
  key: "--key NAMES",
  model: "--model NAMES",
  columns: "--columns MAP",
  json: "--json",
  csv: "--csv",
};

const meanings: { readonly [flag in FlagName]: Phrase } = {
  port: { en: "the port to listen on", zh: "监听的端口" },
  host: { en: "the address to listen on", zh: "监听的地址" },
  "control-port": {
    en: "the port of the control plane (metrics), 5001",
    zh: "控制面（指标）的端口，默认 5001",
  },
  config: {
    en: "the configuration file, ./volcano-proxy.yaml if there is one",
    zh: "配置文件，默认 ./volcano-proxy.yaml",
  },
  scenario: { en: "a file that says which faults to play", zh: "描述故障场景的文件" },
  seed: { en: "the seed: the same one gives the same answers", zh: "随机种子，相同种子得到相同回答" },
  by: {
    en: "some of key,model,day,outcome,provenance; day,model if it is not given",
    zh: "key,model,day,outcome,provenance 中的若干项，默认 day,model",
  },
  from: {
    en: "the first day, in Beijing, such as 2026-11-01",
    zh: "首日（北京时间），例如 2026-11-01",
  },
  to: { en: "the last day, in Beijing, such as 2026-11-30", zh: "末日（北京时间），例如 2026-11-30" },
  key: {
    en: "only these keys, by their names in the ledger, separated by commas",
    zh: "仅这些密钥（账本中的名称），以逗号分隔",
  },
  model: { en: "only these models, separated by commas", zh: "仅这些模型，以逗号分隔" },
  columns: {
    en: "what the bill's columns are called: day=...,model=...,input=...,output=...,cost=...",
    zh: "账单各列的名称：day=...,model=...,input=...,output=...,cost=...",
  },
  csv: { en: "print CSV, for spreadsheets", zh: "输出 CSV，供表格软件读取" },
  json: { en: "print JSON, for programs", zh: "输出 JSON，供程序读取" },
};

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
  more: {
    en: "volcano-proxy COMMAND --help says more about a command.",
    zh: "volcano-proxy 命令 --help 显示该命令的详细说明。",
  },
  help: { en: "print this", zh: "显示本说明" },
  version: { en: "print the version", zh: "显示版本" },
} as const satisfies Record<string, Phrase>;

const separators: Phrase = { en: ", ", zh: "，默认 " };
const FIRST_COLUMN = 24;

function line(name: string, meaning: string): string {
  return `  ${name.padEnd(FIRST_COLUMN)}${meaning}`;
}

function programHelp(language: Language): string[] {
  return [
    headings.usage[language],
    "  volcano-proxy [COMMAND] [FLAGS]",
    "",
    headings.commands[language],
    ...commandNames.map((command) => line(command, summaries[command][language])),
    "",
    headings.flags[language],
    line("--help", headings.help[language]),
    line("--version", headings.version[language]),
    "",
    headings.environment[language],
    `  ${environmentVariables.map(({ name }) => name).join(", ")}`,
    "",
    headings.more[language],
  ];
}

function commandHelp(command: CommandName, language: Language): string[] {
  const port = defaultPorts[command];
  const word = wordOf[command];
  const flags = flagsOf[command].map((flag) => {
    const suffix = flag === "port" && port !== undefined ? separators[language] + port : "";
    return line(shapes[flag], meanings[flag][language] + suffix);
  });
  return [
    summaries[command][language],
    "",
    headings.usage[language],
    `  volcano-proxy ${command} ${word === undefined ? "" : `${word} `}[FLAGS]`,
    "",
    headings.flags[language],
    ...flags,
    line("--help", headings.help[language]),
  ];
}

/** The help of one command, or of the program. */
export function helpText(command: CommandName | null, language: Language): string {
  const lines = command === null ? programHelp(language) : commandHelp(command, language);
  return `${lines.join("\n")}\n`;
}
