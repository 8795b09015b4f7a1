/** Puts variables into a client's `.env` file, line by line, and reads the result again to be sure. */
import { isDeepStrictEqual, parseEnv } from "node:util";
import { connectPhrases } from "./connect-phrases.ts";
import type { Edit, Setting } from "./setting.ts";

/** What every reader of such files takes without quotes. */
const PLAIN = /^[\w.:/@%+=,-]+$/;

/** Between double quotes, some readers put variables and the outputs of commands, and resolve escapes. */
const AT_RISK = /["$`\\]/;
/** No part of the value, where it has no quote behind it. */
const COMMENT = /\s+#[^'"]*$/;

/** What every reader takes for the value; null where there is no such text. */
function written(value: string): string | null {
  if (PLAIN.test(value)) return value;
  if (!value.includes("'")) return `'${value}'`;
  return AT_RISK.test(value) ? null : `"${value}"`;
}

function withVariable(lines: readonly string[], name: string, value: string, end: string): readonly string[] {
  const pattern = new RegExp(`^(\\s*(?:export\\s+)?)${name}\\s*=`);
  if (!lines.some((line) => pattern.test(line))) return [...lines, `${name}=${value}${end}`];
  // Readers differ on which of two lines counts, so each of them says the same.
  return lines.map((line) => {
    const [found, before = ""] = pattern.exec(line) ?? [];
    if (found === undefined) return line;
    const ending = line.endsWith("\r") ? "\r" : "";
    const [comment = ""] = COMMENT.exec(line.slice(0, line.length - ending.length)) ?? [];
    return `${before}${name}=${value}${comment}${ending}`;
  });
}

/** Comments and other variables stay as they are. */
export function editDotenv(text: string | null, settings: readonly Setting[]): Edit {
  const original = text ?? "";
  const variables = settings.map(({ path, value }) => [path[0] ?? "", String(value)] as const);
  const before = { ...parseEnv(original) };
  const wanted = { ...before, ...Object.fromEntries(variables) };
  if (isDeepStrictEqual(before, wanted)) return { kind: "ok", text: original, isChanged: false };
  const end = original.includes("\r\n") ? "\r" : "";
  const isOpen = original !== "" && !original.endsWith("\n");
  let lines: readonly string[] = (isOpen ? `${original}${end}\n` : original).split("\n").slice(0, -1);
  for (const [name, value] of variables) {
    const text = written(value);
    if (text === null) return { kind: "refused", reason: connectPhrases.wouldChangeMore };
    lines = withVariable(lines, name, text, end);
  }
  const edited = `${lines.join("\n")}\n`;
  if (!isDeepStrictEqual({ ...parseEnv(edited) }, wanted)) {
    return { kind: "refused", reason: connectPhrases.wouldChangeMore };
  }
  return { kind: "ok", text: edited, isChanged: true };
}
