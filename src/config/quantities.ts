/** Durations such as `30m` and sizes such as `64MiB`, read from the configuration and written for people. */

const millisecondsOf = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type DurationUnit = keyof typeof millisecondsOf;

const bytesOf = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
} as const;
type SizeUnit = keyof typeof bytesOf;

export const DAY_MS = millisecondsOf.d;

/** The greatest delay of a Node timer: 24.8 days. A longer one would fire at once. */
export const DURATION_MS_MAX = 2_147_483_647;

export const durationPattern = /^(\d{1,10}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;
export const sizePattern = /^(\d{1,12}(?:\.\d{1,3})?)(B|KB|MB|GB|KiB|MiB|GiB)$/;

/** Milliseconds, at least 1 and at most DURATION_MS_MAX; null where the text is no such duration. */
export function parseDurationMs(text: string): number | null {
  return parseLongDurationMs(text, 1, DURATION_MS_MAX);
}

/** Milliseconds within the bounds, for what no timer waits for; null where the text is no such duration. */
export function parseLongDurationMs(text: string, leastMs: number, mostMs: number): number | null {
  const match = durationPattern.exec(text);
  if (match === null) return null;
  const milliseconds = Math.round(Number(match[1]) * millisecondsOf[match[2] as DurationUnit]);
  return milliseconds >= leastMs && milliseconds <= mostMs ? milliseconds : null;
}

/** Bytes; null where the text is no size. A bare number is bytes. */
export function parseSizeBytes(size: string | number): number | null {
  if (typeof size === "number") return Number.isSafeInteger(size) && size >= 0 ? size : null;
  const match = sizePattern.exec(size);
  if (match === null) return null;
  const bytes = Math.round(Number(match[1]) * bytesOf[match[2] as SizeUnit]);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The duration in the greatest unit that needs no fraction: 600000 is `10m`. */
export function formatDuration(milliseconds: number): string {
  const units = ["d", "h", "m", "s"] as const;
  const unit = units.find((candidate) => milliseconds % millisecondsOf[candidate] === 0) ?? "ms";
  return `${milliseconds / millisecondsOf[unit]}${unit}`;
}

/** The size in the greatest binary unit that needs no fraction: 67108864 is `64MiB`. */
export function formatSize(bytes: number): string {
  const units = ["GiB", "MiB", "KiB"] as const;
  const unit = units.find((candidate) => bytes % bytesOf[candidate] === 0) ?? "B";
  return `${bytes / bytesOf[unit]}${unit}`;
}
