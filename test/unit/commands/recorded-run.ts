/** Runs commands inside the test, in a folder of their own, and records what they write. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Flags } from "../../../src/commands/flags.ts";
import type { Invocation, Output, Surroundings } from "../../../src/commands/invocation.ts";
import type { Environment } from "../../../src/config/substitution.ts";
import { languageOf } from "../../../src/core/language.ts";

export class RecordedOutput implements Output {
  readonly isTerminal: boolean;
  text = "";

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal;
  }

  write(text: string): void {
    this.text += text;
  }

  get lines(): readonly string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

export type Recorded = Surroundings & {
  readonly standardOutput: RecordedOutput;
  readonly standardError: RecordedOutput;
};

/** An empty folder that goes when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "commands-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

export function surroundings(environment: Environment = {}, isTerminal = false): Recorded {
  return {
    environment,
    workingFolder: temporaryFolder(),
    language: languageOf(environment),
    standardOutput: new RecordedOutput(isTerminal),
    standardError: new RecordedOutput(isTerminal),
  };
}

export function invocationOf(
  command: Invocation["command"],
  flags: Flags = {},
  environment: Environment = {},
  isTerminal = false,
): Invocation & Recorded {
  return { ...surroundings(environment, isTerminal), command, flags };
}
