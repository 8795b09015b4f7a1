/** What `usage` and `reconcile` say to people, in English and Chinese. */
import type { Phrase } from "../core/language.ts";
import type { UsageGroupName } from "../server/admin/usage-query.ts";

export const ledgerPhrases = {
  noLedger: (folder: string): Phrase => ({
    en: `There is no ledger in ${folder} yet: the gateway makes it when it starts (VOLCANO_PROXY_DATA names the folder).`,
    zh: `${folder} 中还没有账本：网关启动时才会创建（目录由 VOLCANO_PROXY_DATA 指定）。`,
  }),
  unreadable: (message: string): Phrase => ({
    en: `The ledger could not answer: ${message}`,
    zh: `账本无法给出结果：${message}`,
  }),
  wrongFlag: (flag: string, expects: Phrase): Phrase => ({
    en: `--${flag} expects ${expects.en}.`,
    zh: `--${flag} 应为${expects.zh}。`,
  }),
  period: (from: string, to: string): Phrase => ({
    en: `${from} to ${to}, days in Beijing`,
    zh: `${from} 至 ${to}（北京时间）`,
  }),
} as const;

export const usagePhrases = {
  groups: {
    key: { en: "KEY", zh: "密钥" },
    model: { en: "MODEL", zh: "模型" },
    day: { en: "DAY", zh: "日期" },
    outcome: { en: "OUTCOME", zh: "结果" },
    provenance: { en: "PROVENANCE", zh: "数字来源" },
  } satisfies { readonly [name in UsageGroupName]: Phrase },
  figures: [
    { en: "ATTEMPTS", zh: "调用" },
    { en: "INPUT", zh: "输入" },
    { en: "CACHED", zh: "其中缓存" },
    { en: "OUTPUT", zh: "输出" },
    { en: "REASONING", zh: "其中推理" },
    { en: "CNY", zh: "人民币" },
    { en: "UNKNOWN FOR", zh: "费用未知" },
    { en: "COUNTED", zh: "计数" },
    { en: "ESTIMATED", zh: "估算" },
  ] satisfies readonly Phrase[],
  total: { en: "TOTAL", zh: "合计" },
  unknown: { en: "unknown", zh: "未知" },
  nothing: {
    en: "Nothing has been recorded in this time.",
    zh: "这段时间没有任何记录。",
  },
  unknownNote: (attempts: string): Phrase => ({
    en: `Attempts without a known price: ${attempts}. They are not in the cost; set it under models.NAME.price.`,
    zh: `价格未知的调用：${attempts}，未计入费用。可在 models.NAME.price 中设置。`,
  }),
  guessedNote: (counted: string, estimated: string): Phrase => ({
    en: `Attempts without Ark's own count: ${counted} counted from the text that was delivered, ${estimated} estimated.`,
    zh: `未收到方舟计数的调用：${counted} 次按已交付的文本计数，${estimated} 次为估算。`,
  }),
  truncatedNote: (rows: string): Phrase => ({
    en: `Only the first ${rows} rows are here; the total is of all. Narrow it with --from, --to, --key or --model.`,
    zh: `仅显示前 ${rows} 行，合计包含全部。可用 --from、--to、--key、--model 缩小范围。`,
  }),
} as const;
