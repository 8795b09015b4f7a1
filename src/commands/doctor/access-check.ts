/** Who may come in, and whether anybody could: the mode in force and the keys that open. */
import { existsSync } from "node:fs";
import type { AuthMode, Config } from "../../config/config.ts";
import { holdsArkKey } from "../../config/resolve-auth.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Phrase } from "../../core/language.ts";
import { ledgerPath } from "../../ledger/store/ledger-file.ts";
import { keyJson } from "../../server/admin/key-schemas.ts";
import { keysIn } from "../ledger-reading.ts";
import { type Finding, finding } from "./finding.ts";

function passthroughFinding(lends: boolean): Finding {
  if (!lends) {
    const text = {
      en: "auth.mode is passthrough: each caller's own Ark key goes to Ark",
      zh: "auth.mode 为 passthrough：调用方自己的方舟密钥直接转给方舟",
    };
    return finding("access", "ok", text);
  }
  const text = {
    en: "auth.mode is passthrough, and everybody who reaches the port spends the gateway's Ark key",
    zh: "auth.mode 为 passthrough，任何能访问端口者都会使用网关的方舟密钥",
  };
  return finding("access", "warning", text, {
    en: "set auth.mode to keys, and make keys with volcano-proxy keys create",
    zh: "请将 auth.mode 设为 keys，并用 volcano-proxy keys create 新建密钥",
  });
}

function countPhrase(mode: AuthMode, count: number): Phrase {
  const keys = count === 1 ? "1 key opens" : `${count} keys open`;
  return { en: `auth.mode is ${mode}: ${keys}`, zh: `auth.mode 为 ${mode}：${count} 个密钥有效` };
}

/** Reads the ledger beside a running gateway or without one. @param wallMs what is over by now */
export function checkAccess({ auth: { mode }, upstreams, ledger }: Config, wallMs: number): Finding {
  if (mode === "passthrough") return passthroughFinding(holdsArkKey(upstreams));
  const first = {
    en: "the next start makes a first key and shows it once; volcano-proxy keys create makes one now",
    zh: "下次启动时会新建首个密钥并显示一次；也可用 volcano-proxy keys create 立即新建",
  };
  if (!existsSync(ledgerPath(ledger.folder))) return finding("access", "ok", countPhrase(mode, 0), first);
  try {
    const keys = keysIn(ledger.folder).map((key) => keyJson(key, wallMs));
    const usable = keys.filter(({ state }) => state === "active").length;
    return finding("access", "ok", countPhrase(mode, usable), usable === 0 ? first : null);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const text = {
      en: `auth.mode is ${mode}; the keys cannot be counted: ${error.message}`,
      zh: `auth.mode 为 ${mode}；无法统计密钥：${error.message}`,
    };
    return finding("access", "failed", text);
  }
}
