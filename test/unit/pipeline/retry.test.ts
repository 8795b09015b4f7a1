/** When an attempt is made again: every case of the rule. */
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import { decide } from "../../../src/pipeline/retry.ts";

const unreachable = new GatewayError("upstream_unreachable", "refused");
const truncated = new GatewayError("upstream_truncated", "cut");
const timeout = new GatewayError("upstream_timeout", "late", { repeat: "safe" });
const giveUp = { kind: "give-up" };

describe("an attempt that failed", () => {
  test.each([unreachable, timeout])("before a byte was sent is made again, after a growing wait", (error) => {
    const failed = { error, dispatched: false, final: false };
    expect(decide(failed, 1, 3)).toEqual({ kind: "same-target", delayMs: 100 });
    expect(decide(failed, 2, 3)).toEqual({ kind: "same-target", delayMs: 200 });
  });

  test("is given up at the bound", () => {
    const failed = { error: unreachable, dispatched: false, final: false };
    expect(decide(failed, 3, 3)).toEqual(giveUp);
    expect(decide(failed, 1, 1)).toEqual(giveUp);
  });

  test("is given up where a byte was sent, whatever its error says", () => {
    expect(decide({ error: unreachable, dispatched: true, final: false }, 1, 3)).toEqual(giveUp);
  });

  test("is given up where it is final", () => {
    expect(decide({ error: unreachable, dispatched: false, final: true }, 1, 3)).toEqual(giveUp);
  });

  test("is given up where its error says that it may be billed twice", () => {
    expect(decide({ error: truncated, dispatched: false, final: false }, 1, 3)).toEqual(giveUp);
  });
});
