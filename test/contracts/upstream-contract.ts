/** What every upstream must do, whatever it is made of: one suite, run for each kind. */
import { describe } from "vitest";
import type { OpenUpstream } from "../support/upstream-runs.ts";
import { abortContract } from "./upstream-abort.ts";
import { answerContract } from "./upstream-answer.ts";
import { connectContract } from "./upstream-connect.ts";
import { faultContract } from "./upstream-fault.ts";
import { requestContract } from "./upstream-request.ts";
import { reuseContract } from "./upstream-reuse.ts";
import { tlsContract } from "./upstream-tls.ts";

export function upstreamContract(name: string, open: OpenUpstream): void {
  describe(`upstream contract: ${name}`, () => {
    describe("requests", () => requestContract(open));
    describe("answers", () => answerContract(open));
    describe("aborts", () => abortContract(open));
    describe("faults", () => faultContract(open));
    describe("reuse", () => reuseContract(open));
    describe("connecting", () => connectContract(open));
    describe("TLS", () => tlsContract(open));
  });
}
