/** Which columns of a bill hold what: as the command line or the configuration says, else by their heads. */
import { type BillColumn, type BillColumnNames, billColumns } from "../../config/bill-columns.ts";
import { CsvError, csvRecords } from "../../wire/csv.ts";

/** Where each column is, from 0. */
export type ColumnPlaces = { readonly [column in BillColumn]?: number };

/**
 * Heads that are taken for a column, the likeliest first, without case, blanks and marks. The Chinese ones
 * are those of Volcengine's bills by billing item and the words around them, the English ones those of its
 * billing API (ListBillDetail) and of OpenAI's usage.
 */
const knownHeads: { readonly [column in BillColumn]: readonly string[] } = {
  request_id: ["requestid", "请求id", "attemptid", "clientrequestid"],
  day: [
    "day",
    "date",
    "日期",
    "账单日期",
    "消费日期",
    "expensedate",
    "消费开始时间",
    "消费时间",
    "expensebegintime",
  ],
  model: [
    "model",
    "modelname",
    "upstreammodel",
    "模型",
    "模型名称",
    "接入点",
    "接入点id",
    "endpoint",
    "endpointid",
    "实例id",
    "instanceno",
    "实例名称",
    "instancename",
    "配置名称",
    "configname",
  ],
  input: ["inputtokens", "prompttokens", "input", "输入tokens", "输入token", "输入token数", "输入"],
  cached: [
    "cachedinputtokens",
    "cachedtokens",
    "cached",
    "缓存命中tokens",
    "缓存命中token数",
    "缓存命中",
    "缓存",
  ],
  output: ["outputtokens", "completiontokens", "output", "输出tokens", "输出token", "输出token数", "输出"],
  cost: [
    "costcny",
    "cost",
    "payableamount",
    "应付金额",
    "费用",
    "amountcny",
    "金额",
    "discountbillamount",
    "折后价",
  ],
  item: ["计费项", "element", "item", "billingitem"],
  amount: ["用量", "count", "usage", "quantity"],
  unit: ["用量单位", "单位", "unit"],
};

/** The head without what stands in brackets at its end, such as `（元）` or `(CNY)`. */
export function plainHead(head: string): string {
  return head
    .toLowerCase()
    .replace(/[(（][^()（）]{0,40}[)）]\s*$/u, "")
    .replace(/[\s_\-./]/gu, "");
}

/** What stands in brackets at the end of a head, such as `千tokens`; empty where nothing does. */
export function headUnit(head: string): string {
  return /[(（]([^()（）]{0,40})[)）]\s*$/u.exec(head)?.[1]?.trim() ?? "";
}

export type ColumnFault =
  | { readonly kind: "malformed"; readonly text: string }
  | { readonly kind: "unknown-column"; readonly name: string }
  | { readonly kind: "no-such-head"; readonly column: BillColumn; readonly head: string };

function isBillColumn(name: string): name is BillColumn {
  return billColumns.some((column) => column === name);
}

/** Reads `day=账单日期,model=实例ID`; a part with a comma in it stands in quotes, as in CSV. */
export function readColumnNames(text: string): BillColumnNames | ColumnFault {
  const names: { [column in BillColumn]?: string } = {};
  const parts = partsOf(text);
  if (parts === null) return { kind: "malformed", text };
  for (const part of parts) {
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(0, equals)).trim();
    const head = part.slice(equals + 1).trim();
    if (name === "" || head === "") return { kind: "malformed", text: part };
    if (!isBillColumn(name)) return { kind: "unknown-column", name };
    if (names[name] !== undefined) return { kind: "malformed", text: part };
    names[name] = head;
  }
  return names;
}

function partsOf(text: string): readonly string[] | null {
  try {
    const [record] = csvRecords(text);
    return record?.fields ?? null;
  } catch (error) {
    if (error instanceof CsvError) return null;
    throw error;
  }
}

/** Finds the columns in the bill's heads. A head that is named must be there; one that is guessed may be. */
export function findColumns(heads: readonly string[], named: BillColumnNames): ColumnPlaces | ColumnFault {
  const trimmed = heads.map((head) => head.trim());
  const plain = heads.map(plainHead);
  const places: { [column in BillColumn]?: number } = {};
  for (const column of billColumns) {
    const head = named[column];
    if (head === undefined) continue;
    const exact = trimmed.indexOf(head);
    const place = exact >= 0 ? exact : plain.indexOf(plainHead(head));
    if (place < 0) return { kind: "no-such-head", column, head };
    places[column] = place;
  }
  const taken = new Set(Object.values(places));
  for (const column of billColumns) {
    if (places[column] !== undefined) continue;
    const known = knownHeads[column].map((head) => plain.indexOf(head));
    const place = known.find((candidate) => candidate >= 0 && !taken.has(candidate));
    if (place === undefined) continue;
    places[column] = place;
    taken.add(place);
  }
  return places;
}
