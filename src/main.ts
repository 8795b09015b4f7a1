/** The command line: reads the words, and hands over to the command that they name. */

import { type CommandLine, readArguments } from "./commands/arguments.ts";
import type { CommandName } from "./commands/command-names.ts";
import { helpText } from "./commands/help.ts";
import { exitCodes, type Invocation, type Output, type Surroundings } from "./commands/invocation.ts";
import { seeHelp, usagePhrase } from "./commands/messages.ts";
import type { Language } from "./core/language.ts";
import { languageOf } from "./core/language.ts";
import { VERSION } from "./core/version.ts";

type Command = (invocation: Invocation) => Promise<number>;

/** Each command is loaded when it is asked for: `models` has no need of a server. */
const commands: { readonly [name in CommandName]: () => Promise<Command> } = {
  serve: async () => (await import("./commands/serve.ts")).serve,
  demo: async () => (await import("./commands/demo.ts")).demo,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  check: async () => (await import("./commands/check.ts")).check,
  models: async () => (await import("./commands/models.ts")).models,
  "keys create": async () => (await import("./commands/keys.ts")).createKey,
  "keys list": async () => (await import("./commands/keys.ts")).listKeys,
  "keys show": async () => (await import("./commands/keys.ts")).showKey,
  "keys revoke": async () => (await import("./commands/keys.ts")).revokeKey,
  "keys rotate": async () => (await import("./commands/keys.ts")).rotateKey,
  "import litellm": async () => (await import("./commands/import-litellm.ts")).importLiteLlm,
  usage: async () => (await import("./commands/usage.ts")).usage,
  reconcile: async () => (await import("./commands/reconcile.ts")).reconcile,
  connect: async () => (await import("./commands/connect.ts")).connect,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
};

function refuse(line: Extract<CommandLine, { kind: "usage" }>, output: Output, language: Language): number {
  output.write(`${usagePhrase(line.fault)[language]}\n${seeHelp(line.topic)[language]}\n`);
  return exitCodes.usage;
}

/** Runs the words after the program's name; gives the exit code. */
export async function run(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const { standardOutput, standardError, language } = surroundings;
  const line = readArguments(words);
  switch (line.kind) {
    case "usage":
      return refuse(line, standardError, language);
    case "help":
      standardOutput.write(helpText(line.topic, language));
      return exitCodes.ok;
    case "version":
      standardOutput.write(`${VERSION}\n`);
      return exitCodes.ok;
    case "run": {
      const command = await commands[line.command]();
      const { command: name, flags, operand } = line;
      return command({
        ...surroundings,
        command: name,
        flags,
        ...(operand === undefined ? {} : { operand }),
      });
    }
  }
}

function outputOf(stream: NodeJS.WriteStream): Output {
  // A reader that has seen enough, such as `head`, closes the pipe: that is no failure.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  return {
    isTerminal: stream.isTTY === true,
    write: (text) => {
      stream.write(text);
    },
  };
}

/** Runs the process's own command line and leaves its exit code behind. */
export async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), {
    environment: process.env,
    workingFolder: process.cwd(),
    language: languageOf(process.env),
    standardOutput: outputOf(process.stdout),
    standardError: outputOf(process.stderr),
  });
}
