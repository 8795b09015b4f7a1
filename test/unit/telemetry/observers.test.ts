/** Everybody hears everything, in order, even if somebody throws. */
import { expect, test } from "vitest";
import type { Observer } from "../../../src/telemetry/observer.ts";
import { observeAll } from "../../../src/telemetry/observers.ts";
import { requestRecord } from "../../support/request-record.ts";

function noting(heard: string[], name: string): Observer {
  return {
    requestStarted: () => void heard.push(`${name} started`),
    requestEnded: ({ status }) => void heard.push(`${name} ended ${status}`),
    requestSkipped: () => void heard.push(`${name} skipped`),
    attemptEnded: (target, result) => void heard.push(`${name} ${target} ${result}`),
  };
}

function fail(): never {
  throw new Error("deaf");
}

const deaf: Observer = { requestStarted: fail, requestEnded: fail, requestSkipped: fail, attemptEnded: fail };

test("one that throws keeps nobody from hearing", () => {
  const heard: string[] = [];
  const faults: unknown[] = [];
  const all = observeAll([noting(heard, "a"), deaf, noting(heard, "b")], (error) => faults.push(error));
  all.requestStarted();
  all.attemptEnded("ark/x", "ok");
  all.requestEnded(requestRecord());
  all.requestSkipped();
  expect(heard).toEqual([
    ...["a started", "b started", "a ark/x ok", "b ark/x ok"],
    ...["a ended 200", "b ended 200", "a skipped", "b skipped"],
  ]);
  expect(faults).toHaveLength(4);
});
