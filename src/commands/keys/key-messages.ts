/** What the `keys` commands say to people, in English and Chinese. */

import type { Phrase } from "../../core/language.ts";
import type { BudgetPeriod } from "../../core/limits.ts";
import type { KeyJson } from "../../server/admin/key-schemas.ts";

export const keyPhrases = {
  noAnswer: (url: string): Phrase => ({
    en: `Nobody answers at ${url}, where the gateway's control plane should be.`,
    zh: `${url} 没有回应，网关的控制面应在此处。`,
  }),
  refused: (url: string, message: string): Phrase => ({
    en: `The gateway at ${url} refused: ${message}`,
    zh: `${url} 的网关拒绝了请求：${message}`,
  }),
  notOurs: (url: string, status: number): Phrase => ({
    en: `What answers at ${url} (HTTP ${status}) is not this version's control plane.`,
    zh: `${url} 的回应（HTTP ${status}）不是此版本的控制面。`,
  }),
  notLed: (isForbidden: boolean): Phrase => ({
    en: `its control.json ${isForbidden ? "is another user's" : "is not there"}, and VOLCANO_PROXY_ADMIN_KEY is not set`,
    zh: `${isForbidden ? "其 control.json 属于其他用户" : "其中没有 control.json"}，且未设置 VOLCANO_PROXY_ADMIN_KEY`,
  }),
  inUse: (folder: string, reason: Phrase): Phrase => ({
    en:
      `A gateway has the data folder ${folder}, and this command cannot talk to it: ${reason.en} ` +
      "Run it as the gateway's user, or set VOLCANO_PROXY_ADMIN_KEY (and CONTROL_HOST, CONTROL_PORT).",
    zh:
      `数据目录 ${folder} 正由网关使用，但无法与其通信：${reason.zh} ` +
      "请以网关的用户运行，或设置 VOLCANO_PROXY_ADMIN_KEY（及 CONTROL_HOST、CONTROL_PORT）。",
  }),
  failed: (message: string): Phrase => ({
    en: `The keys could not be read or changed: ${message}`,
    zh: `无法读取或更改密钥：${message}`,
  }),
  wrongText: (flag: string, message: string): Phrase => ({
    en: `--${flag} cannot be taken: ${message}`,
    zh: `--${flag} 无效：${message}`,
  }),
  noKey: (word: string, nearest: readonly string[]): Phrase => ({
    en: `There is no key with the id or name ${word}.${nearest.length === 0 ? "" : ` There is ${nearest.join(", ")}.`}`,
    zh: `没有 ID 或名称为 ${word} 的密钥。${nearest.length === 0 ? "" : `现有：${nearest.join("、")}。`}`,
  }),
  secretGiven: {
    en: "That is a key itself. Give its id or its name instead: volcano-proxy keys list shows both.",
    zh: "这是密钥本身。请改用其 ID 或名称，可用 volcano-proxy keys list 查看。",
  },
  ambiguous: (name: string): Phrase => ({
    en: `Several keys are called ${name}. Name one by its id:`,
    zh: `有多个密钥名为 ${name}。请用 ID 指定其一：`,
  }),
  made: (name: string, id: string): Phrase => ({
    en: `The new key ${name} (${id}), shown this once, is on standard output.`,
    zh: `新密钥 ${name}（${id}）已写到标准输出，仅显示这一次。`,
  }),
  rotated: (name: string, id: string, until: string | null): Phrase => ({
    en:
      `The key ${name} (${id}) has a new text, shown this once, on standard output. ` +
      (until === null ? "The old one opens nothing from now on." : `The old one opens until ${until}.`),
    zh:
      `密钥 ${name}（${id}）已换发，新密钥已写到标准输出，仅显示这一次。` +
      (until === null ? "旧密钥已立即失效。" : `旧密钥有效至 ${until}。`),
  }),
  keptRunning: (url: string): Phrase => ({
    en: `The gateway at ${url} lets it in from now on.`,
    zh: `${url} 的网关即刻生效。`,
  }),
  keptInFile: (path: string): Phrase => ({
    en: `It is kept in ${path}; no gateway runs there, and the next start knows it.`,
    zh: `已保存在 ${path}；当前没有网关运行，下次启动时生效。`,
  }),
  passthrough: {
    en: "auth.mode is passthrough here, so the gateway asks nobody for such a key: set it to keys or both.",
    zh: "此处 auth.mode 为 passthrough，网关不会要求此类密钥；请设为 keys 或 both。",
  },
  revoked: (name: string, id: string): Phrase => ({
    en: `The key ${name} (${id}) is revoked: it opens nothing from now on.`,
    zh: `密钥 ${name}（${id}）已吊销，立即失效。`,
  }),
  wasRevoked: (name: string, id: string, at: string): Phrase => ({
    en: `The key ${name} (${id}) was revoked on ${at} already.`,
    zh: `密钥 ${name}（${id}）已于 ${at} 吊销。`,
  }),
  rotatesNoMore: (name: string, id: string): Phrase => ({
    en: `The key ${name} (${id}) is revoked, for good: make a new one with volcano-proxy keys create.`,
    zh: `密钥 ${name}（${id}）已永久吊销。请用 volcano-proxy keys create 新建。`,
  }),
  none: {
    en: "There are no keys. Make one: volcano-proxy keys create --name NAME",
    zh: "还没有密钥。新建：volcano-proxy keys create --name NAME",
  },
} as const;

export const keyWords = {
  columns: [
    { en: "ID", zh: "ID" },
    { en: "NAME", zh: "名称" },
    { en: "OWNER", zh: "归属" },
    { en: "KEY", zh: "密钥" },
    { en: "STATE", zh: "状态" },
    { en: "MODELS", zh: "模型" },
    { en: "LIMITS", zh: "限额" },
    { en: "EXPIRES", zh: "到期" },
  ] satisfies readonly Phrase[],
  states: {
    active: { en: "active", zh: "有效" },
    expired: { en: "expired", zh: "已过期" },
    revoked: { en: "revoked", zh: "已吊销" },
  } satisfies { readonly [state in KeyJson["state"]]: Phrase },
  allModels: { en: "all", zh: "全部" },
  none: { en: "-", zh: "-" },
  requests: (limit: string): Phrase => ({ en: `${limit} requests/minute`, zh: `${limit} 次/分钟` }),
  tokens: (limit: string): Phrase => ({ en: `${limit} tokens/minute`, zh: `${limit} token/分钟` }),
  concurrent: (limit: string): Phrase => ({ en: `${limit} at once`, zh: `并发 ${limit}` }),
  created: { en: "CREATED", zh: "创建" },
  revoked: { en: "REVOKED", zh: "吊销" },
  previous: { en: "OLD KEY OPENS UNTIL", zh: "旧密钥有效至" },
  tags: { en: "TAGS", zh: "标签" },
  used: (period: BudgetPeriod): Phrase => usedIn[period],
  use: (tokens: string, yuan: string): Phrase => ({
    en: `${tokens} tokens, ${yuan} CNY`,
    zh: `${tokens} token，${yuan} 元`,
  }),
} as const;

const usedIn: { readonly [period in BudgetPeriod]: Phrase } = {
  day: { en: "USED TODAY", zh: "今日用量" },
  week: { en: "USED THIS WEEK", zh: "本周用量" },
  month: { en: "USED THIS MONTH", zh: "本月用量" },
  all: { en: "USED IN ALL", zh: "累计用量" },
};
