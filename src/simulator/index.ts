/** A faithful, seeded Ark for tests and demos: `createSimulator`, and the types that go with it. */
import { ArkSimulator, type Simulator, type SimulatorOptions } from "./simulator.ts";

export type { BillEnding, BilledApi, BillLine } from "./bill.ts";
export type { ArkErrorCode } from "./error-envelope.ts";
export { ScenarioError } from "./faults/fault-reader.ts";
export type { FaultChooser, FaultRates } from "./faults/fault-script.ts";
export { type Fault, type FaultKind, faultKinds, faultTable, type ScriptStep } from "./faults/faults.ts";
export { defaultEndpoints } from "./models/model-table.ts";
export type { RecordedRequest } from "./recorded-request.ts";
export { parseScenario, type Scenario } from "./scenario.ts";
export type { Simulator, SimulatorOptions } from "./simulator.ts";

/**
 * Makes a simulator that does not listen yet. Throws ScenarioError for a scenario that cannot be used, and
 * RangeError for an endpoint whose model is not one of Ark's chat models.
 *
 * ```ts
 * const ark = createSimulator({ seed: 7 });
 * const { url } = await ark.listen();
 * ark.script({ kind: "reset", afterBytes: 200 });
 * // ... let a client call `${url}/chat/completions`
 * await ark.waitFor((simulator) => simulator.bill.length === 1);
 * await ark.close();
 * ```
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  return new ArkSimulator(options);
}
