/** `simulate`: runs the simulated Ark alone until a signal stops it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createSimulator, parseScenario, type Scenario, ScenarioError } from "../simulator/index.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { listenProblem, untilSignalled } from "./listening.ts";
import { simulatePhrases } from "./running-messages.ts";

const DEFAULT_PORT = 5_100;
/** Quick enough to work with, slow enough to see that it streams. */
const DEFAULT_PACE: Scenario = { firstTokenDelayMs: 200, chunkIntervalMs: 20 };

export async function simulate(invocation: Invocation): Promise<number> {
  const { flags, language, standardOutput, standardError } = invocation;
  const scenario = readScenario(invocation);
  if (scenario === null) return exitCodes.failed;
  const simulator = createSimulator({ seed: flags.seed ?? 1, scenario });
  try {
    const { url } = await simulator.listen(flags.port ?? DEFAULT_PORT);
    standardOutput.write(`${simulatePhrases.listens(url)[language]}\n`);
  } catch (error) {
    const phrase = listenProblem(error, () => "--port");
    if (phrase === null) throw error;
    standardError.write(`${phrase[language]}\n`);
    return exitCodes.failed;
  }
  await untilSignalled();
  await simulator.close();
  return exitCodes.ok;
}

/** Null where the file is no scenario, which has been said. */
function readScenario({ flags, workingFolder, language, standardError }: Invocation): Scenario | null {
  if (flags.scenario === undefined) return DEFAULT_PACE;
  try {
    return parseScenario(readFileSync(resolve(workingFolder, flags.scenario), "utf8"));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    const text =
      error instanceof ScenarioError
        ? `${flags.scenario}: ${error.message}`
        : simulatePhrases.unreadable(flags.scenario, code)[language];
    standardError.write(`${text}\n`);
    return null;
  }
}
