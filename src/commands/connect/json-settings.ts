/** Puts settings into a client's JSON file, in the file's own indentation and with every digit kept. */
import { parseExact } from "../../wire/exact-json.ts";
import { connectPhrases } from "./connect-phrases.ts";
import { dueSettings, type Edit, isTree, putInto, type Setting, type Tree } from "./setting.ts";

const INDENT = "  ";

function parse(text: string): unknown {
  try {
    return text.trim() === "" ? {} : parseExact(text);
  } catch {
    return null;
  }
}

function written(tree: Tree, original: string): string {
  const indent = /^[\t ]+(?=")/m.exec(original)?.[0] ?? INDENT;
  const text = `${JSON.stringify(tree, null, indent)}\n`;
  return original.includes("\r\n") ? text.replaceAll("\n", "\r\n") : text;
}

/** Of valid JSON: each text that a colon follows names a member. */
function membersIn(text: string): number {
  let members = 0;
  for (const [, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"\s*(:)?/g)) {
    if (colon !== undefined) members++;
  }
  return members;
}

function membersOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const values = Object.values(value);
  let members = Array.isArray(value) ? 0 : values.length;
  for (const inner of values) members += membersOf(inner);
  return members;
}

/** A name that stands twice in an object: its first value is in no tree. */
function saysTwice(text: string): boolean {
  return text.trim() !== "" && membersIn(text) > membersOf(JSON.parse(text));
}

/** Refuses what is no plain JSON object: comments could not be kept. */
export function editJson(text: string | null, settings: readonly Setting[]): Edit {
  const original = text ?? "";
  const tree = parse(original);
  if (!isTree(tree)) return { kind: "refused", reason: connectPhrases.notPlainJson };
  const before = JSON.stringify(tree);
  for (const setting of dueSettings(tree, settings)) {
    if (!putInto(tree, setting)) {
      return { kind: "refused", reason: connectPhrases.inTheWay(setting.path.join(".")) };
    }
  }
  const isChanged = JSON.stringify(tree) !== before;
  if (isChanged && saysTwice(original)) return { kind: "refused", reason: connectPhrases.saysTwice };
  return { kind: "ok", text: isChanged ? written(tree, original) : original, isChanged };
}
