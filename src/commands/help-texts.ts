/** What each command is for and what each flag means, in one sentence and two languages. */
import type { Phrase } from "../core/language.ts";
import type { CommandGroup, CommandName } from "./command-names.ts";
import type { FlagName } from "./flags.ts";

/** What the commands of two words have in common. */
export const groupSummaries: { readonly [group in CommandGroup]: Phrase } = {
  keys: {
    en: "Make, list and end the keys of the gateway's own, through the running gateway or without one.",
    zh: "新建、列出与吊销网关自己的密钥；网关运行与否均可。",
  },
  import: {
    en: "Turn another gateway's configuration into one for this gateway.",
    zh: "将其他网关的配置转换为本网关的配置。",
  },
};

/** Lines to copy. */
export const examples: { readonly [command in CommandName]?: readonly string[] } = {
  "keys create": [
    "volcano-proxy keys create --name ci --models 'doubao-*,fast' --budget 100cny/month --expires 90d",
    "KEY=$(volcano-proxy keys create --name ci)",
  ],
  "keys rotate": ["volcano-proxy keys rotate ci --overlap 24h"],
  connect: [
    "volcano-proxy connect claude-code --model doubao-seed-2-1-pro-260628",
    "volcano-proxy connect codex --model deepseek-v4-pro-ga-260813 --key $ARK_API_KEY --write",
  ],
};

export const summaries: { readonly [command in CommandName]: Phrase } = {
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
  "keys create": {
    en: "Make a key for somebody, with what it may use and how much. The key is shown this once.",
    zh: "新建一个密钥，并设定可用的模型与限额。密钥仅显示这一次。",
  },
  "keys list": {
    en: "Print the keys: whose they are, what they may use, and whether they still open.",
    zh: "列出密钥：归属、可用范围，以及是否仍然有效。",
  },
  "keys show": {
    en: "Print all that is known of one key, but not the key.",
    zh: "显示一个密钥的全部信息（不含密钥本身）。",
  },
  "keys revoke": {
    en: "End a key at once and for good. Calls that are running go on to their end.",
    zh: "立即永久吊销密钥。进行中的调用会继续完成。",
  },
  "keys rotate": {
    en: "Put a new key in the place of an old one, which opens for a while yet.",
    zh: "换发新密钥，旧密钥在重叠期内仍可使用。",
  },
  "import litellm": {
    en: "Print the model list of a LiteLLM configuration as a configuration file for this gateway.",
    zh: "将 LiteLLM 配置的 model_list 转为本网关的配置文件并打印。",
  },
  usage: {
    en: "Print what has been used and what it costs: sums from the ledger by key, model, day, outcome.",
    zh: "打印用量与费用：按密钥、模型、日期、结果汇总账本。",
  },
  reconcile: {
    en: "Compare the ledger with a bill of Ark's, exported as CSV: matched, ours only, theirs only.",
    zh: "将账本与方舟导出的 CSV 账单核对：一致、仅我方有、仅对方有。",
  },
  connect: {
    en: "Print, or write, what a client must be told to use this gateway: URL, key, model, window.",
    zh: "打印（或写入）客户端使用本网关所需的设置：地址、密钥、模型、上下文窗口。",
  },
  doctor: {
    en: "Check that Ark can be reached, that the key is good, and what else could be in the way.",
    zh: "检查能否连到方舟、密钥是否有效，以及其他可能的问题。",
  },
};

export const meanings: { readonly [flag in FlagName]: Phrase } = {
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
    en: "only these keys, by id or name, separated by commas",
    zh: "仅这些密钥（ID 或名称），以逗号分隔",
  },
  model: { en: "only these models, separated by commas", zh: "仅这些模型，以逗号分隔" },
  columns: {
    en: "what the bill's columns are called: day=...,model=...,input=...,output=...,cost=...",
    zh: "账单各列的名称：day=...,model=...,input=...,output=...,cost=...",
  },
  name: { en: "what people know it by, such as the name of a program", zh: "便于识别的名称，例如程序名" },
  owner: {
    en: "whom it belongs to; keys of one owner see each other's usage",
    zh: "归属；同一归属的密钥可互看用量",
  },
  models: {
    en: "the models it may use, separated by commas: * is any text, # one digit; all if it is not given",
    zh: "可用的模型，以逗号分隔：* 为任意文本，# 为一位数字；默认全部",
  },
  budget: {
    en: "at most so much per day, week, month or in all, such as 100cny/month,2000000tokens/day",
    zh: "每 day、week、month 或总计（all）的上限，例如 100cny/month,2000000tokens/day",
  },
  "requests-per-minute": { en: "at most so many requests a minute", zh: "每分钟请求数上限" },
  "tokens-per-minute": { en: "at most so many tokens a minute", zh: "每分钟 token 数上限" },
  concurrent: { en: "at most so many calls at once", zh: "同时进行的调用数上限" },
  expires: {
    en: "how long it opens, such as 90d, or its last day in Beijing, such as 2026-12-31",
    zh: "有效期，例如 90d；或最后一天（北京时间），例如 2026-12-31",
  },
  tags: { en: "words to sort keys by, separated by commas", zh: "标签，以逗号分隔" },
  overlap: {
    en: "how long the old key opens beside the new one, 24h; 0s ends it at once",
    zh: "旧密钥继续有效的时间，默认 24h；0s 表示立即失效",
  },
  url: {
    en: "the gateway's URL as the client reaches it; else the one that runs here, or is configured",
    zh: "客户端访问网关的地址；默认为本机运行中或配置的网关",
  },
  write: {
    en: "write it into the client's own settings, and keep what else is there",
    zh: "写入客户端自己的设置，并保留其他内容",
  },
  csv: { en: "print CSV, for spreadsheets", zh: "输出 CSV，供表格软件读取" },
  json: { en: "print JSON, for programs", zh: "输出 JSON，供程序读取" },
};

/** Where a flag means something else to a command than to the others. */
export const ownMeanings: {
  readonly [command in CommandName]?: { readonly [flag in FlagName]?: Phrase };
} = {
  connect: {
    model: {
      en: "an alias, or a model that is passed through; the default model if it is not given",
      zh: "别名或直接透传的模型；默认为 default_model",
    },
    key: {
      en: "the key that the client is to send: one of the gateway's, or your Ark key",
      zh: "客户端要发送的密钥：网关的密钥或你的方舟密钥",
    },
  },
};
