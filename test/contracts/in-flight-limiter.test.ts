/** The bound on requests in flight keeps the limiter's contract, also when it is changed while they are. */
import { describe, expect, test } from "vitest";
import { InFlightLimiter } from "../../src/limits/in-flight.ts";
import { limiterContract } from "./limiter-contract.ts";

limiterContract("in flight", (bound) => new InFlightLimiter(bound));

describe("a bound that changes", () => {
  test("a lower one refuses until enough have left, and takes nobody's place", () => {
    const limiter = new InFlightLimiter(3);
    const admissions = [limiter.admit(), limiter.admit(), limiter.admit()];
    limiter.placesMax = 2;
    const release = (index: number) => {
      const admission = admissions[index];
      if (admission?.kind === "granted") admission.grant.release();
    };
    release(0);
    expect(limiter.admit().kind).toBe("refused");
    release(1);
    expect(limiter.admit().kind).toBe("granted");
    expect(limiter.taken).toBe(2);
  });
});
