/** One step of connecting, bounded by a deadline of its own and undone when it is late or called off. */
import { ExchangeError, type ExchangeFault } from "./upstream.ts";

/** What setTimeout takes; a longer delay would fire at once. */
const TIMER_MS_MAX = 2_147_483_647;

export type PhaseLimits = {
  readonly ms: number;
  /** The fault of a step that is late. */
  readonly late: ExchangeFault;
  readonly signal: AbortSignal;
};

/** Starts the step, tells its end once, and gives back what undoes it before that. */
export type PhaseStart<Result> = (
  succeed: (result: Result) => void,
  fail: (error: ExchangeError) => void,
) => () => void;

/**
 * Waits for whichever comes first: the step's end, its deadline, or the signal.
 * @throws ExchangeError the step's own fault, `limits.late`, or `aborted`; never dispatched
 */
export function runPhase<Result>(limits: PhaseLimits, start: PhaseStart<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (limits.signal.aborted) {
      reject(new ExchangeError("aborted", false));
      return;
    }
    let undo: (() => void) | null = null;
    let over = false;
    let failed = false;
    const finish = (): void => {
      over = true;
      clearTimeout(timer);
      limits.signal.removeEventListener("abort", callOff);
    };
    const fail = (error: ExchangeError): void => {
      if (over) return;
      finish();
      failed = true;
      undo?.();
      reject(error);
    };
    const succeed = (result: Result): void => {
      if (over) return;
      finish();
      resolve(result);
    };
    const callOff = (): void => fail(new ExchangeError("aborted", false));
    const timer = setTimeout(
      () => fail(new ExchangeError(limits.late, false)),
      Math.min(limits.ms, TIMER_MS_MAX),
    );
    limits.signal.addEventListener("abort", callOff);
    undo = start(succeed, fail);
    if (failed) undo();
  });
}
