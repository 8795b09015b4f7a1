/** Decides which faults strike a request: those queued, those a function chooses, those that chance deals. */

import { SeededRandom } from "../random.ts";
import type { RecordedRequest } from "../recorded-request.ts";
import { readScriptStep } from "./fault-reader.ts";
import { type Fault, type FaultKind, type FullFault, type ScriptStep, withFallbacks } from "./faults.ts";

/** Asked for each request whose body has come and for which nothing is queued. */
export type FaultChooser = (request: RecordedRequest) => ScriptStep;

export type FaultRates = { readonly [Kind in FaultKind]?: number };

function listOf(step: ScriptStep): readonly FullFault[] {
  if (step === null) return [];
  const faults = Array.isArray(step) ? (step as readonly Fault[]) : [step as Fault];
  return faults.map(withFallbacks);
}

const none: readonly FullFault[] = [];

export class FaultScript {
  readonly #random: SeededRandom;
  readonly #rates: readonly (readonly [FaultKind, number])[];
  readonly #repeated: readonly ScriptStep[];
  #queue: ScriptStep[] = [];
  #chooser: FaultChooser | null = null;

  /** `repeated` steps are queued again each time the queue runs out. */
  constructor(seed: number, rates: FaultRates, steps: readonly ScriptStep[], repeated: boolean) {
    this.#random = new SeededRandom(seed);
    this.#rates = Object.entries(rates) as [FaultKind, number][];
    this.#queue = [...steps];
    this.#repeated = repeated ? steps : [];
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Throws ScenarioError for a fault that the table does not know. */
  add(steps: readonly ScriptStep[]): void {
    for (const [index, step] of steps.entries()) readScriptStep(step, `script[${index}]`);
    this.#queue.push(...steps);
  }

  choose(chooser: FaultChooser | null): void {
    this.#chooser = chooser;
  }

  clear(): void {
    this.#queue = [];
    this.#chooser = null;
  }

  /** The next queued step; null where nothing is queued. */
  takeQueued(): readonly FullFault[] | null {
    if (this.#queue.length === 0) this.#queue = [...this.#repeated];
    const step = this.#queue.shift();
    return step === undefined ? null : listOf(step);
  }

  /** What the chooser says, or else, for what is billed, chance: one kind at most, by the rates in order. */
  takeChosen(request: RecordedRequest, isBilled: boolean): readonly FullFault[] {
    if (this.#chooser !== null) {
      const step = this.#chooser(request);
      if (step !== null) return listOf(readScriptStep(step, "chooser"));
    }
    if (!isBilled) return none;
    for (const [kind, rate] of this.#rates) {
      if (this.#random.fraction() < rate) return [withFallbacks({ kind } as Fault)];
    }
    return none;
  }
}
