/** Runs `keys` commands inside the test, each as a process of its own would be, over one data folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { newLocalToken, writeControlFile } from "../../src/app/control-file.ts";
import { run } from "../../src/main.ts";
import { adminKeyHash } from "../../src/server/admin/admin-key.ts";
import { surroundings, temporaryFolder } from "../unit/commands/recorded-run.ts";
import { AdminControl } from "./admin-control.ts";

export type Told = {
  readonly exitCode: number;
  /** Standard output and standard error. */
  readonly out: string;
  readonly told: string;
};

export type Shell = {
  readonly folder: string;
  readonly dataFolder: string;
  /** Words as a shell would have split them. */
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Told>;
};

/** Runs commands in a folder, one of its own where none is given, with its data below it. */
export function newShell(folder: string = temporaryFolder()): Shell {
  return {
    folder,
    dataFolder: join(folder, "data"),
    run: async (words, environment = {}) => {
      const around = { ...surroundings(environment), workingFolder: folder };
      const exitCode = await run(words, around);
      return { exitCode, out: around.standardOutput.text, told: around.standardError.text };
    },
  };
}

export type ShellBesideControl = Shell & { readonly control: AdminControl; readonly url: string };

/** Beside a control server, to which the folder's control file leads. */
export async function newShellBesideControl(): Promise<ShellBesideControl> {
  const token = newLocalToken();
  const hashes = { admin: () => null, readOnly: () => null, local: () => adminKeyHash(token) };
  const control = await new AdminControl({ hashes }).listen();
  const shell = newShell();
  mkdirSync(shell.dataFolder);
  const url = `http://127.0.0.1:${control.port}`;
  writeControlFile(shell.dataFolder, { url, token });
  return { ...shell, control, url };
}
