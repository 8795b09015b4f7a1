/** Puts settings into a client's own file: what is there stays, and is kept as a copy beside it. */
import { randomBytes } from "node:crypto";
import {
  constants,
  copyFileSync,
  existsSync,
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

/** Whole or not at all: a client that starts meanwhile reads the old file or the new one. */
function replace(path: string, text: string, mode: number): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(draft, text, { mode, flag: "wx", flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function write(named: string, format: FileFormat, settings: readonly Setting[], nowWallMs: number): Writing {
  const stats = statOf(named);
  if (stats?.isFile() === false) return { kind: "refused", reason: connectPhrases.notAFile };
  if (stats !== null && stats.size > FILE_BYTES_MAX)
    return { kind: "refused", reason: connectPhrases.tooLarge };
  // People keep such files elsewhere, and a link in their place: the link stays.
  const path = stats === null ? named : realpathSync(named);
  const edit = editors[format](stats === null ? null : readFileSync(path, "utf8"), settings);
  if (edit.kind === "refused") return edit;
  if (!edit.isChanged) return { kind: "unchanged" };
  mkdirSync(dirname(path), { recursive: true, mode: OWNER_ONLY_FOLDER });
  const backup = stats === null ? null : backUp(path, nowWallMs);
  replace(path, edit.text, stats === null ? OWNER_ONLY : stats.mode & 0o777);
  return { kind: "written", backup };
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
