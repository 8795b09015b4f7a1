/**
 * Reads the sources and holds them to the house's rules: floors, cycles, sizes, names, captions, the errors
 * page.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogue } from "../src/core/errors.ts";

const ROOT = resolve(import.meta.dirname, "..");
const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 70;
const LINE_LENGTH_MAX = 110;
const BANNED_NAMES = ["utils", "util", "helpers", "helper", "common", "misc", "types", "manager", "shared"];

type Source = { readonly path: string; readonly text: string; readonly lines: readonly string[] };
type Import = { readonly target: string; readonly typeOnly: boolean };

function filesBelow(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function read(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8");
  return { path, text, lines: text.split("\n") };
}

const sources = filesBelow("src")
  .filter((path) => path.endsWith(".ts"))
  .map(read);
const scripts = ["test", "bench", "scripts"]
  .flatMap(filesBelow)
  .filter((path) => path.endsWith(".ts") && !path.startsWith("test/clients/"))
  .map(read);

const IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;
const DYNAMIC_IMPORT = /\bimport\("([^"]+)"\)/g;

function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const add = (specifier: string | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !specifier.startsWith(".")) return;
    found.push({ target: relative(ROOT, resolve(ROOT, dirname(source.path), specifier)), typeOnly });
  };
  for (const match of source.text.matchAll(IMPORT)) add(match[2], match[1] !== undefined);
  for (const match of source.text.matchAll(DYNAMIC_IMPORT)) add(match[1], false);
  return found;
}

const FLOOR_TWO = ["protocols", "upstreams", "limits", "ledger", "keys", "memory", "telemetry"];
/** The files of floor two that other floors may know, by type. */
const PORTS = [
  "src/protocols/door.ts",
  "src/upstreams/upstream.ts",
  "src/limits/limiter.ts",
  "src/ledger/ledger.ts",
  "src/ledger/estimator.ts",
  "src/ledger/reports.ts",
  "src/keys/idempotency.ts",
  "src/keys/key-record.ts",
  "src/limits/call-limits.ts",
  "src/keys/gate.ts",
  "src/telemetry/observer.ts",
  "src/telemetry/event-log.ts",
];

function roomOf(path: string): string {
  const parts = path.split("/");
  return parts.length === 2 ? basename(parts[1] ?? "", ".ts") : (parts[1] ?? "");
}

function floorOf(room: string): number {
  if (room === "core") return 0;
  if (room === "wire") return 1;
  if (FLOOR_TWO.includes(room)) return 2;
  if (room === "pipeline" || room === "config") return 3;
  if (room === "server") return 4;
  if (room === "app") return 5;
  return 6;
}

/** Why an import is against the law; null where it is not. */
function breach(from: string, { target, typeOnly }: Import): string | null {
  const room = roomOf(from);
  const other = roomOf(target);
  if (room === other)
    return room === "upstreams" || room === "protocols" ? siblingBreach(from, target) : null;
  if (room === "simulator") return floorOf(other) <= 1 ? null : "the simulator imports floors 0 and 1 only";
  if (other === "simulator") {
    return floorOf(room) >= 5 ? null : "only the program itself may start the simulator";
  }
  const floor = floorOf(room);
  const otherFloor = floorOf(other);
  if (otherFloor > floor || (otherFloor === floor && floor < 5)) {
    return `floor ${floor} may not import floor ${otherFloor}`;
  }
  if (otherFloor !== 2) return null;
  if (floor === 3 && !(typeOnly && PORTS.includes(target)))
    return "floor 3 knows floor 2 by its ports' types";
  if (floor === 4 && !typeOnly) return "floor 4 knows floor 2 by type";
  return null;
}

/** Inside a folder of plug-ins, one plug-in (a folder) never sees its sibling. */
function siblingBreach(from: string, target: string): string | null {
  const [, , plugin, below] = from.split("/");
  const [, , otherPlugin, otherBelow] = target.split("/");
  if (below === undefined || otherBelow === undefined) return null;
  return plugin === otherPlugin ? null : `the plug-in ${plugin} may not import the plug-in ${otherPlugin}`;
}

function cycles(): string[] {
  const graph = new Map(
    sources.map((source) => [source.path, importsOf(source).map(({ target }) => target)]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      found.push([...trail.slice(at), path].join(" -> "));
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}

const FUNCTION_HEAD = /(?:\bfunction\b.*|=>|\)(?::[^=]*)?) \{$/;
const NOT_FUNCTION = /^\s*(?:\} )?(?:if|for|while|switch|catch|else|try|do)\b/;

/** The formatter puts a function's closing brace at its head's indentation, which is all this needs. */
function longFunctions({ path, lines }: Source): string[] {
  const found: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (!FUNCTION_HEAD.test(line) || NOT_FUNCTION.test(line)) continue;
    const indent = line.slice(0, line.length - line.trimStart().length);
    const length = lines.slice(index + 1).findIndex((later) => later.startsWith(`${indent}}`)) + 2;
    if (length > FUNCTION_LINES_MAX) found.push(`${path}:${index + 1} has ${length} lines`);
  }
  return found;
}

function breachesOf(files: readonly Source[], check: (source: Source) => readonly string[]): string[] {
  return files.flatMap((source) => check(source));
}

