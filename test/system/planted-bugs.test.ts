/**
 * The tests of ledger, keys, limits and doors are tested: each defect, planted into a copy of the sources,
 * turns the test that it names red.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { plantedBugs as ofTheLedger, type PlantedBug, type PlantedEdit } from "../support/planted-bugs.ts";
import { plantedDoorBugs } from "../support/planted-door-bugs.ts";
import { plantedKeyBugs } from "../support/planted-key-bugs.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const plantedBugs = [...ofTheLedger, ...plantedKeyBugs, ...plantedDoorBugs];
const COPIED = [
  "src",
  "test",
  "bin",
  "bench",
  "scripts",
  "package.json",
  "tsconfig.json",
  "models.yaml",
  "config.schema.json",
  "vitest.config.ts",
  "vitest.system.config.ts",
];
const RUN_MS_MAX = 180_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

type Run = { readonly passed: number; readonly failed: number; readonly output: string };

/** A copy of the tree over the same packages, removed when the test is over. */
function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "planted-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of COPIED) {
    const filter = (path: string): boolean => !path.split(sep).includes("node_modules");
    cpSync(join(ROOT, name), join(folder, name), {
      recursive: true,
      filter: (path) => filter(path.slice(ROOT.length)),
    });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function plant(folder: string, { file, from, to }: PlantedEdit): void {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  expect(text.split(from).length - 1, `'${from}' stands in ${file} once`).toBe(1);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
}

/** Compiles the copy: the test has failed where the compiler finds something wrong in it. */
function compile(folder: string, file: string): Promise<Run> {
  const program = join(folder, "node_modules/typescript/bin/tsc");
  return new Promise((resolveRun) => {
    execFile(
      process.execPath,
      [program, "--noEmit"],
      { cwd: folder, timeout: RUN_MS_MAX },
      (error, output) => {
        resolveRun({ passed: error === null ? 1 : 0, failed: output.includes(`${file}(`) ? 1 : 0, output });
      },
    );
  });
}

/** Runs the test that a bug names, in the copy. */
function run(
  folder: string,
  { test: file, named, isSystem = false, environment = {} }: PlantedBug,
): Promise<Run> {
  if (named === null) return compile(folder, file);
  const config = isSystem ? "vitest.system.config.ts" : "vitest.config.ts";
  const report = join(folder, "report.json");
  const words = ["run", file, "-t", named, "--config", config, "--reporter=json", `--outputFile=${report}`];
  const options = {
    cwd: folder,
    env: { ...process.env, ...environment },
    timeout: RUN_MS_MAX,
    maxBuffer: OUTPUT_BYTES_MAX,
  };
  return new Promise((resolveRun, reject) => {
    const program = join(folder, "node_modules/vitest/vitest.mjs");
    execFile(process.execPath, [program, ...words], options, (_error, stdout, stderr) => {
      try {
        const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(report, "utf8"));
        resolveRun({ passed, failed, output: `${stdout}${stderr}`.slice(-4_000) });
      } catch (error) {
        reject(new Error(`no report: ${stdout}${stderr}`, { cause: error }));
      }
    });
  });
}

describe("each planted bug turns its test red", () => {
  const byName = plantedBugs.map((bug) => [bug.name, bug] as const);
  test.each(byName)("%s", { timeout: RUN_MS_MAX }, async (_name, bug) => {
    const folder = copyTree();
    plant(folder, bug);
    if (bug.also !== undefined) plant(folder, bug.also);
    const { failed, output } = await run(folder, bug);
    expect(failed, output).toBeGreaterThan(0);
  });
});

/** What the tests say without any bug; else a red test would prove nothing. */
describe("without a bug they are green", () => {
  const byTest = Map.groupBy(plantedBugs, (bug) => `${bug.test}, ${bug.named}`);
  test.each([...byTest])("%s", { timeout: RUN_MS_MAX }, async (_name, [bug]) => {
    if (bug === undefined) throw new TypeError("a group without a bug");
    const { passed, failed, output } = await run(copyTree(), bug);
    expect([passed > 0, failed], output).toEqual([true, 0]);
  });
});
