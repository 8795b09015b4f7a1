/** The texts of the command line, each in English and Chinese. */
import type { Phrase } from "../core/language.ts";
import type { UsageFault } from "./arguments.ts";
import { commandsOf } from "./command-names.ts";
import type { Operand } from "./flags.ts";

function meant(nearest: string | null): Phrase {
  if (nearest === null) return { en: "", zh: "" };
  return { en: ` Did you mean ${nearest}?`, zh: `是否想用 ${nearest}？` };
}

function orList(names: readonly string[]): string {
  const [last, ...others] = names.toReversed();
  return others.length === 0 ? String(last) : `${others.toReversed().join(", ")} or ${last}`;
}

const operands = {
  FILE: { en: "a file", zh: "一个文件" },
  ID: { en: "a key's id or name", zh: "密钥的 ID 或名称" },
  CLIENT: { en: "a client's name", zh: "客户端的名称" },
} as const satisfies { readonly [operand in Operand]: Phrase };

type UsagePhrases = {
  readonly [Kind in UsageFault["kind"]]: (fault: Extract<UsageFault, { readonly kind: Kind }>) => Phrase;
};

const usage: UsagePhrases = {
  "unknown-command": ({ name, nearest }) => ({
    en: `There is no command ${name}.${meant(nearest).en}`,
    zh: `没有命令 ${name}。${meant(nearest).zh}`,
  }),
  "verb-missing": ({ group }) => ({
    en: `${group} needs a second word: ${orList(commandsOf(group))}.`,
    zh: `${group} 之后还需要一个词：${commandsOf(group).join("、")}。`,
  }),
  "unknown-flag": ({ name, nearest }) => ({
    en: `There is no flag ${name}.${meant(nearest).en}`,
    zh: `没有选项 ${name}。${meant(nearest).zh}`,
  }),
  "foreign-flag": ({ name, command }) => ({
    en: `${command} takes no ${name}.`,
    zh: `${command} 没有选项 ${name}。`,
  }),
  "flag-missing": ({ shape, command }) => ({
    en: `${command} needs ${shape}.`,
    zh: `${command} 需要 ${shape}。`,
  }),
  "value-missing": ({ name }) => ({ en: `${name} needs a value.`, zh: `${name} 需要一个值。` }),
  "value-unwanted": ({ name }) => ({ en: `${name} takes no value.`, zh: `${name} 不带值。` }),
  "not-a-number": ({ name, least, most }) => ({
    en: `${name} takes a whole number from ${least} to ${most}.`,
    zh: `${name} 应为 ${least} 到 ${most} 的整数。`,
  }),
  "flags-clash": ({ names: [one, other] }) => ({
    en: `${one} and ${other} cannot both be had: choose one.`,
    zh: `${one} 与 ${other} 不能同时使用，请选其一。`,
  }),
  "operand-missing": ({ operand, command }) => ({
    en: `${command} needs ${operands[operand].en}: volcano-proxy ${command} ${operand}.`,
    zh: `${command} 需要${operands[operand].zh}：volcano-proxy ${command} ${operand}。`,
  }),
  "too-many-words": ({ word }) => ({
    en: `Nothing was expected after the command, and there is ${word}.`,
    zh: `命令之后不应有 ${word}。`,
  }),
};

/** What is wrong with the command line, as one sentence. */
export function usagePhrase(fault: UsageFault): Phrase {
  const phraseOf = usage[fault.kind] as (fault: UsageFault) => Phrase;
  return phraseOf(fault);
}

export function seeHelp(command: string | null): Phrase {
  const line = command === null ? "volcano-proxy --help" : `volcano-proxy ${command} --help`;
  return { en: `See ${line}.`, zh: `请看 ${line}。` };
}

export const checkPhrases = {
  from: (file: string): Phrase => ({
    en: `Read from ${file}, the environment and the defaults.`,
    zh: `读取自 ${file}、环境变量与默认值。`,
  }),
  noFile: {
    en: "There is no configuration file: read from the environment and the defaults.",
    zh: "没有配置文件：读取自环境变量与默认值。",
  },
  log: (level: string, format: string): Phrase => ({
    en: `log level ${level}, format ${format}`,
    zh: `日志级别 ${level}，格式 ${format}`,
  }),
  ledger: (folder: string): Phrase => ({ en: `ledger in ${folder}`, zh: `账本位于 ${folder}` }),
  readKey: (masked: string): Phrase => ({ en: `read key ${masked}`, zh: `只读密钥 ${masked}` }),
  adminKey: (masked: string): Phrase => ({ en: `admin key ${masked}`, zh: `管理密钥 ${masked}` }),
  warning: { en: "warning", zh: "警告" },
  error: { en: "error", zh: "错误" },
  good: { en: "The configuration is good.", zh: "配置正确。" },
  broken: (count: number): Phrase => ({
    en: count === 1 ? "The configuration has 1 error." : `The configuration has ${count} errors.`,
    zh: `配置有 ${count} 处错误。`,
  }),
} as const;

export const modelPhrases = {
  alias: { en: "ALIAS", zh: "别名" },
  target: { en: "UPSTREAM/MODEL", zh: "上游/模型" },
  price: { en: "CNY PER MILLION IN/CACHED/OUT", zh: "每百万 token 人民币 输入/缓存/输出" },
  context: { en: "CONTEXT", zh: "上下文" },
  speaks: { en: "SPEAKS", zh: "协议" },
  isDefault: { en: "default", zh: "默认" },
  isRetiring: { en: "retiring", zh: "即将下线" },
  today: (ids: readonly string[]): Phrase => ({
    en: `Today: ${ids.join(", ")}.`,
    zh: `当前可选：${ids.join("、")}。`,
  }),
  exampleNote: (alias: string): Phrase => ({
    en: `* Somebody's example: Ark answers 404 for it. Set yours: VOLCANO_PROXY_MODELS=${alias}=ep-...`,
    zh: `* 他人账号的示例接入点，方舟会返回 404。请设置自己的：VOLCANO_PROXY_MODELS=${alias}=ep-...`,
  }),
  defaultNote: (alias: string | null): Phrase =>
    alias === null
      ? { en: "Other names are answered 404.", zh: "其他名称返回 404。" }
      : { en: `Other names are served by ${alias}.`, zh: `其他名称由 ${alias} 提供服务。` },
  passthroughNote: (patterns: readonly string[]): Phrase =>
    patterns.length === 0
      ? { en: "No names go to Ark as they are.", zh: "没有名称会原样转给方舟。" }
      : {
          en: `These names go to Ark as they are: ${patterns.join(" ")}`,
          zh: `以下名称原样转给方舟：${patterns.join(" ")}`,
        },
} as const;
