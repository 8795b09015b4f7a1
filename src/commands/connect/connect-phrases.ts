/** What `connect` says to people, in English and Chinese. */
import type { Phrase } from "../../core/language.ts";

export const connectPhrases = {
  head: (title: string, url: string, model: string, contextTokens: number | null): Phrase => ({
    en: `${title} at ${url}, with ${model}${contextTokens === null ? "" : ` and its window of ${contextTokens} tokens`}`,
    zh: `${title}：${url}，模型 ${model}${contextTokens === null ? "" : `，上下文 ${contextTokens} token`}`,
  }),
  noClient: (name: string, nearest: string | null, names: string): Phrase => ({
    en: `There is no client ${name}.${nearest === null ? "" : ` Did you mean ${nearest}?`} They are ${names}.`,
    zh: `没有客户端 ${name}。${nearest === null ? "" : `是否想用 ${nearest}？`}可选：${names}。`,
  }),
  noUrl: (text: string): Phrase => ({
    en: `--url takes the gateway's URL, such as https://ark.example.com, and not ${text}.`,
    zh: `--url 应为网关的地址，例如 https://ark.example.com，而不是 ${text}。`,
  }),
  noKeyText: {
    en: "--key takes visible ASCII characters without blanks.",
    zh: "--key 只能是不含空白的可见 ASCII 字符。",
  },
  noModelText: { en: "--model takes a model's name.", zh: "--model 应为模型名称。" },
  portUnknown: {
    en: "The gateway listens on any free port, and none runs here that would say which. Name it with --url.",
    zh: "网关使用任意空闲端口，且本机没有运行中的网关可供查询。请用 --url 指定。",
  },
  noAlias: {
    en: "The configuration has no alias, so name a model: --model NAME.",
    zh: "配置中没有别名，请指定模型：--model 名称。",
  },
  noModel: (name: string, nearest: readonly string[]): Phrase => ({
    en: `The model ${name} does not exist here.${nearest.length === 0 ? "" : ` Did you mean ${nearest.join(", ")}?`}`,
    zh: `没有模型 ${name}。${nearest.length === 0 ? "" : `是否想用 ${nearest.join("、")}？`}`,
  }),
  fallsBack: (name: string, served: string): Phrase => ({
    en: `${name} is no alias here: ${served} would answer. --model takes one of those that "volcano-proxy models" prints.`,
    zh: `${name} 不是这里的别名，将由 ${served} 回答。--model 应为 volcano-proxy models 所列之一。`,
  }),
  example: (alias: string): Phrase => ({
    en: `The endpoint behind ${alias} is somebody's example: Ark answers 404 for it. Set yours: VOLCANO_PROXY_MODELS=${alias}=ep-...`,
    zh: `${alias} 背后是他人账号的示例接入点，方舟会返回 404。请设置自己的：VOLCANO_PROXY_MODELS=${alias}=ep-...`,
  }),
  retiring: (id: string): Phrase => ({
    en: `Ark has announced the end of ${id}; "volcano-proxy models" names what follows it.`,
    zh: `方舟已宣布下线 ${id}；volcano-proxy models 会列出后续模型。`,
  }),
  unknownWindow: (name: string): Phrase => ({
    en: `What stands behind ${name} is not known, nor its context window: set it in the client yourself, or name a dated model with --model.`,
    zh: `不知道 ${name} 背后的模型，因此也不知道其上下文窗口：请在客户端自行设置，或用 --model 指定带日期的模型。`,
  }),
  wantsFields: (client: string, name: string): Phrase => ({
    en: `Ark answers Responses for ${name} itself, and leaves out fields that ${client} wants to show a text as it comes: put the line "compat: openai" into volcano-proxy.yaml.`,
    zh: `${name} 的 Responses 由方舟直接回答，缺少 ${client} 流式显示所需的字段：请在 volcano-proxy.yaml 中加一行 compat: openai。`,
  }),
  arkKey: {
    en: "YOUR_ARK_KEY stands for your Ark key; --key puts it in.",
    zh: "YOUR_ARK_KEY 请换成你的方舟密钥，或用 --key 填入。",
  },
  gatewayKey: {
    en: "YOUR_GATEWAY_KEY stands for a key of the gateway (volcano-proxy keys create --name NAME); --key puts it in.",
    zh: "YOUR_GATEWAY_KEY 请换成网关的密钥（volcano-proxy keys create --name 名称），或用 --key 填入。",
  },
  inFile: (path: string): Phrase => ({ en: `In ${path}:`, zh: `写入 ${path}：` }),
  orInShell: { en: "Or in the client's environment:", zh: "或设置环境变量：" },
  inShell: { en: "In the client's environment:", zh: "设置环境变量：" },
  byCommand: { en: "With the client's own command:", zh: "使用客户端自己的命令：" },
  typed: { en: "In the client's window:", zh: "在客户端界面中填写：" },
  canWrite: (client: string): Phrase => ({
    en: `volcano-proxy connect ${client} --write does this, and keeps what else is there.`,
    zh: `volcano-proxy connect ${client} --write 可自动完成，并保留其他内容。`,
  }),
  cannotWrite: (title: string): Phrase => ({
    en: `${title} keeps its settings in no file that could be written: do it by hand, as printed without --write.`,
    zh: `${title} 没有可写的设置文件：请按不带 --write 时打印的内容手动填写。`,
  }),
  notPlainJson: {
    en: "it is no plain JSON object (comments would be lost)",
    zh: "不是纯 JSON 对象（注释会丢失）",
  },
  saysTwice: {
    en: "it says the same name twice, and one of the two would be lost",
    zh: "有重复的名称，其中之一会丢失",
  },
  notToml: { en: "it is not TOML", zh: "不是 TOML" },
  inTheWay: (path: string): Phrase => ({
    en: `something else than settings stands in the place of ${path}`,
    zh: `${path} 处已有其他类型的内容`,
  }),
  wouldChangeMore: {
    en: "it is written in a way that cannot be changed without touching other settings",
    zh: "其写法无法在不影响其他设置的情况下修改",
  },
  notAFile: { en: "it is no file", zh: "不是文件" },
  noTarget: { en: "it is a link to a file that is not there", zh: "是符号链接，其目标文件不存在" },
  notUtf8: {
    en: "it is not UTF-8 (characters would be lost)",
    zh: "不是 UTF-8 编码（字符会丢失）",
  },
  changedMeanwhile: {
    en: "somebody else changed it at the same moment; run this again, or do it by hand",
    zh: "同时有其他程序修改了它；请重新运行，或手动修改",
  },
  tooLarge: { en: "it is larger than 1 MiB", zh: "超过 1 MiB" },
  system: (code: string): Phrase => ({ en: code, zh: code }),
  refused: (path: string, reason: Phrase): Phrase => ({
    en: `${path} was left as it is: ${reason.en}. Put this in by hand:`,
    zh: `未修改 ${path}：${reason.zh}。请手动加入：`,
  }),
  wrote: (path: string): Phrase => ({ en: `Written: ${path}`, zh: `已写入：${path}` }),
  backup: (path: string): Phrase => ({ en: `As it was before: ${path}`, zh: `原文件备份：${path}` }),
  unchanged: (path: string): Phrase => ({
    en: `Nothing to change: ${path}`,
    zh: `无需修改：${path}`,
  }),
  keyLeftOut: (variable: string, word: string): Phrase => ({
    en: `No key was given, so none was written. Add --key, or set it where the client starts: export ${variable}=${word}`,
    zh: `未提供密钥，因此没有写入。请加上 --key，或在启动客户端的环境中设置：export ${variable}=${word}`,
  }),
  keyNeeded: (program: string): Phrase => ({
    en: `${program} keeps the key with its settings: give it with --key.`,
    zh: `${program} 会同时保存密钥，请用 --key 提供。`,
  }),
  ranCommand: (program: string): Phrase => ({ en: `Done by ${program}.`, zh: `已由 ${program} 完成。` }),
  commandFailed: (program: string, reason: string): Phrase => ({
    en: `${program} did not do it (${reason}). Is it installed, and in PATH? Run it yourself:`,
    zh: `${program} 未成功（${reason}）。是否已安装并在 PATH 中？请自行运行：`,
  }),
  noHome: {
    en: "There is no home folder: HOME is not set.",
    zh: "没有主目录：未设置 HOME。",
  },
} as const;
