/** Tells several observers of each request; one that throws does not keep the others from hearing. */
import type { AttemptResult, Observer, RequestRecord } from "./observer.ts";

/** @param onFault told of what an observer throws; it must not throw itself */
export function observeAll(
  observers: readonly Observer[],
  onFault: (error: unknown) => void = ignore,
): Observer {
  return new Observers(observers, onFault);
}

function ignore(): void {}

class Observers implements Observer {
  readonly #observers: readonly Observer[];
  readonly #onFault: (error: unknown) => void;

  constructor(observers: readonly Observer[], onFault: (error: unknown) => void) {
    this.#observers = observers;
    this.#onFault = onFault;
  }

  requestStarted(): void {
    for (const observer of this.#observers) {
      try {
        observer.requestStarted();
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  requestEnded(record: RequestRecord): void {
    for (const observer of this.#observers) {
      try {
        observer.requestEnded(record);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  requestSkipped(): void {
    for (const observer of this.#observers) {
      try {
        observer.requestSkipped();
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  attemptEnded(target: string, result: AttemptResult): void {
    for (const observer of this.#observers) {
      try {
        observer.attemptEnded(target, result);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
