/** `check`: prints what the configuration resolves to with secrets masked, its warnings, and every error. */
import { stringify } from "yaml";
import type { Config } from "../config/config.ts";
import { maskedSettings, maskSecret } from "../config/masked.ts";
import { type Problem, placeText, reasonText } from "../config/problem.ts";
import { type BrokenReading, type GoodReading, readConfig } from "../config/read-config.ts";
import type { Language } from "../core/language.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { checkPhrases } from "./messages.ts";
import { paintFor } from "./text-layout.ts";

/** The problem on one line: place, setting, what is wrong. */
export function problemLine(problem: Problem, language: Language): string {
  const parts = [placeText(problem), problem.path, reasonText(problem.reason, language)];
  return parts.filter((part) => part !== "").join(": ");
}

function problemObject(problem: Problem): object {
  const { file, line, column, path, message, reason } = problem;
  return { file, line, column, path, kind: reason.kind, message };
}

function maskedKeys({ control: { adminKey, readKey } }: Config): {
  readonly adminKey: string | null;
  readonly readKey: string | null;
} {
  return { adminKey: adminKey && maskSecret(adminKey), readKey: readKey && maskSecret(readKey) };
}

function printJson(invocation: Invocation, reading: GoodReading | BrokenReading): void {
  const keys = reading.kind === "ok" ? maskedKeys(reading.config) : null;
  const result =
    reading.kind === "ok"
      ? {
          ok: true,
          file: reading.file,
          settings: maskedSettings(reading.config),
          log: reading.config.log,
          data_folder: reading.config.ledger.folder,
          admin_key: keys?.adminKey ?? null,
          read_key: keys?.readKey ?? null,
          warnings: reading.warnings.map(problemObject),
          problems: [],
        }
      : { ok: false, file: reading.file, warnings: [], problems: reading.problems.map(problemObject) };
  invocation.standardOutput.write(`${JSON.stringify(result, null, 2)}\n`);
}

function printGood(invocation: Invocation, reading: GoodReading): void {
  const { standardOutput: output, language, environment } = invocation;
  const paint = paintFor(output, environment);
  const { file, config, warnings } = reading;
  const from = file === null ? checkPhrases.noFile : checkPhrases.from(file);
  const { level, format } = config.log;
  output.write(`${paint("dim", `# ${from[language]}`)}\n`);
  output.write(`${paint("dim", `# ${checkPhrases.log(level, format)[language]}`)}\n`);
  output.write(`${paint("dim", `# ${checkPhrases.ledger(config.ledger.folder)[language]}`)}\n`);
  const { adminKey, readKey } = maskedKeys(config);
  if (adminKey !== null) output.write(`${paint("dim", `# ${checkPhrases.adminKey(adminKey)[language]}`)}\n`);
  if (readKey !== null) output.write(`${paint("dim", `# ${checkPhrases.readKey(readKey)[language]}`)}\n`);
  output.write("\n");
  output.write(`${stringify(maskedSettings(config), { lineWidth: 0 })}\n`);
  for (const warning of warnings) {
    const label = paint("yellow", checkPhrases.warning[language]);
    output.write(`${label}: ${problemLine(warning, language)}\n`);
  }
  output.write(`${paint("green", checkPhrases.good[language])}\n`);
}

/** Each problem on a line of its own, then their number. */
export function printProblems(invocation: Invocation, problems: readonly Problem[]): void {
  const { standardError: output, language, environment } = invocation;
  const paint = paintFor(output, environment);
  for (const problem of problems) {
    output.write(`${paint("red", checkPhrases.error[language])}: ${problemLine(problem, language)}\n`);
  }
  output.write(`${checkPhrases.broken(problems.length)[language]}\n`);
}

export async function check(invocation: Invocation): Promise<number> {
  const reading = readConfig(invocation);
  if (invocation.flags.json === true) printJson(invocation, reading);
  else if (reading.kind === "ok") printGood(invocation, reading);
  else printProblems(invocation, reading.problems);
  return reading.kind === "ok" ? exitCodes.ok : exitCodes.failed;
}
