/** `connect --write`: puts a client's settings where the client keeps them, and says what became of them. */
import { spawnSync } from "node:child_process";
import { exitCodes, type Invocation } from "../invocation.ts";
import type { SettingsFile } from "./client.ts";
import { connectPhrases } from "./connect-phrases.ts";
import { fileText, type Sheet, shownPath } from "./print-setup.ts";
import { shellLine } from "./shell-text.ts";
import type { Site } from "./site.ts";
import { pathOf, type Writing, writeSettings } from "./write-file.ts";

const COMMAND_MS = 60_000;

type FileOutcome = {
  readonly file: SettingsFile;
  readonly path: string;
  readonly writing: Writing;
  /** What was to be written. */
  readonly text: string;
};

function writeAll(invocation: Invocation, sheet: Sheet, site: Site): readonly FileOutcome[] | null {
  const outcomes: FileOutcome[] = [];
  for (const file of sheet.setup.files) {
    const settings = file.settings.filter(({ isKey }) => site.key !== null || isKey !== true);
    if (settings.length === 0) continue;
    const path = pathOf(file, invocation.environment);
    if (path === null) return null;
    const writing = writeSettings(path, file.format, settings, Date.now());
    outcomes.push({ file, path, writing, text: fileText(file, settings) });
  }
  return outcomes;
}

function sayOutcome(invocation: Invocation, { file, path, writing, text }: FileOutcome): void {
  const { standardOutput, standardError, language, environment } = invocation;
  switch (writing.kind) {
    case "written":
      standardOutput.write(`${connectPhrases.wrote(path)[language]}\n`);
      if (writing.backup !== null) {
        standardOutput.write(`${connectPhrases.backup(writing.backup)[language]}\n`);
      }
      return;
    case "unchanged":
      standardOutput.write(`${connectPhrases.unchanged(path)[language]}\n`);
      return;
    case "refused": {
      const shown = shownPath(file, environment);
      standardError.write(`${connectPhrases.refused(shown, writing.reason)[language]}\n\n${text}`);
    }
  }
}

function outcomeObject({ path, writing }: FileOutcome, language: Invocation["language"]): object {
  return {
    path,
    outcome: writing.kind,
    backup: writing.kind === "written" ? writing.backup : null,
    reason: writing.kind === "refused" ? writing.reason[language] : null,
  };
}

/** The variable under which the client looks for its key, where it was not written. */
function keyVariableOf({ setup }: Sheet, { keyText }: Site): string {
  return setup.environment.find(([, value]) => value === keyText)?.[0] ?? "";
}

function writeFiles(invocation: Invocation, sheet: Sheet, site: Site): number {
  const { standardOutput, standardError, language, flags } = invocation;
  const outcomes = writeAll(invocation, sheet, site);
  if (outcomes === null) {
    standardError.write(`${connectPhrases.noHome[language]}\n`);
    return exitCodes.failed;
  }
  if (flags.json === true) {
    const files = outcomes.map((outcome) => outcomeObject(outcome, language));
    const written = { client: sheet.client, has_key: site.key !== null, files };
    standardOutput.write(`${JSON.stringify(written, null, 2)}\n`);
  } else {
    for (const outcome of outcomes) sayOutcome(invocation, outcome);
  }
  const keyNote = connectPhrases.keyLeftOut(keyVariableOf(sheet, site), site.keyText);
  const notes = [...sheet.notes, ...sheet.setup.notes, ...(site.key === null ? [keyNote] : [])];
  for (const note of notes) standardError.write(`${note[language]}\n`);
  return outcomes.some(({ writing }) => writing.kind === "refused") ? exitCodes.failed : exitCodes.ok;
}

function runCommand(invocation: Invocation, command: readonly string[], site: Site): number {
  const { standardOutput, standardError, language, environment } = invocation;
  const [program = "", ...words] = command;
  if (site.key === null) {
    standardError.write(`${connectPhrases.keyNeeded(program)[language]}\n`);
    return exitCodes.failed;
  }
  const { status, signal, error } = spawnSync(program, words, {
    env: environment,
    stdio: "ignore",
    timeout: COMMAND_MS,
  });
  if (status === 0) {
    standardOutput.write(`${connectPhrases.ranCommand(program)[language]}\n`);
    return exitCodes.ok;
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const reason = code ?? signal ?? `exit ${status}`;
  const failed = connectPhrases.commandFailed(program, reason);
  standardError.write(`${failed[language]}\n\n${shellLine(command)}\n`);
  return exitCodes.failed;
}

/** @returns the exit code: 1 where something could not be written; it has been said what to do */
export function writeSetup(invocation: Invocation, sheet: Sheet, site: Site): number {
  const { command, files } = sheet.setup;
  if (command !== null) return runCommand(invocation, command, site);
  if (files.length > 0) return writeFiles(invocation, sheet, site);
  invocation.standardError.write(`${connectPhrases.cannotWrite(sheet.title)[invocation.language]}\n`);
  return exitCodes.failed;
}
