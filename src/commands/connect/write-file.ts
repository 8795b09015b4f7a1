/** Puts settings into a client's own file: what is there stays, and is kept as a copy beside it. */
import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Environment } from "../../config/substitution.ts";
import type { Phrase } from "../../core/language.ts";
import type { SettingsFile } from "./client.ts";
import { connectPhrases } from "./connect-phrases.ts";
import { editDotenv } from "./dotenv-settings.ts";
import { editJson } from "./json-settings.ts";
import type { Editor, FileFormat, Setting } from "./setting.ts";
import { editToml } from "./toml-settings.ts";

export const editors: { readonly [format in FileFormat]: Editor } = {
  json: editJson,
  toml: editToml,
  dotenv: editDotenv,
};

const FILE_BYTES_MAX = 1_048_576;
/** It may hold a key. */
const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** Where the client looks for the file; null where there is no home folder. */
export function pathOf({ paths, folderVariable }: SettingsFile, environment: Environment): string | null {
  const folder = folderVariable === null ? "" : (environment[folderVariable.name] ?? "");
  const home = environment["HOME"] || environment["USERPROFILE"] || "";
  if (folder === "" && home === "") return null;
  const candidates = paths.map((path) => {
    const steps = path.split("/");
    return folder === "" ? join(home, ...steps) : join(folder, ...steps.slice(folderVariable?.replaces));
  });
  return candidates.find((path) => existsSync(path)) ?? candidates.at(-1) ?? null;
}

export type Writing =
  | { readonly kind: "written"; readonly backup: string | null }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly reason: Phrase };

function statOf(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

const MARK = "\uFEFF";

/** Null: to be decoded, it would have to lose bytes. */
function decode(bytes: Buffer): string | null {
  return isUtf8(bytes) ? bytes.toString("utf8") : null;
}

/** Beside the file, with the moment in its name; never over another one. */
function backUp(path: string, nowWallMs: number): string {
  const moment = new Date(nowWallMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  for (let copies = 0; ; copies++) {
    const backup = `${path}.${moment}${copies === 0 ? "" : `-${copies}`}.bak`;
    if (existsSync(backup)) continue;
    copyFileSync(path, backup, constants.COPYFILE_EXCL);
    return backup;
  }
}

/** A key is nobody else's on this machine to read; what the owner's group may do is the owner's affair. */
function modeOf(stats: Stats | null, settings: readonly Setting[]): number {
  if (stats === null) return OWNER_ONLY;
  return settings.some(({ isKey }) => isKey === true) ? stats.mode & 0o770 : stats.mode & 0o777;
}

/** Whole or not at all: a client that starts meanwhile reads the old file or the new one. */
function replace(path: string, text: string, mode: number, before: Stats | null): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(draft, text, { mode: OWNER_ONLY, flag: "wx", flush: true });
    // Root may change another's file, and must leave it to them.
    if (before !== null && process.getuid?.() === 0) chownSync(draft, before.uid, before.gid);
    chmodSync(draft, mode);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function write(named: string, format: FileFormat, settings: readonly Setting[], nowWallMs: number): Writing {
  const stats = statOf(named);
  if (stats?.isFile() === false) return refused(connectPhrases.notAFile);
  if (stats !== null && stats.size > FILE_BYTES_MAX) return refused(connectPhrases.tooLarge);
  if (stats === null && isLink(named)) return refused(connectPhrases.noTarget);
  // People keep such files elsewhere, and a link in their place: the link stays.
  const path = stats === null ? named : realpathSync(named);
  const bytes = stats === null ? null : readFileSync(path);
  const text = bytes === null ? null : decode(bytes);
  if (bytes !== null && text === null) return refused(connectPhrases.notUtf8);
  const mark = text?.startsWith(MARK) === true ? MARK : "";
  const edit = editors[format](text?.slice(mark.length) ?? null, settings);
  if (edit.kind === "refused") return edit;
  if (!edit.isChanged) return { kind: "unchanged" };
  mkdirSync(dirname(path), { recursive: true, mode: OWNER_ONLY_FOLDER });
  const backup = bytes === null ? null : backUp(path, nowWallMs);
  if (bytes !== null && backup !== null && !readFileSync(backup).equals(bytes)) {
    rmSync(backup, { force: true });
    return refused(connectPhrases.changedMeanwhile);
  }
  replace(path, mark + edit.text, modeOf(stats, settings), stats);
  return { kind: "written", backup };
}

function refused(reason: Phrase): Writing {
  return { kind: "refused", reason };
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** Never throws for what the file system refuses: its word is the reason. */
export function writeSettings(
  path: string,
  format: FileFormat,
  settings: readonly Setting[],
  nowWallMs: number,
): Writing {
  try {
    return write(path, format, settings, nowWallMs);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { kind: "refused", reason: connectPhrases.system(code) };
  }
}
