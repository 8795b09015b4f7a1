/** One run of a command: what it was given, and where it writes; tests make their own. */
import type { Environment } from "../config/substitution.ts";
import type { Language } from "../core/language.ts";

export const commandNames = [
  "serve",
  "demo",
  "simulate",
  "check",
  "models",
  "usage",
  "reconcile",
  "doctor",
] as const;
export type CommandName = (typeof commandNames)[number];

/** The exit codes of every command. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

export interface Output {
  write(text: string): void;
  /** A person reads along: colours and progress are welcome. */
  readonly isTerminal: boolean;
}

/** What the command line gave, checked; undefined where it gave nothing. */
export type Flags = {
  readonly port?: number;
  readonly host?: string;
  readonly controlPort?: number;
  readonly config?: string;
  readonly scenario?: string;
  readonly seed?: number;
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
  readonly key?: string;
  readonly model?: string;
  readonly columns?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
};

/** What surrounds the program, whichever command it runs. */
export type Surroundings = {
  readonly environment: Environment;
  readonly workingFolder: string;
  readonly language: Language;
  readonly standardOutput: Output;
  readonly standardError: Output;
};

export type Invocation = Surroundings & {
  readonly command: CommandName;
  readonly flags: Flags;
  /** The file that the command is about; only `reconcile` has one. */
  readonly file?: string;
};
