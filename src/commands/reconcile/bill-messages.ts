/** What `reconcile` says to people of a bill and of the comparison, in English and Chinese. */
import type { Phrase } from "../../core/language.ts";
import type { CsvFlaw } from "../../wire/csv.ts";
import type { ComparisonState } from "./compare.ts";
import type { BillFault } from "./read-bill.ts";

const csvFlaws: { readonly [flaw in CsvFlaw]: Phrase } = {
  "stray-quote": {
    en: "a quote stands inside a field without quotes",
    zh: "未加引号的字段中出现引号",
  },
  "after-quote": { en: "something follows a closing quote", zh: "结束引号之后还有内容" },
  "open-quote": { en: "a quote is never closed", zh: "引号没有结束" },
};

export function csvFlawPhrase(flaw: CsvFlaw, line: number): Phrase {
  return {
    en: `Line ${line} is no CSV: ${csvFlaws[flaw].en}.`,
    zh: `第 ${line} 行不是 CSV：${csvFlaws[flaw].zh}。`,
  };
}

type FaultPhrases = {
  readonly [Kind in BillFault["kind"]]: (fault: Extract<BillFault, { readonly kind: Kind }>) => Phrase;
};

const faults: FaultPhrases = {
  malformed: ({ text }) => ({
    en: `In the columns, ${text} is not of the form name=head, each name once.`,
    zh: `列设置中的 ${text} 不是 名称=表头 的形式（每个名称一次）。`,
  }),
  "unknown-column": ({ name }) => ({
    en: `There is no column ${name}: there are request_id, day, model, input, cached, output, cost, item, amount, unit.`,
    zh: `没有列 ${name}，只有 request_id、day、model、input、cached、output、cost、item、amount、unit。`,
  }),
  "no-such-head": ({ column, head }) => ({
    en: `The bill has no column ${head}, which was to be ${column}.`,
    zh: `账单中没有列 ${head}（应为 ${column}）。`,
  }),
  empty: () => ({ en: "The bill is empty.", zh: "账单为空。" }),
  "columns-missing": ({ columns, heads }) => ({
    en:
      `No column of the bill is known to be ${columns.join(", ")}. Name them: --columns ` +
      `"${columns.map((column) => `${column}=...`).join(",")}". The bill has: ${heads}`,
    zh:
      `无法认出账单中的 ${columns.join("、")} 列。请指明：--columns ` +
      `"${columns.map((column) => `${column}=...`).join(",")}"。账单的列：${heads}`,
  }),
  "too-many-lines": ({ linesMax }) => ({
    en: `The bill has more than ${linesMax} lines. Export fewer days at a time.`,
    zh: `账单超过 ${linesMax} 行，请分段导出。`,
  }),
  "field-count": ({ line, found, expected }) => ({
    en: `Line ${line} has ${found} fields, the first line ${expected}.`,
    zh: `第 ${line} 行有 ${found} 个字段，首行有 ${expected} 个。`,
  }),
  "no-number": ({ line, column, text }) => ({
    en: `Line ${line}: ${column} is ${JSON.stringify(text)}, which is no number.`,
    zh: `第 ${line} 行：${column} 为 ${JSON.stringify(text)}，不是数字。`,
  }),
  "no-token-unit": ({ line, unit }) => ({
    en: `Line ${line}: ${JSON.stringify(unit)} is no unit of tokens. Is this column about tokens?`,
    zh: `第 ${line} 行：${JSON.stringify(unit)} 不是 token 的单位。该列确实是 token 数吗？`,
  }),
};

export function billFaultPhrase(fault: BillFault): Phrase {
  const phraseOf = faults[fault.kind] as (fault: BillFault) => Phrase;
  return phraseOf(fault);
}

