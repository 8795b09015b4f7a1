/** Responses bodies by the ten thousand: sent on byte for byte, but for the splices that are told. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../../src/core/changes.ts";
import { GatewayError } from "../../src/core/errors.ts";
import { readBody as readChat } from "../../src/protocols/chat/read-body.ts";
import { readBody as readMessages } from "../../src/protocols/messages/read-body.ts";
import { readBody } from "../../src/protocols/responses/read-body.ts";
import { verbatimCargo } from "../../src/protocols/responses/verbatim/cargo.ts";
import { wantedNames } from "../../src/wire/json-key.ts";
import { scanDocument } from "../../src/wire/json-scan.ts";
import { splice } from "../../src/wire/json-splice.ts";
import { JsonSyntaxError } from "../../src/wire/json-value.ts";
import { chatTraits } from "../support/call-context.ts";
import { Choices } from "../support/choices.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";
import { responsesBody } from "../support/responses-bodies.ts";

const choiceBytes = fc.uint8Array({ maxLength: 300, size: "max" });
const share = 0.2;

test("the body sent on is the client's with the listed splices", {
  timeout: propertyTimeoutMs(share),
}, () => {
  const told = new Map<Change, number>();
  const runs = propertyRuns(share);
  let untouched = 0;
  const property = fc.property(choiceBytes, (bytes) => {
    const { client, sentOn, target, repairs, changes } = responsesBody(new Choices(bytes));
    const body = readBody(Buffer.from(client));
    const { cargo } = verbatimCargo(body, chatTraits(target, { repairs }));
    const { splices, changes: made } = cargo.rewrite;
    const sent = Buffer.concat(splice(cargo.body, splices)).toString();
    if (sent !== sentOn) throw new Error(`client  ${client}\nsent on ${sent}\nnot     ${sentOn}`);
    expect([client, made]).toEqual([client, changes]);
    JSON.parse(sent);
    for (const change of changes) told.set(change, (told.get(change) ?? 0) + 1);
    if (changes.length === 0) untouched++;
  });
  fc.assert(property, runs);
  expect([...told.keys()].sort()).toEqual([
    "empty_tool_parameters",
    "model",
    "namespace_tools",
    "responses_unknown_keys",
  ]);
  expect(Math.min(untouched, ...told.values())).toBeGreaterThan(runs.numRuns / 200);
});

/** Whether a body is refused as no JSON, by a reading or by a walk that only skips. */
function isNoJson(walk: () => unknown): boolean {
  try {
    walk();
    return false;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return true;
    if (error instanceof GatewayError) return error.code === "invalid_json";
    throw error;
  }
}

test("what is read on the way takes the same texts for JSON", { timeout: propertyTimeoutMs(share) }, () => {
  const readers = [readBody, readMessages, readChat];
  let broken = 0;
  const runs = propertyRuns(share);
  const deep = fc.integer({ min: 57, max: 66 }).map((depth) => "[".repeat(depth) + "]".repeat(depth));
  const insertion = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom(",", "]", "[", "}", "[,1]"), deep);
  const property = fc.property(choiceBytes, fc.nat(), insertion, fc.boolean(), (bytes, place, text, mess) => {
    const client = responsesBody(new Choices(bytes)).client.replace(
      '"input":',
      mess ? '"messages":' : '"input":',
    );
    const at = place % (client.length + 1);
    const damaged = Buffer.from(client.slice(0, at) + text + client.slice(at + (place % 3)));
    const isBroken = isNoJson(() => scanDocument(damaged, wantedNames([])));
    for (const read of readers) expect(isNoJson(() => read(damaged))).toBe(isBroken);
    if (isBroken) broken++;
  });
  fc.assert(property, runs);
  expect(Math.min(broken, runs.numRuns - broken)).toBeGreaterThan(runs.numRuns / 50);
});

test("whatever is done to a body, it is read or refused", { timeout: propertyTimeoutMs(share) }, () => {
  const property = fc.property(choiceBytes, fc.nat(), fc.string({ maxLength: 6 }), (bytes, place, text) => {
    const { client, target, repairs } = responsesBody(new Choices(bytes));
    const at = place % (client.length + 1);
    const damaged = Buffer.from(client.slice(0, at) + text + client.slice(at + (place % 3)));
    try {
      const { cargo } = verbatimCargo(readBody(damaged), chatTraits(target, { repairs }));
      JSON.parse(Buffer.concat(splice(cargo.body, cargo.rewrite.splices)).toString());
    } catch (error) {
      expect(error).toMatchObject({ name: "GatewayError", status: 400 });
    }
  });
  fc.assert(property, propertyRuns(share / 2));
});
