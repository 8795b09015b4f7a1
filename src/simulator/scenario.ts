/**
 * A scenario: how quick the simulator is and what goes wrong, as `volcano-proxy simulate` reads it from a
 * file.
 */
import { isFaultKind, readScriptStep, ScenarioError, shown } from "./faults/fault-reader.ts";
import type { FaultRates } from "./faults/fault-script.ts";
import { faultKinds, type ScriptStep } from "./faults/faults.ts";
import { isObject, type JsonObject } from "./json-value.ts";

export type Scenario = {
  /** Milliseconds from a request's last byte to the first token. */
  readonly firstTokenDelayMs?: number;
  /** Milliseconds from one token to the next; 0: as fast as it goes. */
  readonly chunkIntervalMs?: number;
  /** The exact length of answers, where the request allows it. */
  readonly replyTokens?: number;
  /** For each kind of fault how likely it is to strike a billed call, from 0 to 1; at most one strikes. */
  readonly faultRate?: FaultRates;
  /** What the first billed calls meet, one step each; null is a request that nothing happens to. */
  readonly script?: readonly ScriptStep[];
  /** Begins the script again when it is over. */
  readonly repeat?: boolean;
};

const DELAY_MS_MAX = 86_400_000;
export const REPLY_TOKENS_MAX = 1_000_000;
const SCRIPT_STEPS_MAX = 100_000;

function numberAt(value: unknown, path: string, max: number): number {
  if (typeof value === "number" && value >= 0 && value <= max) return value;
  throw new ScenarioError(path, `must be a number from 0 to ${max}, not ${shown(value)}`);
}

function readReplyTokens(value: unknown): number {
  const tokens = numberAt(value, "replyTokens", REPLY_TOKENS_MAX);
  if (Number.isInteger(tokens)) return tokens;
  throw new ScenarioError("replyTokens", `must be a whole number, not ${shown(value)}`);
}

function readRates(value: unknown): FaultRates {
  if (!isObject(value)) {
    throw new ScenarioError("faultRate", `must be an object such as {"reset":0.01}, not ${shown(value)}`);
  }
  const rates: [string, number][] = [];
  for (const [kind, rate] of Object.entries(value)) {
    if (!isFaultKind(kind)) {
      throw new ScenarioError(`faultRate.${kind}`, `is no kind of fault; there are ${faultKinds.join(", ")}`);
    }
    rates.push([kind, numberAt(rate, `faultRate.${kind}`, 1)]);
  }
  return Object.fromEntries(rates) as FaultRates;
}

function readScript(value: unknown): readonly ScriptStep[] {
  if (!Array.isArray(value))
    throw new ScenarioError("script", `must be a list of faults, not ${shown(value)}`);
  if (value.length > SCRIPT_STEPS_MAX) {
    throw new ScenarioError("script", `has ${value.length} steps; at most ${SCRIPT_STEPS_MAX} are taken`);
  }
  return value.map((step: unknown, index) => readScriptStep(step, `script[${index}]`));
}

function readRepeat(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ScenarioError("repeat", `must be true or false, not ${shown(value)}`);
}

const readers = {
  firstTokenDelayMs: (value: unknown) => numberAt(value, "firstTokenDelayMs", DELAY_MS_MAX),
  chunkIntervalMs: (value: unknown) => numberAt(value, "chunkIntervalMs", DELAY_MS_MAX),
  replyTokens: readReplyTokens,
  faultRate: readRates,
  script: readScript,
  repeat: readRepeat,
} as const satisfies { [Name in keyof Required<Scenario>]: (value: unknown) => Required<Scenario>[Name] };

/** Checks a scenario that is already an object. Throws ScenarioError with the path of what is wrong. */
export function readScenario(value: unknown): Scenario {
  if (!isObject(value)) throw new ScenarioError("", `A scenario must be a JSON object, not ${shown(value)}`);
  const scenario: JsonObject = Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (!Object.hasOwn(readers, name)) {
        throw new ScenarioError(
          name,
          `is no part of a scenario; there are ${Object.keys(readers).join(", ")}`,
        );
      }
      return [name, readers[name as keyof typeof readers](member)];
    }),
  );
  return scenario as Scenario;
}

/** Reads a scenario from JSON. Throws ScenarioError with the path of what is wrong. */
export function parseScenario(text: string): Scenario {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ScenarioError("", `A scenario must be JSON: ${reason}`);
  }
  return readScenario(value);
}
