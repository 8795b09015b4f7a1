/**
 * Puts settings into a client's TOML file (https://toml.io/en/v1.0.0) by changing single lines, so that
 * comments stay, and reads the result again: where it would say anything else than meant, it is refused.
 */
import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "smol-toml";
import { connectPhrases } from "./connect-phrases.ts";
import {
  dueSettings,
  type Edit,
  isTree,
  putInto,
  type Setting,
  type SettingValue,
  type Tree,
} from "./setting.ts";

const HEADER = /^\s*\[/;
/** A text of one line, or a bare word such as a number; then a comment, which stays. */
const VALUE = /^\s*(?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w.+:-]+)(\s*(?:#.*)?)$/;

function parseToml(text: string): Tree | null {
  try {
    return parse(text, { integersAsBigInt: "asNeeded" }) as Tree;
  } catch {
    return null;
  }
}

/** The names in a header such as `[model_providers.mine]`; null for one of a list of tables. */
function tableOf(header: string): readonly string[] | null {
  const path: string[] = [];
  let tree: unknown = parseToml(header);
  while (isTree(tree)) {
    const [name] = Object.keys(tree);
    if (name === undefined) return path;
    path.push(name);
    tree = tree[name];
  }
  return null;
}

/** The lines of a table, its header not counted; null where the file has none. */
function regionOf(lines: readonly string[], table: readonly string[]): { from: number; to: number } | null {
  let from = 0;
  if (table.length > 0) {
    const header = lines.findIndex(
      (line) => HEADER.test(line) && isDeepStrictEqual(tableOf(line.trimEnd()), table),
    );
    if (header < 0) return null;
    from = header + 1;
  }
  const next = lines.findIndex((line, index) => index >= from && HEADER.test(line));
  return { from, to: next < 0 ? lines.length : next };
}

function assignment(name: string, value: SettingValue): string {
  return stringify({ [name]: value }).trimEnd();
}

/** Null where the line's value goes on over further lines. */
function withValue(line: string, name: string, value: SettingValue): string | null {
  const equals = line.indexOf("=");
  const ending = line.endsWith("\r") ? "\r" : "";
  const match = VALUE.exec(line.slice(equals + 1, line.length - ending.length));
  return match === null ? null : `${assignment(name, value)}${match[1]}${ending}`;
}

function hasKey(line: string, name: string): boolean {
  const [, bare, quoted, literal] = /^\s*(?:([\w-]+)|"([^"\\]*)"|'([^']*)')\s*=/.exec(line) ?? [];
  return (bare ?? quoted ?? literal) === name;
}

/** Behind the last line of the region that says something. */
function endOf(lines: readonly string[], { from, to }: { from: number; to: number }): number {
  const last = lines.findLastIndex(
    (line, index) => index >= from && index < to && !/^\s*(?:#.*)?$/.test(line),
  );
  return last < 0 ? from : last + 1;
}

class TomlLines {
  readonly lines: string[];
  readonly #ending: string;

  constructor(text: string) {
    this.#ending = text.includes("\r\n") ? "\r" : "";
    const isOpen = text !== "" && !text.endsWith("\n");
    this.lines = (isOpen ? `${text}${this.#ending}\n` : text).split("\n");
  }

  /** False where the setting's line cannot be changed by itself. */
  put({ path, value }: Setting): boolean {
    const table = path.slice(0, -1);
    const name = path.at(-1) ?? "";
    const region = regionOf(this.lines, table) ?? this.#newTable(table);
    const at = this.lines.findIndex(
      (line, index) => index >= region.from && index < region.to && hasKey(line, name),
    );
    if (at < 0) {
      const end = endOf(this.lines, region);
      const isBeforeHeader = HEADER.test(this.lines[end] ?? "");
      this.#insert(end, assignment(name, value), ...(isBeforeHeader ? [""] : []));
      return true;
    }
    const line = withValue(this.lines[at] ?? "", name, value);
    if (line === null) return false;
    this.lines[at] = line;
    return true;
  }

  #insert(at: number, ...lines: readonly string[]): void {
    this.lines.splice(at, 0, ...lines.map((line) => line + this.#ending));
  }

  /** At the end of the file, with a blank line before it. */
  #newTable(table: readonly string[]): { from: number; to: number } {
    while (this.lines.length > 0 && this.lines.at(-1)?.trim() === "") this.lines.pop();
    const header = `[${table.map((name) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name))).join(".")}]`;
    this.#insert(this.lines.length, ...(this.lines.length === 0 ? [] : [""]), header);
    const from = this.lines.length;
    this.lines.push("");
    return { from, to: from };
  }
}

/** Refuses what is not TOML, and what a change of single lines would turn into something else. */
export function editToml(text: string | null, settings: readonly Setting[]): Edit {
  const original = text ?? "";
  const before = parseToml(original);
  const wanted = parseToml(original);
  if (before === null || wanted === null) return { kind: "refused", reason: connectPhrases.notToml };
  const lines = new TomlLines(original);
  for (const setting of dueSettings(before, settings)) {
    if (!putInto(wanted, setting)) {
      return { kind: "refused", reason: connectPhrases.inTheWay(setting.path.join(".")) };
    }
    if (!lines.put(setting)) return { kind: "refused", reason: connectPhrases.wouldChangeMore };
  }
  if (isDeepStrictEqual(before, wanted)) return { kind: "ok", text: original, isChanged: false };
  const edited = lines.lines.join("\n");
  const after = parseToml(edited);
  if (!isDeepStrictEqual(after, wanted)) return { kind: "refused", reason: connectPhrases.wouldChangeMore };
  return { kind: "ok", text: edited, isChanged: true };
}
