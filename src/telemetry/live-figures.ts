/** The figures of this process since its start, for those who watch it live. */
import { type Outcome, outcomes } from "../core/ending.ts";
import type { MicroYuan } from "../core/money.ts";
import type { Usage } from "../core/usage.ts";
import type { Observer, RequestRecord } from "./observer.ts";

export class LiveFigures implements Observer {
  readonly #outcomes = Object.fromEntries(outcomes.map((name) => [name, 0])) as Record<Outcome, number>;
  #inputTokens = 0;
  #cachedInputTokens = 0;
  #outputTokens = 0;
  #reasoningTokens = 0;
  #cost = 0;

  requestStarted(): void {}

  requestEnded({ outcome, usage, cost }: RequestRecord): void {
    this.#outcomes[outcome]++;
    this.#cost += cost ?? 0;
    if (usage === null) return;
    this.#inputTokens += usage.inputTokens;
    this.#cachedInputTokens += usage.cachedInputTokens;
    this.#outputTokens += usage.outputTokens;
    this.#reasoningTokens += usage.reasoningTokens;
  }

  requestSkipped(): void {}

  attemptEnded(): void {}

  get outcomes(): Readonly<Record<Outcome, number>> {
    return { ...this.#outcomes };
  }

  get tokens(): Usage {
    return {
      inputTokens: this.#inputTokens,
      cachedInputTokens: this.#cachedInputTokens,
      outputTokens: this.#outputTokens,
      reasoningTokens: this.#reasoningTokens,
    };
  }

  /** Of the calls whose price is known. */
  get cost(): MicroYuan {
    return this.#cost;
  }
}
