/** Puts variables into a client's `.env` file, line by line, and reads the result again to be sure. */
import { isDeepStrictEqual, parseEnv } from "node:util";
import { connectPhrases } from "./connect-phrases.ts";
import type { Edit, Setting } from "./setting.ts";

/** What every reader of such files takes without quotes. */
const PLAIN = /^[\w.:/@%+=,-]+$/;

function lineOf(name: string, value: string): string {
  return `${name}=${PLAIN.test(value) ? value : `"${value}"`}`;
}

function withVariable(lines: readonly string[], name: string, value: string): readonly string[] {
  const pattern = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`);
  const line = lineOf(name, value);
  if (!lines.some((each) => pattern.test(each))) return [...lines, line];
  // Readers differ on which of two lines counts, so each of them says the same.
  return lines.map((each) => (pattern.test(each) ? line : each));
}

/** Comments and other variables stay as they are. */
export function editDotenv(text: string | null, settings: readonly Setting[]): Edit {
  const original = text ?? "";
  const variables = settings.map(({ path, value }) => [path[0] ?? "", String(value)] as const);
  const before = { ...parseEnv(original) };
  const wanted = { ...before, ...Object.fromEntries(variables) };
  if (isDeepStrictEqual(before, wanted)) return { kind: "ok", text: original, isChanged: false };
  const end = original.includes("\r\n") ? "\r\n" : "\n";
  let lines: readonly string[] = original === "" ? [] : original.replace(/\r?\n$/, "").split(/\r?\n/);
  for (const [name, value] of variables) lines = withVariable(lines, name, value);
  const edited = `${lines.join(end)}${end}`;
  if (!isDeepStrictEqual({ ...parseEnv(edited) }, wanted)) {
    return { kind: "refused", reason: connectPhrases.wouldChangeMore };
  }
  return { kind: "ok", text: edited, isChanged: true };
}
