/** What the doctor looks at on this machine: are the ports free, can the data folder be written to. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { request } from "undici";
import type { Phrase } from "../../core/language.ts";
import { PRODUCT } from "../../core/version.ts";
import { localUrlOf } from "../listening.ts";
import { type Finding, finding } from "./finding.ts";

const ASK_MS = 2_000;
const BODY_BYTES_MAX = 4_096;

/** The code of the error that listening gave; null where it worked. */
async function tryToListen(host: string, port: number): Promise<string | null> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<string | null>();
  server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  return promise;
}

async function isGateway(host: string, port: number): Promise<boolean> {
  try {
    const options = { headersTimeout: ASK_MS, bodyTimeout: ASK_MS, signal: AbortSignal.timeout(ASK_MS) };
    const { body } = await request(localUrlOf({ host, port }), options);
    let text = "";
    for await (const piece of body) {
      text += String(piece);
      if (text.length > BODY_BYTES_MAX) break;
    }
    return text.includes(`"${PRODUCT}"`);
  } catch {
    return false;
  }
}

function portAdvice(code: string, port: number, flag: string): Phrase {
  switch (code) {
    case "EADDRINUSE":
      return port === 5_000
        ? {
            en: `choose another with ${flag}; on macOS it is AirPlay Receiver's`,
            zh: `用 ${flag} 换一个；macOS 上多为隔空播放接收器占用`,
          }
        : { en: `choose another with ${flag}`, zh: `用 ${flag} 换一个` };
    case "EACCES":
      return { en: `choose one of 1024 or more with ${flag}`, zh: `用 ${flag} 换成 1024 或更大的端口` };
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return { en: "choose an address of this machine", zh: "请改用本机拥有的地址" };
    default:
      return { en: `choose another address or port (${code})`, zh: `请更换地址或端口（${code}）` };
  }
}

export async function checkPort(host: string, port: number, flag: string): Promise<Finding> {
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const code = await tryToListen(host, port);
  if (code === null) return finding("port", "ok", { en: `${at} is free`, zh: `${at} 空闲` });
  if (code === "EADDRINUSE" && (await isGateway(host, port))) {
    return finding("port", "ok", { en: `the gateway is running on ${at}`, zh: `网关正运行于 ${at}` });
  }
  const text =
    code === "EADDRINUSE"
      ? { en: `${at} is taken by another program`, zh: `${at} 已被其他程序占用` }
      : { en: `${at} cannot be listened on (${code})`, zh: `无法监听 ${at}（${code}）` };
  return finding("port", "failed", text, portAdvice(code, port, flag));
}

/** Itself, or the folder in which it would be made. */
function existingFolder(folder: string): string {
  let found = folder;
  while (!existsSync(found) && dirname(found) !== found) found = dirname(found);
  return found;
}

/** Whether the ledger could be written: into its folder, or into the one in which that would be made. */
export async function checkDisk(folder: string): Promise<Finding> {
  const writable = existingFolder(folder);
  const path = join(writable, `.${PRODUCT}-doctor-${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(path, "x", { flag: "wx" });
    await rm(path);
    const text =
      writable === folder
        ? { en: `the data folder ${folder} is writable`, zh: `数据目录 ${folder} 可写` }
        : {
            en: `the data folder ${folder} can be made at the first start`,
            zh: `首次启动时可以创建数据目录 ${folder}`,
          };
    return finding("disk", "ok", text);
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code);
    const text = {
      en: `the data folder ${folder} cannot be written to (${code})`,
      zh: `数据目录 ${folder} 不可写（${code}）`,
    };
    return finding("disk", "failed", text, {
      en: "set VOLCANO_PROXY_DATA to a folder of yours, with room on its disk",
      zh: "请把 VOLCANO_PROXY_DATA 设为有权限且有空间的目录",
    });
  }
}
