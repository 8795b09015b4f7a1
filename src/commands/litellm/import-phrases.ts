/** What `import litellm` says, in its comments and beside them, each in English and Chinese. */
import type { Phrase } from "../../core/language.ts";
import type { KeySource, LeftReason } from "./take-over.ts";

type LeftPhrases = {
  readonly [Kind in LeftReason["kind"]]: (reason: Extract<LeftReason, { readonly kind: Kind }>) => Phrase;
};

const left: LeftPhrases = {
  unreadable: () => ({
    en: "without model_name or litellm_params.model",
    zh: "缺少 model_name 或 litellm_params.model",
  }),
  "unusable-name": () => ({
    en: "a name here is 1 to 256 visible ASCII characters, without blanks and without #",
    zh: "此处的名称应为 1 到 256 个可见 ASCII 字符，不含空白与 #",
  }),
  "unusable-model": () => ({
    en: "a model is 1 to 256 visible ASCII characters without blanks",
    zh: "模型应为 1 到 256 个可见 ASCII 字符，不含空白",
  }),
  "model-pattern": () => ({
    en: "a pattern for models; `passthrough_models` lets names that Ark knows go to it as they are",
    zh: "模型是通配模式；`passthrough_models` 可让方舟认识的名称原样转发",
  }),
  "other-provider": () => ({ en: "another provider than Ark", zh: "不是方舟" }),
  "other-host": () => ({ en: "its api_base is not Ark's", zh: "其 api_base 不是方舟的地址" }),
  "host-unset": ({ variable }) => ({
    en: `its api_base is in ${variable}, which is not set here: set it and run this again`,
    zh: `其 api_base 取自 ${variable}，而此处未设置；请设置后重新运行`,
  }),
  "unusable-base": () => ({
    en: "its api_base is no http(s) URL without user, query and fragment",
    zh: "其 api_base 不是不含用户名、查询与片段的 http(s) 地址",
  }),
  "not-chat": () => ({ en: "its mode is not chat", zh: "其 mode 不是 chat" }),
  "another-target": () => ({
    en: "a further deployment of this name; an alias has one target here",
    zh: "同名的其他部署；此处一个别名只有一个目标",
  }),
  "no-such-name": () => ({
    en: "another name for what is not taken over",
    zh: "指向未导入名称的别名",
  }),
};

export function leftPhrase(reason: LeftReason): Phrase {
  const phraseOf = left[reason.kind] as (reason: LeftReason) => Phrase;
  return phraseOf(reason);
}

export const keyPhrases: { readonly [source in KeySource]: Phrase | null } = {
  reference: null,
  unsaid: {
    en: "LiteLLM takes the key from the environment: set this variable",
    zh: "LiteLLM 从环境变量读取密钥：请设置此变量",
  },
  literal: {
    en: "the file spells this key out, and it is not copied: put it into this variable",
    zh: "原文件中写有密钥，此处不复制：请将其放入此变量",
  },
};

/** Settings of LiteLLM's other sections that have something like them here. */
export const settingHints: { readonly [setting: string]: Phrase } = {
  "general_settings.master_key": {
    en: "VOLCANO_PROXY_ADMIN_KEY opens the admin API; callers get keys by `volcano-proxy keys create --name NAME`",
    zh: "管理接口使用 VOLCANO_PROXY_ADMIN_KEY；调用方的密钥用 `volcano-proxy keys create --name 名称` 新建",
  },
  "general_settings.database_url": {
    en: "none is needed: keys and ledger lie in the folder VOLCANO_PROXY_DATA",
    zh: "无需数据库：密钥与账本位于 VOLCANO_PROXY_DATA 文件夹",
  },
  "general_settings.max_parallel_requests": {
    en: "`limits.concurrent` bounds each key, `models.NAME.limits.concurrent` each alias",
    zh: "`limits.concurrent` 限制每个密钥，`models.NAME.limits.concurrent` 限制每个别名",
  },
  "litellm_settings.max_budget": {
    en: "in USD; here `limits.total.budgets: [{ cny: 100, per: month }]`",
    zh: "单位为美元；此处为 `limits.total.budgets: [{ cny: 100, per: month }]`",
  },
  "litellm_settings.request_timeout": { en: "`timeouts.total`", zh: "`timeouts.total`" },
  "router_settings.timeout": { en: "`timeouts.total`", zh: "`timeouts.total`" },
  "litellm_settings.num_retries": {
    en: "`retries.attempts_max`; what may have been billed is not sent again",
    zh: "`retries.attempts_max`；可能已计费的请求不会重发",
  },
  "router_settings.num_retries": {
    en: "`retries.attempts_max`; what may have been billed is not sent again",
    zh: "`retries.attempts_max`；可能已计费的请求不会重发",
  },
  "litellm_settings.drop_params": {
    en: "what a client sends goes to Ark as it is",
    zh: "客户端发送的参数原样转给方舟",
  },
  "router_settings.routing_strategy": {
    en: "an alias has one target",
    zh: "一个别名只有一个目标",
  },
};

