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
  return { kind: "ok", text: isChanged ? written(tree, original) : original, isChanged };
}
