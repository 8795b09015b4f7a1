/** The file that leads the command line to a running gateway: its control plane, and a key to it. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE_NAME = "control.json";
const OWNER_ONLY = 0o600;
const FILE_BYTES_MAX = 4_096;
const TOKEN_BYTES = 32;
const TOKEN_PATTERN = /^vp-local-[A-Za-z0-9_-]{43}$/;

export type ControlAccess = {
  /** The control plane as this machine reaches it, such as `http://127.0.0.1:5001`. */
  readonly url: string;
  /** Opens the admin API for as long as this gateway runs. Never logged. */
  readonly token: string;
  readonly pid: number;
};

/** A new one for each start: 256 random bits. */
export function newLocalToken(): string {
  return `vp-local-${randomBytes(TOKEN_BYTES).toString("base64url")}`;
}

function pathIn(folder: string): string {
  return join(folder, FILE_NAME);
}

/**
 * Whole or not at all, for its owner alone. Only whoever has the folder's lock may write it.
 * @throws Error of the file system
 */
export function writeControlFile(folder: string, access: Omit<ControlAccess, "pid">): void {
  const path = pathIn(folder);
  const draft = `${path}.${process.pid}`;
  rmSync(draft, { force: true });
  try {
    const text = `${JSON.stringify({ ...access, pid: process.pid })}\n`;
    writeFileSync(draft, text, { mode: OWNER_ONLY, flag: "wx" });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Takes the file away, unless another gateway has the folder by now and has written its own. */
export function removeControlFile(folder: string, token: string): void {
  const reading = readControlFile(folder);
  if (reading.kind === "ok" && reading.access.token === token) rmSync(pathIn(folder), { force: true });
}

/** `forbidden`: it is another user's; `missing`: none there, or nothing that a gateway would write. */
export type ControlFileReading =
  | { readonly kind: "ok"; readonly access: ControlAccess }
  | { readonly kind: "missing" | "forbidden" };

/** What the folder says; a gateway that was killed has left a file behind that leads nowhere. */
export function readControlFile(folder: string): ControlFileReading {
  try {
    const text = readFileSync(pathIn(folder), "utf8");
    const access = text.length <= FILE_BYTES_MAX ? accessOf(JSON.parse(text)) : null;
    return access === null ? { kind: "missing" } : { kind: "ok", access };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { kind: code === "EACCES" || code === "EPERM" ? "forbidden" : "missing" };
  }
}

function accessOf(value: unknown): ControlAccess | null {
  if (typeof value !== "object" || value === null) return null;
  if (!("url" in value && "token" in value && "pid" in value)) return null;
  const { url, token, pid } = value;
  if (typeof url !== "string" || typeof token !== "string" || typeof pid !== "number") return null;
  return isPlainHttp(url) && TOKEN_PATTERN.test(token) ? { url, token, pid } : null;
}

/** What a gateway writes: an address and a port, nothing else. */
function isPlainHttp(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.protocol === "http:" && url.origin === text;
}
