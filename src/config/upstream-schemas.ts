/** The schema of the upstreams in the configuration file: where Ark is, and with which keys. */
import { z } from "zod";
import { expecting, section } from "./expectations.ts";

const visibleText = /^[\x21-\x7e]{1,256}$/;
const API_KEYS_MAX = 100;

/** Whether the text is a base URL: http or https, without user, query or fragment. */
function isBaseUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s?#\\]{1,2000}$/i.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "" && !text.includes("@");
}

export const baseUrlSchema = expecting(
  z.string().refine(isBaseUrl),
  "an http(s) URL without user, query and fragment, such as https://ark.cn-beijing.volces.com/api/v3",
  "不含用户名、查询与片段的 http(s) 地址，例如 https://ark.cn-beijing.volces.com/api/v3",
);

/** The keys of a comma-separated text; empty where it is empty. */
export function splitKeys(text: string): readonly string[] {
  return text === "" ? [] : text.split(",").map((key) => key.trim());
}

function areKeys(keys: readonly string[]): boolean {
  return keys.length <= API_KEYS_MAX && keys.every((key) => visibleText.test(key) && !key.includes(","));
}

export const apiKeysSchema = expecting(
  z.union([
    z.string().refine((text) => areKeys(splitKeys(text))),
    z.array(z.string()).refine((keys) => areKeys(keys)),
  ]),
  "keys without blanks, as a list or separated by commas; empty for none",
  "密钥：列表或以逗号分隔，不含空白；留空表示没有",
);

export const upstreamNameSchema = expecting(
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  "1 to 64 letters, digits, dots, hyphens or underscores",
  " 1 到 64 个字母、数字、点、连字符或下划线",
);

export const upstreamSection = section({
  kind: expecting(z.literal("ark"), "ark", " ark").optional().describe("What answers there."),
  base_url: baseUrlSchema.optional().describe("Ark's data plane."),
  anthropic_base_url: expecting(
    baseUrlSchema.nullable(),
    "an http(s) URL such as https://ark.cn-beijing.volces.com/api/compatible, or null",
    "http(s) 地址，例如 https://ark.cn-beijing.volces.com/api/compatible，或 null",
  )
    .optional()
    .describe(
      [
        "Ark's base for Anthropic's protocol; null: Messages are always translated.",
        "Default: follows from base_url (/api/v3 to /api/compatible, and so on).",
      ].join(" "),
    ),
  api_keys: apiKeysSchema
    .optional()
    .describe("The gateway's own Ark keys. Empty: each caller's own Ark key is passed on."),
});
