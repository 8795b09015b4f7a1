/** The schemas of durations, sizes and numbers of tokens, each with its bounds. */
import { z } from "zod";
import { TOKENS_MAX } from "../core/usage.ts";
import { expecting } from "./expectations.ts";
import {
  DAY_MS,
  durationPattern,
  parseDurationMs,
  parseLongDurationMs,
  parseSizeBytes,
  sizePattern,
} from "./quantities.ts";

const RETENTION_DAYS_MAX = 3_650;
const BODY_BYTES_MAX_LEAST = 1_024;
const BODY_BYTES_MAX_MOST = 1_073_741_824;

export const durationSchema = expecting(
  z
    .string()
    .regex(durationPattern)
    .refine((text) => parseDurationMs(text) !== null),
  "a duration such as 250ms, 5s or 10m, at most 24 days",
  "时长，例如 250ms、5s、10m，最长 24 天",
);

export const optionalDurationSchema = expecting(
  durationSchema.nullable(),
  "a duration such as 5s or 10m, or null for none",
  "时长，例如 5s、10m；null 表示不限",
);

export const retentionSchema = expecting(
  z
    .string()
    .regex(durationPattern)
    .refine((text) => parseLongDurationMs(text, DAY_MS, RETENTION_DAYS_MAX * DAY_MS) !== null),
  `a duration from 1d to ${RETENTION_DAYS_MAX}d, such as 90d`,
  ` 1d 到 ${RETENTION_DAYS_MAX}d 的时长，例如 90d`,
);

export const sizeSchema = expecting(
  z
    .union([z.int().min(BODY_BYTES_MAX_LEAST).max(BODY_BYTES_MAX_MOST), z.string().regex(sizePattern)])
    .refine((size) => {
      const bytes = parseSizeBytes(size);
      return bytes !== null && bytes >= BODY_BYTES_MAX_LEAST && bytes <= BODY_BYTES_MAX_MOST;
    }),
  "a size from 1KiB to 1GiB, such as 64MiB",
  " 1KiB 到 1GiB 的大小，例如 64MiB",
);

export const tokensMaxSchema = expecting(
  z.int().min(1).max(TOKENS_MAX),
  `a whole number of tokens from 1 to ${TOKENS_MAX}`,
  ` 1 到 ${TOKENS_MAX} 的整数 token 数`,
);
