/** One bounded step of connecting: its ends, and that nothing of it is left behind. */
import { describe, expect, test } from "vitest";
import { type PhaseStart, runPhase } from "../../src/upstreams/connecting-phase.ts";
import { ExchangeError } from "../../src/upstreams/upstream.ts";

const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

/** Runs a phase of 20 ms; gives its end and whether it was undone. */
async function outcomeOf(start: PhaseStart<string>, controller = new AbortController(), ms = 20) {
  let undone = 0;
  const counted: PhaseStart<string> = (succeed, fail) => {
    const undo = start(succeed, fail);
    return () => {
      undone++;
      undo();
    };
  };
  const phase = runPhase({ ms, late: "tls_timeout", signal: controller.signal }, counted);
  const end = await phase.catch((error: ExchangeError) => error.fault);
  return [end, undone];
}

/** A step with nothing to undo. */
function ending(step: (...ends: Parameters<PhaseStart<string>>) => void): PhaseStart<string> {
  return (succeed, fail) => {
    step(succeed, fail);
    return () => {};
  };
}

describe("runPhase", () => {
  test("gives the result, at once or later, and undoes nothing", async () => {
    expect(await outcomeOf(ending((succeed) => succeed("now")))).toEqual(["now", 0]);
    expect(await outcomeOf(ending((succeed) => void setImmediate(succeed, "soon")))).toEqual(["soon", 0]);
  });

  test("fails with the step's fault, at once or later, and undoes it once", async () => {
    const refused = new ExchangeError("connect", false);
    expect(await outcomeOf(ending((_, fail) => fail(refused)))).toEqual(["connect", 1]);
    expect(await outcomeOf(ending((_, fail) => void setImmediate(fail, refused)))).toEqual(["connect", 1]);
  });

  test("is undone when it is late, and hears no second end", async () => {
    const late: PhaseStart<string> = (succeed, fail) => () => {
      succeed("too late");
      fail(new ExchangeError("connect", false));
    };
    expect(await outcomeOf(late)).toEqual(["tls_timeout", 1]);
  });

  test("is undone when it is called off, and does not start afterwards", async () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    expect(await outcomeOf(() => () => {}, controller)).toEqual(["aborted", 1]);
    expect(await outcomeOf(() => () => {}, controller)).toEqual(["aborted", 0]);
  });

  test("a deadline beyond what a timer takes does not fire at once", async () => {
    const soon: PhaseStart<string> = (succeed) => {
      setTimeout(succeed, 20, "soon");
      return () => {};
    };
    expect(await outcomeOf(soon, new AbortController(), 2 ** 31)).toEqual(["soon", 0]);
  });

  test("leaves no timer behind", async () => {
    const before = timers();
    await outcomeOf(
      ending((succeed) => succeed("now")),
      new AbortController(),
      60_000,
    );
    expect(timers()).toBe(before);
  });
});
