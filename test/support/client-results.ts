/**
 * Writes what the real clients' tests proved into test/clients/results.json, from which docs/clients.md is
 * made. Each of them is named by its client, then how its model's protocol is spoken, then the door.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { basename, join, sep } from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";

const FOLDER = join(import.meta.dirname, "../clients");
export const RESULTS_FILE = join(FOLDER, "results.json");

/** Without the way, what has no model. */
export type ClientResult = {
  readonly client: string;
  readonly way: string | null;
  readonly what: string;
  readonly passed: boolean;
};

/** The names of the groups that a test stands in, the outermost first. */
function groupsOf(test: TestCase): readonly string[] {
  const names: string[] = [];
  for (let parent = test.parent; parent.type === "suite"; parent = parent.parent) names.unshift(parent.name);
  return names;
}

function resultOf(test: TestCase): ClientResult {
  const [client = "", way = null] = groupsOf(test);
  return { client, way, what: test.name, passed: test.result().state === "passed" };
}

/** By client, then as they stand in their file: the same run gives the same text. */
function textOf(tests: readonly TestCase[]): string {
  const results = tests.map(resultOf).toSorted((one, other) => compare(one.client, other.client));
  return `${JSON.stringify(results, null, 2)}\n`;
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

export class ClientResults implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const ours = modules
      .filter(({ moduleId }) => moduleId.split(sep).join("/").includes("/test/clients/"))
      .toSorted((one, other) => compare(one.moduleId, other.moduleId));
    const files = readdirSync(FOLDER).filter((name) => name.endsWith(".test.ts"));
    const ran = new Set(ours.map(({ moduleId }) => basename(moduleId)));
    const tests = ours.flatMap((module) => [...module.children.allTests()]);
    const isWhole =
      files.every((name) => ran.has(name)) && tests.every((test) => test.result().state !== "skipped");
    // Part of them says nothing about the rest.
    if (isWhole) writeFileSync(RESULTS_FILE, textOf(tests));
  }
}