describe("floors", () => {
  test("imports go downward only, type imports included", () => {
    const found = breachesOf(sources, (source) =>
      importsOf(source).flatMap((imported) => {
        const why = breach(source.path, imported);
        return why === null ? [] : [`${source.path} -> ${imported.target}: ${why}`];
      }),
    );
    expect(found).toEqual([]);
  });

  test("the law sees a breach where there is one", () => {
    expect(breach("src/core/ids.ts", { target: "src/wire/json-scan.ts", typeOnly: true })).not.toBeNull();
    expect(breach("src/keys/gate.ts", { target: "src/ledger/ledger.ts", typeOnly: true })).not.toBeNull();
    expect(
      breach("src/pipeline/relay.ts", { target: "src/upstreams/upstream.ts", typeOnly: false }),
    ).not.toBeNull();
    expect(breach("src/simulator/index.ts", { target: "src/app.ts", typeOnly: true })).not.toBeNull();
    expect(
      breach("src/upstreams/ark/index.ts", { target: "src/upstreams/openai/x.ts", typeOnly: true }),
    ).not.toBeNull();
  });

  test("there are no cycles", () => {
    expect(cycles()).toEqual([]);
  });

  test("every import leads to a file", () => {
    const known = new Set([...sources, ...scripts].map(({ path }) => path));
    const lost = breachesOf(sources, (source) =>
      importsOf(source)
        .filter(({ target }) => target.endsWith(".ts") && !known.has(target))
        .map(({ target }) => `${source.path} -> ${target}`),
    );
    expect(lost).toEqual([]);
  });
});

describe("sizes", () => {
  test("files stay under 300 lines", () => {
    const long = breachesOf(sources, ({ path, lines }) =>
      lines.length - 1 > FILE_LINES_MAX ? [`${path} has ${lines.length - 1} lines`] : [],
    );
    expect(long).toEqual([]);
  });

  test("functions stay under 70 lines, in the sources and in what serves the tests", () => {
    const support = scripts.filter(({ path }) => !path.endsWith(".test.ts"));
    expect(breachesOf([...sources, ...support], longFunctions)).toEqual([]);
  });

  test("a long function would be seen", () => {
    const body = Array.from({ length: FUNCTION_LINES_MAX }, () => "  work();");
    const text = ["export function long(): void {", ...body, "}"].join("\n");
    expect(longFunctions({ path: "x.ts", text, lines: text.split("\n") })).toHaveLength(1);
  });

  test("lines stay within 110 characters", () => {
    const long = breachesOf([...sources, ...scripts], ({ path, lines }) =>
      lines.flatMap((line, index) =>
        [...line].length > LINE_LENGTH_MAX && !isUnbreakable(line) ? [`${path}:${index + 1}`] : [],
      ),
    );
    expect(long).toEqual([]);
  });
});

/** One long literal on a line of its own cannot be broken by the formatter; a comment always can. */
function isUnbreakable(line: string): boolean {
  if (/^\s*(?:\/\*|\/\/|\*)/.test(line)) return false;
  return (
    /^\s*(?:\w+: |const \w+ = |return |export const \w+ = |["'`/[(]|\.?\w+\(|\| |\[")/.test(line) &&
    /["'`/]/.test(line)
  );
}

describe("names and shapes", () => {
  test("files have names of their own, in kebab case", () => {
    const wrong = [...sources, ...scripts].flatMap(({ path }) => {
      const name = basename(path).replace(/(?:\.test|\.d)?\.ts$/, "");
      const isKebab = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name);
      return isKebab && !BANNED_NAMES.includes(name) ? [] : [path];
    });
    expect(wrong).toEqual([]);
  });

  test("every file opens with one sentence that says what it is for", () => {
    const wrong = [...sources, ...scripts].flatMap(({ path, lines }) =>
      /^\/\*\* \S.*[.:] \*\/$/.test(lines[0] ?? "") || lines[0] === "/**" ? [] : [path],
    );
    expect(wrong).toEqual([]);
  });

  test("nothing is exported by default, and nothing escapes the checks", () => {
    const wrong = breachesOf(sources, ({ path, lines }) =>
      lines.flatMap((line, index) =>
        /\bexport default\b|\bas any\b|: any\b|@ts-(?:ignore|expect-error|nocheck)/.test(line)
          ? [`${path}:${index + 1}`]
          : [],
      ),
    );
    expect(wrong).toEqual([]);
  });

  test("no test is skipped, narrowed or left for later", () => {
    const wrong = breachesOf(scripts, ({ path, lines }) =>
      lines.flatMap((line, index) =>
        /\b(?:test|it|describe)\.(?:skip|only|todo)\b/.test(line) ? [`${path}:${index + 1}`] : [],
      ),
    );
    expect(wrong).toEqual([]);
  });
});

describe("the errors page", () => {
  const page = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
  const documented = [...page.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (\w+) \| (\w+) \|/gm)];

  test("has a row for each code of the catalogue, as the catalogue has it", () => {
    const rows = documented.map(([, code, status, source, repeat]) => [code, Number(status), source, repeat]);
    const expected = Object.entries(catalogue).map(([code, row]) => [
      code,
      row.status,
      row.source,
      row.repeat,
    ]);
    expect(rows).toEqual(expected);
  });
});

describe("dependencies", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const page = readFileSync(join(ROOT, "docs/dependencies.md"), "utf8");
  const direct = Object.keys(manifest.dependencies);
  const packages = Object.entries<{ dev?: boolean; integrity?: string; hasInstallScript?: boolean }>(
    lock.packages,
  );
  const installed = packages.filter(([path]) => path.startsWith("node_modules/"));
  const runtime = installed.filter(([, entry]) => entry.dev !== true);

  test("each has its reason on the page, and its exact version in the manifest", () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(page).toContain(`| \`${name}\` |`);
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test("at most 12 direct and 40 in all at run time, none with an install script", () => {
    expect(direct.length).toBeLessThanOrEqual(12);
    expect(runtime.length).toBeLessThanOrEqual(40);
    expect(runtime.filter(([, entry]) => entry.hasInstallScript === true)).toEqual([]);
  });

  test("every entry of the lockfile has its integrity, and only `node` may run a script", () => {
    expect(installed.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([]);
    expect(manifest.allowScripts).toEqual({ node: true });
  });
});