export const reconcilePhrases = {
  day: { en: "a day such as 2026-11-22", zh: "日期，例如 2026-11-22" },
  laterDay: { en: "a day that is not before --from", zh: "不早于 --from 的日期" },
  unreadable: (file: string, code: string): Phrase =>
    code === "ENOENT"
      ? { en: `There is no file ${file}.`, zh: `没有文件 ${file}。` }
      : { en: `${file} cannot be read (${code}).`, zh: `无法读取 ${file}（${code}）。` },
  notAFile: (file: string): Phrase => ({ en: `${file} is not a file.`, zh: `${file} 不是文件。` }),
  tooLarge: (file: string, mebibytes: number): Phrase => ({
    en: `${file} is larger than ${mebibytes} MiB. Export fewer days at a time.`,
    zh: `${file} 超过 ${mebibytes} MiB，请分段导出。`,
  }),
  notText: (file: string): Phrase => ({
    en: `${file} is neither UTF-8 nor GB18030 text. Export the bill as CSV.`,
    zh: `${file} 既非 UTF-8 也非 GB18030 文本。请导出为 CSV。`,
  }),
  noDays: {
    en: "The bill names no days, so say which it is about: --from 2026-11-01 --to 2026-11-30.",
    zh: "账单没有日期列，请指明日期范围：--from 2026-11-01 --to 2026-11-30。",
  },
  tooMuch: {
    en: "The ledger has too much in these days for one comparison. Compare fewer days: --from, --to.",
    zh: "这段时间账本内容过多，无法一次核对。请用 --from、--to 缩小范围。",
  },
  states: {
    matched: { en: "matched", zh: "一致" },
    different: { en: "different", zh: "不一致" },
    ours_only: { en: "ours only", zh: "仅我方" },
    theirs_only: { en: "theirs only", zh: "仅对方" },
  } satisfies { readonly [state in ComparisonState]: Phrase },
  byRequest: { en: "by request", zh: "按请求" },
  byDayAndModel: { en: "by day and model", zh: "按日期与模型" },
  state: { en: "STATE", zh: "状态" },
  request: { en: "REQUEST", zh: "请求" },
  dayHead: { en: "DAY", zh: "日期" },
  model: { en: "MODEL", zh: "模型" },
  figures: {
    input: { en: "INPUT", zh: "输入" },
    cached: { en: "CACHED", zh: "其中缓存" },
    output: { en: "OUTPUT", zh: "输出" },
    cost: { en: "CNY", zh: "人民币" },
  },
  bills: { en: "BILL", zh: "账单差额" },
  guessed: { en: "COUNTED HERE", zh: "我方计数" },
  total: { en: "TOTAL", zh: "合计" },
  unknown: { en: "unknown", zh: "未知" },
  counts: (matched: string, different: string, ours: string, theirs: string): Phrase => ({
    en: `${matched} matched, ${different} different, ${ours} ours only, ${theirs} theirs only`,
    zh: `一致 ${matched}，不一致 ${different}，仅我方 ${ours}，仅对方 ${theirs}`,
  }),
  legend: {
    en: "BILL: what the bill has more (+) or less (-) than the ledger. COUNTED HERE: attempts without Ark's own count.",
    zh: "账单差额：账单比账本多（+）或少（-）的数量。我方计数：未收到方舟计数、由网关计数或估算的次数。",
  },
  hidden: (rows: string): Phrase => ({
    en: `${rows} more are not shown; --csv and --json print all.`,
    zh: `另有 ${rows} 行未显示；--csv 与 --json 输出全部。`,
  }),
  passedOver: (lines: string, first: number): Phrase => ({
    en: `Lines of the bill passed over: ${lines}, the first is line ${first}. They have no day or model, or other days.`,
    zh: `账单中略过的行：${lines}，第一处为第 ${first} 行。它们缺少日期或模型，或不在所选日期内。`,
  }),
  otherItems: (items: string): Phrase => ({
    en: `Items that count no tokens (their money is included): ${items}`,
    zh: `不计 token 的计费项（金额已计入）：${items}`,
  }),
} as const;
