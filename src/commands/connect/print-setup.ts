/** Prints what a client is to be told, for people to copy and for programs to read. */
import type { Language, Phrase } from "../../core/language.ts";
import type { Invocation } from "../invocation.ts";
import { displayWidth, paintFor } from "../text-layout.ts";
import type { SettingsFile, Setup } from "./client.ts";
import type { ClientName } from "./client-names.ts";
import { connectPhrases } from "./connect-phrases.ts";
import type { Setting } from "./setting.ts";
import { exportLines, shellLine } from "./shell-text.ts";
import type { SiteModel } from "./site.ts";
import { editors, pathOf } from "./write-file.ts";

/** All that is printed of one client. */
export type Sheet = {
  readonly client: ClientName;
  readonly title: string;
  readonly baseUrl: string;
  readonly model: SiteModel;
  readonly setup: Setup;
  /** On this run: where the model comes from, what the key's word stands for. */
  readonly notes: readonly Phrase[];
};

/** A file that says nothing but these settings. */
export function fileText({ format }: SettingsFile, settings: readonly Setting[]): string {
  const edit = editors[format](null, settings);
  return edit.kind === "ok" ? edit.text : "";
}

/** The path with `~` for the home folder, as people write it. */
export function shownPath(file: SettingsFile, environment: Invocation["environment"]): string {
  const path = pathOf(file, environment);
  if (path === null) return `~/${file.paths.at(-1)}`;
  const home = environment["HOME"] || environment["USERPROFILE"] || "";
  return home !== "" && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** Where the environment holds the key, a file with nothing but the key is only for `--write`. */
function shownFiles({ files }: Setup): readonly SettingsFile[] {
  return files.filter(({ settings }) => settings.some(({ isKey }) => isKey !== true));
}

type Part = { readonly title: Phrase; readonly text: string };

function fieldLines({ fields }: Setup, language: Language): string {
  const width = Math.max(0, ...fields.map(([label]) => displayWidth(label[language])));
  const lines = fields.map(([label, value]) => {
    const blanks = " ".repeat(width - displayWidth(label[language]));
    return `${label[language]}${blanks}  ${value}\n`;
  });
  return lines.join("");
}

function partsOf(setup: Setup, { environment, language }: Invocation): readonly Part[] {
  const { snippets, fields, command, isEnvironmentEnough } = setup;
  const inShell = isEnvironmentEnough ? connectPhrases.orInShell : connectPhrases.inShell;
  return [
    ...shownFiles(setup).map((file) => ({
      title: connectPhrases.inFile(shownPath(file, environment)),
      text: fileText(file, file.settings),
    })),
    ...(fields.length === 0 ? [] : [{ title: connectPhrases.typed, text: fieldLines(setup, language) }]),
    ...(command === null ? [] : [{ title: connectPhrases.byCommand, text: `${shellLine(command)}\n` }]),
    ...(setup.environment.length === 0 ? [] : [{ title: inShell, text: exportLines(setup.environment) }]),
    ...snippets.map(({ title, text }) => ({ title, text })),
  ];
}

/** The texts themselves stand at the left edge, so that they can be copied as they are. */
export function printSheet(invocation: Invocation, sheet: Sheet): void {
  const { standardOutput: output, language, environment } = invocation;
  const paint = paintFor(output, environment);
  const { client, title, baseUrl, model, setup } = sheet;
  const head = connectPhrases.head(title, baseUrl, model.name, model.contextTokens);
  output.write(`${paint("bold", head[language])}\n`);
  for (const part of partsOf(setup, invocation)) {
    output.write(`\n${paint("dim", part.title[language])}\n\n${part.text}`);
  }
  const canWrite = setup.files.length > 0 || setup.command !== null;
  const notes = [...sheet.notes, ...setup.notes, ...(canWrite ? [connectPhrases.canWrite(client)] : [])];
  if (notes.length > 0) output.write(`\n${notes.map((note) => note[language]).join("\n")}\n`);
}

export function sheetObject(sheet: Sheet, { environment, language }: Invocation): object {
  const { client, title, baseUrl, model, setup } = sheet;
  return {
    client,
    title,
    base_url: baseUrl,
    model: model.name,
    context_tokens: model.contextTokens,
    files: setup.files.map((file) => ({
      path: pathOf(file, environment),
      format: file.format,
      text: fileText(file, file.settings),
    })),
    environment: Object.fromEntries(setup.environment),
    command: setup.command,
    snippets: setup.snippets.map(({ format, text }) => ({ format, text })),
    fields: setup.fields.map(([label, value]) => ({ label: label[language], value })),
    notes: [...sheet.notes, ...setup.notes].map((note) => note[language]),
  };
}
