/** Reads the cells of a bill: days, exact decimal numbers, and units of tokens. */
import { type BeijingDay, beijingDayOf, readBeijingDay } from "../../core/beijing-day.ts";

/** Digits behind the point that are kept: Volcengine's bills have up to eight. */
const SCALE_DIGITS = 12;
const SCALE = 10n ** BigInt(SCALE_DIGITS);
const MICRO = 10n ** BigInt(SCALE_DIGITS - 6);

/** A decimal number, exactly. */
export type Decimal = {
  /** In units of 1e-12. */
  readonly scaled: bigint;
  /** Digits behind the point, as they were written. */
  readonly decimals: number;
};

/** Spreadsheets write small sums with an exponent: `1E-05`. */
const NUMBER =
  /^(-?)(?:[¥￥]\s?)?(\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d{1,12}))?(?:[eE]([+-]?\d{1,2}))?$/u;

/** Such as `1,234.50` or `¥0.02`; an empty cell and `-` are 0. Null where it is no number. */
export function readDecimal(cell: string): Decimal | null {
  const text = cell.trim();
  if (/^-{0,2}$/.test(text)) return { scaled: 0n, decimals: 0 };
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const [, sign, whole = "0", behind = "", exponentText = "0"] = match;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > SCALE_DIGITS) return null;
  const digits = BigInt(whole.replaceAll(",", "") + behind.padEnd(SCALE_DIGITS, "0"));
  const power = 10n ** BigInt(Math.abs(exponent));
  if (exponent < 0 && digits % power !== 0n) return null;
  const scaled = exponent < 0 ? digits / power : digits * power;
  return { scaled: sign === "-" ? -scaled : scaled, decimals: Math.max(0, behind.length - exponent) };
}

function rounded(value: bigint, unit: bigint): number {
  const half = unit / 2n;
  return Number((value + (value < 0n ? -half : half)) / unit);
}

/** Whole tokens of an amount in units of so many tokens; null beyond what a number holds exactly. */
export function tokensOf({ scaled }: Decimal, tokensPerUnit: number): number | null {
  const tokens = rounded(scaled * BigInt(tokensPerUnit), SCALE);
  return Number.isSafeInteger(tokens) ? tokens : null;
}

/** Of a sum of `Decimal.scaled` in yuan. */
export function microYuanOf(scaled: bigint): number {
  return rounded(scaled, MICRO);
}

/** The tokens in one unit; null where the unit is not one of tokens. Without a unit it is one token. */
export function tokensPerUnit(unit: string): number | null {
  const text = unit.toLowerCase().replace(/[\s/]/g, "");
  const match = /^(千|thousand|k|1k|1000|万|百万|million|m|1m)?(?:个)?(?:tokens?|词元)?$/u.exec(text);
  if (match === null) return null;
  switch (match[1]) {
    case undefined:
      return 1;
    case "万":
      return 10_000;
    case "百万":
    case "million":
    case "m":
    case "1m":
      return 1_000_000;
    default:
      return 1_000;
  }
}

const DAY = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]\s?\d{1,2}:.{0,40})?$/u;
const COMPACT_DAY = /^(\d{4})(\d{2})(\d{2})$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;

/**
 * The Beijing day of a cell such as `2026-11-22`, `2026/11/2 08:00:00`, `20261122` or `2026年11月22日`; a moment
 * with an offset, such as `2026-11-21T18:00:00Z`, is moved to Beijing. Null where it is none.
 */
export function readBillDay(cell: string): BeijingDay | null {
  const text = cell.trim();
  if (MOMENT.test(text)) {
    const wallMs = Date.parse(text);
    return Number.isNaN(wallMs) ? null : beijingDayOf(wallMs);
  }
  const [, year = "", month = "", day = ""] = DAY.exec(text) ?? COMPACT_DAY.exec(text) ?? [];
  return readBeijingDay(`${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`);
}

export type TokenKind = "input" | "cached" | "output";

/** What a billing item is about, by its name; null where it names no kind of tokens. */
export function tokenKindOf(item: string): TokenKind | null {
  const text = item.toLowerCase();
  if (/缓存|cache/u.test(text)) return /存储|storage/u.test(text) ? null : "cached";
  if (/输出|output|completion/u.test(text)) return "output";
  if (/输入|input|prompt/u.test(text)) return "input";
  return null;
}
