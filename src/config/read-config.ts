/** Reads the configuration from file, environment and flags: frozen, or with everything that is wrong. */
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { readFileSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "./config.ts";
import { DEFAULT_CONFIG_FILE } from "./defaults.ts";
import { type ConfigFlags, readOverrides } from "./environment.ts";
import { type Place, type Problem, problemAt, type Reason } from "./problem.ts";
import { readSettings } from "./read-settings.ts";
import { resolveConfig } from "./resolve-config.ts";
import type { Settings } from "./schema.ts";
import type { Environment } from "./substitution.ts";
import { CONFIG_BYTES_MAX, type Fault, type Path } from "./yaml-tree.ts";

/** Where a configuration comes from. */
export type ConfigSource = {
  readonly environment: Environment;
  readonly flags: ConfigFlags;
  /** Where relative paths begin, and where `volcano-proxy.yaml` is looked for. */
  readonly workingFolder: string;
};

export type ConfigReading = GoodReading | BrokenReading;

export type GoodReading = {
  readonly kind: "ok";
  readonly config: Config;
  /** The file as it was named; null where there is none. */
  readonly file: string | null;
  /** Of the file's bytes, to tell whether it has changed; null where there is none. */
  readonly digest: string | null;
  readonly warnings: readonly Problem[];
};

export type BrokenReading = {
  readonly kind: "broken";
  readonly file: string | null;
  /** At least one. */
  readonly problems: readonly Problem[];
};

/** More would only bury the first ones. */
const PROBLEMS_MAX = 50;

/** The setting as people write it: `models.fast.targets[0].model`. */
function pathText(path: Path): string {
  let text = "";
  for (const segment of path) {
    text += typeof segment === "number" ? `[${segment}]` : text === "" ? segment : `.${segment}`;
  }
  return text;
}

function broken(file: string | null, problems: readonly Problem[]): BrokenReading {
  return { kind: "broken", file, problems: problems.slice(0, PROBLEMS_MAX) };
}

/** The reading of a file that is wrong as a whole. */
export function brokenFile(file: string, reason: Reason, line: number | null = null): BrokenReading {
  const place: Place = { file, line, column: line === null ? null : 1, path: "" };
  return broken(file, [problemAt(place, reason)]);
}

function fromFault(file: string, fault: Fault): Problem {
  const place: Place = { file, line: fault.line, column: fault.column, path: pathText(fault.path) };
  return problemAt(place, fault.reason);
}

function finish(
  source: ConfigSource,
  read: { readonly file: string; readonly digest: string } | null,
  settings: Settings,
  placeInFile: (path: Path) => Place,
): ConfigReading {
  const { overrides, problems: overrideProblems } = readOverrides(source.environment, source.flags);
  const { config, problems, warnings } = resolveConfig(
    settings,
    overrides,
    source.workingFolder,
    placeInFile,
  );
  const wrong = [...overrideProblems, ...problems];
  const file = read?.file ?? null;
  if (wrong.length > 0) return broken(file, wrong);
  return { kind: "ok", config, file, digest: read?.digest ?? null, warnings };
}

function firstBrokenLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  return line;
}

/** SHA-256 of a file's bytes, in hexadecimal. */
export function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Reads what a configuration file holds. Never throws; each problem in the bytes has its line. */
export function readConfigBytes(source: ConfigSource, file: string, bytes: Buffer): ConfigReading {
  if (bytes.length > CONFIG_BYTES_MAX) {
    return brokenFile(file, { kind: "too-large", bytesMax: CONFIG_BYTES_MAX }, 1);
  }
  if (!isUtf8(bytes)) return brokenFile(file, { kind: "not-utf8" }, firstBrokenLine(bytes));
  const reading = readSettings(bytes.toString("utf8"), source.environment);
  if (reading.kind === "broken") {
    const inOrder = [...reading.faults].sort((a, b) => a.line - b.line || a.column - b.column);
    const faults = inOrder.map((fault) => fromFault(file, fault));
    return broken(file, [...faults, ...readOverrides(source.environment, source.flags).problems]);
  }
  const { settings, tree } = reading;
  const read = { file, digest: digestOf(bytes) };
  return finish(source, read, settings, (path) => ({ file, ...tree.positionOf(path), path: pathText(path) }));
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The file to read: `--config`, else VOLCANO_PROXY_CONFIG, else `volcano-proxy.yaml` if there is one. */
export function configFileOf(source: ConfigSource): string | null {
  const named = source.flags.config ?? source.environment["VOLCANO_PROXY_CONFIG"] ?? "";
  if (named !== "") return named;
  return isThere(resolve(source.workingFolder, DEFAULT_CONFIG_FILE)) ? DEFAULT_CONFIG_FILE : null;
}

/** Why a file cannot be read as a configuration at all; null where it can. */
export function flawOfFile(stats: Stats | undefined): Reason | null {
  if (stats === undefined) return { kind: "not-found" };
  // A pipe or a device could hold the reader for ever.
  if (!stats.isFile()) return { kind: "not-a-file" };
  return stats.size > CONFIG_BYTES_MAX ? { kind: "too-large", bytesMax: CONFIG_BYTES_MAX } : null;
}

/** The reading of a file that the system would not let us read. */
export function unreadableFile(file: string, error: unknown): BrokenReading {
  const code = (error as NodeJS.ErrnoException).code ?? "error";
  return brokenFile(file, code === "ENOENT" ? { kind: "not-found" } : { kind: "unreadable", code });
}

/** Reads the configuration. Never throws: whatever is wrong comes back as problems. */
export function readConfig(source: ConfigSource): ConfigReading {
  const file = configFileOf(source);
  if (file === null) {
    const place: Place = { file: "defaults", line: null, column: null, path: "" };
    return finish(source, null, {}, (path) => ({ ...place, path: pathText(path) }));
  }
  try {
    const path = resolve(source.workingFolder, file);
    const flaw = flawOfFile(statSync(path, { throwIfNoEntry: false }));
    return flaw === null ? readConfigBytes(source, file, readFileSync(path)) : brokenFile(file, flaw);
  } catch (error) {
    return unreadableFile(file, error);
  }
}
