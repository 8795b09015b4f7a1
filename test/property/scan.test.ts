/** The scanner against the platform's parser, on texts that are valid and on texts that are damaged. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wantedNames } from "../../src/wire/json-key.ts";
import { type JsonMember, scanDocument } from "../../src/wire/json-scan.ts";
import { DEPTH_MAX, JsonSyntaxError } from "../../src/wire/json-value.ts";
import { chatBody } from "../support/chat-bodies.ts";
import { Choices } from "../support/choices.ts";
import { depthOf, isTakenFor, pairsOf, parseStrictly } from "../support/json-readers.ts";
import { damage, valueText } from "../support/json-texts.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const names = ["model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "messages"];
const wanted = wantedNames(names);

type Scan = (bytes: Buffer) => JsonMember[];

function scanned(scan: Scan, bytes: Buffer): JsonMember[] | null {
  try {
    return scan(bytes);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    return null;
  }
}

/** What the scan must find, from the plain reader: name, key and value as they are written. */
function found(text: string): [string, string, string][] {
  const members: [string, string, string][] = [];
  for (const { rawKey, key, rawValue } of pairsOf(text)) {
    const name = names.find((candidate) => isTakenFor(key, candidate));
    if (name !== undefined) members.push([name, rawKey, rawValue]);
  }
  return members.slice(0, names.length + 1);
}

function agreement(scan: Scan, count: (isValid: boolean) => void = () => {}) {
  return fc.property(fc.uint8Array({ maxLength: 200, size: "max" }), (choiceBytes) => {
    const choices = new Choices(choiceBytes);
    const text = choices.oneIn(4) ? valueText(choices, 3) : chatBody(choices).client;
    const bytes = damage(choices, Buffer.from(text));
    const members = scanned(scan, bytes);
    const parsed = parseStrictly(bytes);
    const isObject =
      typeof parsed?.value === "object" && parsed.value !== null && !Array.isArray(parsed.value);
    const isValid = parsed !== undefined && isObject && depthOf(parsed.text) <= DEPTH_MAX;
    count(isValid);
    if (isValid !== (members !== null)) {
      throw new Error(
        `${isValid ? "valid, but refused" : "accepted, but not valid"}: ${JSON.stringify(`${bytes}`)}`,
      );
    }
    if (parsed === undefined || members === null) return;
    const spans = members.map((member) => [
      member.name,
      bytes.toString("utf8", member.keyStart, member.keyEnd),
      bytes.toString("utf8", member.valueStart, member.valueEnd),
    ]);
    if (!isDeepStrictEqual(spans, found(parsed.text))) throw new Error(`other members: ${parsed.text}`);
  });
}

describe("the scanner and JSON.parse", () => {
  const share = 0.35;
  test("accept and refuse the same texts, and find the same members", {
    timeout: propertyTimeoutMs(share),
  }, () => {
    let valid = 0;
    let invalid = 0;
    const runs = propertyRuns(share);
    const property = agreement(
      (bytes) => scanDocument(bytes, wanted),
      (isValid) => (isValid ? valid++ : invalid++),
    );
    fc.assert(property, runs);
    expect(Math.min(valid, invalid)).toBeGreaterThan(runs.numRuns / 5);
  });

  const defects: readonly [string, (text: string) => string][] = [
    ["a comma before the end is let pass", (text) => text.replaceAll(/,(\s*[}\]])/g, " $1")],
    ["control characters are let pass", (text) => text.replaceAll("\t", " ").replaceAll("\0", " ")],
    ["white space is Unicode's", (text) => text.replaceAll("\u00a0", "  ")],
    ["a mark at the start is let pass", (text) => text.replace(/^\ufeff/, "   ")],
    ["a key is taken by its escapes", (text) => text.replace("model", "mod\\u0065l")],
  ];
  test.each(defects)("and the property sees it when %s", (_name, blind) => {
    const property = agreement((bytes) => scanDocument(Buffer.from(blind(bytes.toString("utf8"))), wanted));
    expect(fc.check(property, { numRuns: 20_000, seed: 1, endOnFailure: true }).failed).toBe(true);
  });
});
