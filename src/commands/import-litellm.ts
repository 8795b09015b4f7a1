/** `import litellm`: turns the model list of a LiteLLM configuration into a configuration file of ours. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { readConfigBytes } from "../config/read-config.ts";
import type { Environment } from "../config/substitution.ts";
import type { Phrase } from "../core/language.ts";
import { printProblems } from "./check.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { importPhrases } from "./litellm/import-phrases.ts";
import { type LiteLlmFile, readLiteLlm } from "./litellm/litellm-file.ts";
import { ourYaml } from "./litellm/our-yaml.ts";
import { type Import, takeOver } from "./litellm/take-over.ts";

const FILE_BYTES_MAX = 1_048_576;

function readText(workingFolder: string, file: string): string | Phrase {
  try {
    const path = resolve(workingFolder, file);
    const stats = statSync(path);
    if (!stats.isFile()) return importPhrases.unreadable(file, "EISDIR");
    if (stats.size > FILE_BYTES_MAX) return importPhrases.tooLarge(file, FILE_BYTES_MAX);
    return readFileSync(path, "utf8");
  } catch (error) {
    return importPhrases.unreadable(file, (error as NodeJS.ErrnoException).code ?? "error");
  }
}

function readFile(workingFolder: string, file: string): LiteLlmFile | Phrase {
  const text = readText(workingFolder, file);
  if (typeof text !== "string") return text;
  const reading = readLiteLlm(text);
  switch (reading.kind) {
    case "ok":
      return reading.file;
    case "not-yaml":
      return importPhrases.notYaml(file, reading.line, reading.detail);
    case "no-model-list":
      return importPhrases.noModelList(file);
  }
}

/** The variables that the file refers to, with a value for each: one that is unset can be set later. */
function environmentOf({ upstreams }: Import, environment: Environment): Environment {
  const values: Record<string, string> = {};
  for (const { baseUrl, keyVariable } of upstreams) {
    values[keyVariable] = environment[keyVariable] || "key";
    const variable = /^\$\{(\w+)\}$/.exec(baseUrl)?.[1];
    if (variable !== undefined) values[variable] = environment[variable] || "https://ark.example";
  }
  return values;
}

/** Exit code 1 where nothing could be taken over, or where what came of it would not pass `check`. */
export async function importLiteLlm(invocation: Invocation): Promise<number> {
  const { standardOutput, standardError, language, workingFolder, environment, operand = "" } = invocation;
  const file = readFile(workingFolder, operand);
  if (!("deployments" in file)) {
    standardError.write(`${file[language]}\n`);
    return exitCodes.failed;
  }
  const imported = takeOver(file, environment);
  const yaml = ourYaml(imported, language);
  standardOutput.write(yaml);
  const taken = imported.models.filter(({ aliasOf }) => aliasOf === null).length;
  standardError.write(`${importPhrases.taken(taken, file.deployments.length)[language]}\n`);
  const values = environmentOf(imported, environment);
  const unset = Object.keys(values).filter((name) => (environment[name] ?? "") === "");
  if (unset.length > 0) standardError.write(`${importPhrases.variables(unset.join(", "))[language]}\n`);
  const source = { environment: values, flags: {}, workingFolder };
  const reading = readConfigBytes(source, "volcano-proxy.yaml", Buffer.from(yaml));
  if (reading.kind === "broken") printProblems(invocation, reading.problems);
  return reading.kind === "ok" && taken > 0 ? exitCodes.ok : exitCodes.failed;
}
