/** What every limiter must do: grant up to its bound, refuse with honest words, and take back once. */
import { describe, expect, test } from "vitest";
import type { Grant, Limiter } from "../../src/limits/limiter.ts";

function take(limiter: Limiter, count: number): Grant[] {
  return Array.from({ length: count }, () => {
    const admission = limiter.admit();
    if (admission.kind === "refused") throw new Error(admission.refusal.message);
    return admission.grant;
  });
}

/** `open` makes a limiter that grants `bound` times before it refuses. */
export function limiterContract(name: string, open: (bound: number) => Limiter): void {
  describe(`the limiter ${name}`, () => {
    test.each([1, 2, 100])("grants %d and refuses one more", (bound) => {
      const limiter = open(bound);
      take(limiter, bound);
      const admission = limiter.admit();
      if (admission.kind === "granted") throw new Error("one too many was granted");
      expect(admission.refusal.message).toMatch(/\.$/);
      expect(admission.refusal.retryAfterSeconds).toBeGreaterThan(0);
    });

    test("grants again what was given back", () => {
      const limiter = open(2);
      const [first] = take(limiter, 2);
      first?.release();
      take(limiter, 1);
      expect(limiter.admit().kind).toBe("refused");
    });

    test("takes back once, however often it is given", () => {
      const limiter = open(2);
      const [first] = take(limiter, 2);
      first?.release();
      first?.release();
      take(limiter, 1);
      expect(limiter.admit().kind).toBe("refused");
    });
  });
}
