/** Reads a configuration out of a text, for the tests of what it resolves to. */
import { expect } from "vitest";
import type { ConfigFlags } from "../../../src/config/environment.ts";
import { placeText } from "../../../src/config/problem.ts";
import {
  type BrokenReading,
  type ConfigReading,
  type GoodReading,
  readConfigBytes,
} from "../../../src/config/read-config.ts";
import type { Environment } from "../../../src/config/substitution.ts";

export const FILE = "volcano-proxy.yaml";

export function read(text: string, environment: Environment = {}, flags: ConfigFlags = {}): ConfigReading {
  return readConfigBytes({ environment, flags, workingFolder: "/" }, FILE, Buffer.from(text));
}

export function good(text: string, environment: Environment = {}, flags: ConfigFlags = {}): GoodReading {
  const reading = read(text, environment, flags);
  if (reading.kind === "broken") expect.fail(linesOf(reading).join("\n"));
  return reading;
}

export function bad(text: string, environment: Environment = {}, flags: ConfigFlags = {}): readonly string[] {
  const reading = read(text, environment, flags);
  if (reading.kind === "ok") expect.fail("this was expected to be broken");
  return linesOf(reading);
}

/** Each problem as the command line writes it. */
export function linesOf(reading: BrokenReading): readonly string[] {
  return reading.problems.map((problem) =>
    [placeText(problem), problem.path, problem.message].filter((part) => part !== "").join(": "),
  );
}
