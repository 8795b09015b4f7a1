/** One run of a command: what it was given, and where it writes; tests make their own. */
import type { Environment } from "../config/substitution.ts";
import type { Language } from "../core/language.ts";
import type { CommandName } from "./command-names.ts";
import type { Flags } from "./flags.ts";

/** The exit codes of every command. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

export interface Output {
  write(text: string): void;
  /** A person reads along: colours and progress are welcome. */
  readonly isTerminal: boolean;
}

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
  /** What the command is about, such as a file; for the commands that want one. */
  readonly operand?: string;
};