export const importPhrases = {
  made: {
    en: "Made by `volcano-proxy import litellm`. Save it as volcano-proxy.yaml; `volcano-proxy check` says what holds.",
    zh: "由 `volcano-proxy import litellm` 生成。存为 volcano-proxy.yaml 后，用 `volcano-proxy check` 查看结果。",
  },
  keys: {
    en: "Callers bring keys of the gateway's own: `volcano-proxy keys create --name NAME` makes one.",
    zh: "调用方使用网关自己的密钥：`volcano-proxy keys create --name 名称` 新建一个。",
  },
  onlyListed: {
    en: "As with LiteLLM, only these names are served. Aliases with null are the gateway's own examples.",
    zh: "与 LiteLLM 一致，仅服务以下名称。值为 null 的是网关自带的示例别名。",
  },
  aliasOf: (name: string): Phrase => ({
    en: `model_group_alias of ${name}; its limits are counted apart`,
    zh: `${name} 的 model_group_alias，限额分别计算`,
  }),
  unusableLimits: (names: string): Phrase => ({
    en: `not a limit as it stands: ${names}`,
    zh: `无法作为限额：${names}`,
  }),
  parameters: (names: string): Phrase => ({ en: `not taken over: ${names}`, zh: `未导入：${names}` }),
  listPrice: (figures: string): Phrase => ({
    en: `Ark's list price holds; LiteLLM's, per million tokens and by its custom in USD: ${figures}`,
    zh: `采用方舟标价；LiteLLM 的价格（每百万 token，惯例为美元）：${figures}`,
  }),
  priceToSet: (figures: string): Phrase => ({
    en: `price is in CNY and not set; LiteLLM's, per million tokens and by its custom in USD: ${figures}`,
    zh: `price 以人民币计，尚未设置；LiteLLM 的价格（每百万 token，惯例为美元）：${figures}`,
  }),
  left: { en: "Not taken over:", zh: "未导入：" },
  settings: {
    en: "Settings of LiteLLM's that are not taken over:",
    zh: "未导入的 LiteLLM 设置：",
  },
  taken: (taken: number, all: number): Phrase => ({
    en: `${taken} of ${all} entries of model_list are taken over; the comments say why not the others.`,
    zh: `model_list 共 ${all} 项，已导入 ${taken} 项；其余原因见注释。`,
  }),
  variables: (names: string): Phrase => ({
    en: `Set before you start: ${names}.`,
    zh: `启动前请设置：${names}。`,
  }),
  unreadable: (file: string, code: string): Phrase => ({
    en: `${file} cannot be read (${code}); check its name, owner and permissions.`,
    zh: `无法读取 ${file}（${code}），请检查名称、属主与权限。`,
  }),
  tooLarge: (file: string, bytesMax: number): Phrase => ({
    en: `${file} is larger than ${bytesMax} bytes.`,
    zh: `${file} 超过 ${bytesMax} 字节。`,
  }),
  notYaml: (file: string, line: number, detail: string): Phrase => ({
    en: `${file}:${line}: this is not YAML (${detail}).`,
    zh: `${file}:${line}：不是 YAML（${detail}）。`,
  }),
  noModelList: (file: string): Phrase => ({
    en: `${file} has no model_list; models that LiteLLM keeps in its database are not in the file.`,
    zh: `${file} 中没有 model_list；LiteLLM 存在数据库中的模型不在此文件里。`,
  }),
} as const;
