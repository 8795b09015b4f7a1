/** Chat bodies by the hundred thousand: sent on byte for byte, and with one model whoever reads them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Change, type Repair, repairs } from "../../src/core/changes.ts";
import { GatewayError } from "../../src/core/errors.ts";
import type { KeyId } from "../../src/core/ids.ts";
import { readBody } from "../../src/protocols/chat/read-body.ts";
import { ReasoningReplay } from "../../src/protocols/remembered-reasoning.ts";
import { type Splice, splice, splicedLength } from "../../src/wire/json-splice.ts";
import { type ChatBody, chatBody } from "../support/chat-bodies.ts";
import { Choices } from "../support/choices.ts";
import { faultIn } from "../support/forwarding.ts";
import { isTakenFor, pairsOf, valuesUnder } from "../support/json-readers.ts";
import { oddKey, valueText, whiteSpace } from "../support/json-texts.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const choiceBytes = fc.uint8Array({ maxLength: 240, size: "max" });

type SentOn = { readonly bytes: Buffer; readonly changes: readonly Change[] };
type Sender = (client: Buffer, body: ChatBody) => SentOn;

const KEY = "caller" as KeyId;

/** Recalls what a body is to bring back, if the repair is in force. */
function replayOf({ remembered }: ChatBody): ReasoningReplay {
  const recall = (keyId: KeyId, id: string) => (keyId === KEY ? (remembered.get(id) ?? null) : null);
  return new ReasoningReplay({ holdsAnyOf: () => true, recall, remember: () => {} }, KEY, "m");
}

const send: Sender = (client, body) => {
  const { target, repairs: inForce, intent } = body;
  const reading = readBody(client);
  expect(reading.intent).toEqual(intent);
  const { splices, changes } = reading.rewrite(target, inForce, replayOf(body));
  const bytes = Buffer.concat(splice(client, splices));
  expect(bytes).toHaveLength(splicedLength(client, splices));
  return { bytes, changes };
};

function forwarding(sender: Sender) {
  return fc.property(choiceBytes, (bytes) => {
    const body = chatBody(new Choices(bytes));
    const sentOn = sender(Buffer.from(body.client), body);
    const fault = faultIn(body, sentOn.bytes, sentOn.changes);
    if (fault !== null) {
      throw new Error(`${fault}\nclient  ${body.client}\nsent on ${sentOn.bytes}\nnot     ${body.sentOn}`);
    }
  });
}

/** The gateway's own splices, tampered with. */
function tampered(tamper: (splices: readonly Splice[], client: Buffer) => readonly Splice[]): Sender {
  return (client, body) => {
    const { target, repairs: inForce } = body;
    const { splices, changes } = readBody(client).rewrite(target, inForce, replayOf(body));
    return { bytes: Buffer.concat(splice(client, tamper(splices, client))), changes };
  };
}

describe("the body sent on is the client's with the listed splices", () => {
  const share = 0.45;
  test("byte for byte, and to a parser", { timeout: propertyTimeoutMs(share) }, () => {
    const told = new Map<Change, number>();
    const counted: Sender = (client, body) => {
      for (const change of body.changes) told.set(change, (told.get(change) ?? 0) + 1);
      return send(client, body);
    };
    const runs = propertyRuns(share);
    fc.assert(forwarding(counted), runs);
    expect(told.size).toBe(7);
    expect(Math.min(...told.values())).toBeGreaterThan(runs.numRuns / 100);
  });

  const defects: readonly [string, Sender][] = [
    [
      "the body is parsed and written anew",
      (client, body) => ({
        bytes: Buffer.from(JSON.stringify({ ...JSON.parse(client.toString()), model: body.target })),
        changes: body.changes,
      }),
    ],
    [
      "a splice ends a byte late",
      tampered((all) => all.map((one) => (one.end > one.start ? { ...one, end: one.end + 1 } : one))),
    ],
    ["a splice is forgotten", tampered((all) => all.slice(1))],
    [
      "the comma stays",
      tampered((all, client) =>
        all.map((one) => (client[one.start] === 0x2c ? { ...one, start: one.start + 1 } : one)),
      ),
    ],
    [
      "only the plain spelling of developer is mended",
      tampered((all, client) =>
        all.filter((one) => !client.toString("utf8", one.start, one.end).includes("\\u00")),
      ),
    ],
    [
      "every `model` in the body is replaced",
      (client, body) => {
        const { bytes, changes } = send(client, body);
        return {
          bytes: Buffer.from(bytes.toString().replaceAll(/"model":"[^"]*"/g, `"model":"x"`)),
          changes,
        };
      },
    ],
    [
      "a change is not told",
      (client, body) => {
        const { bytes, changes } = send(client, body);
        return { bytes, changes: changes.filter((change) => change !== "both_token_limits") };
      },
    ],
  ];
  test.each(defects)("and the property sees it when %s", (_name, sender) => {
    expect(fc.check(forwarding(sender), { numRuns: 2_000, seed: 1, endOnFailure: true }).failed).toBe(true);
  });
});

describe("whoever reads the body", () => {
  const actedOn: readonly (readonly [string, readonly string[]])[] = [
    ["model", ['"a"', '"b"', '"\\u0061"']],
    ["stream", ["false", "null"]],
    ["stream_options", ["{}", "null"]],
    ["max_tokens", ["1", "null"]],
    ["max_completion_tokens", ["2", "null"]],
    ["messages", ["[]", '[{"model":"c"}]']],
  ];
  const FOLDS = new Map([
    ["s", ["S", "\u017f", "\\u017f", "\\u0053"]],
    ["k", ["K", "\u212a", "\\u212A"]],
    ["i", ["I", "\u0131"]],
  ]);

  /** A key that is the name, or a twin of it, or nearly one. */
  function twin(choices: Choices, name: string): string {
    if (!choices.oneIn(4)) return `"${name}"`;
    const at = choices.below(name.length);
    const letter = name.charAt(at);
    const spellings = [
      letter.toUpperCase(),
      `\\u00${letter.charCodeAt(0).toString(16)}`,
      ...(FOLDS.get(letter) ?? []),
      `${letter}x`,
      "",
    ];
    const key = name.slice(0, at) + choices.pick(spellings) + name.slice(at + 1);
    return choices.oneIn(4) ? `"${choices.pick([" ", "\\t", "\\u0000", "x"])}${key} "` : `"${key}"`;
  }

  function body(choices: Choices): string {
    const members: string[] = [];
    for (const [name, values] of actedOn) {
      for (let count = choices.pick(name === "model" ? [1, 1, 1, 2] : [0, 0, 1]); count > 0; count--) {
        members.push(`${twin(choices, name)}${whiteSpace(choices)}:${choices.pick(values)}`);
      }
    }
    for (let count = choices.below(3); count > 0; count--) {
      members.push(`${oddKey(choices)}:${valueText(choices, 2)}`);
    }
    const first = choices.below(members.length);
    return `{${[...members.slice(first), ...members.slice(0, first)].join(`${whiteSpace(choices)},`)}}`;
  }

  function isAmbiguous(text: string): boolean {
    const pairs = pairsOf(text);
    return actedOn.some(([name]) => {
      const taken = pairs.filter(({ key }) => isTakenFor(key, name));
      return taken.length > 1 || taken.some(({ rawKey }) => rawKey !== `"${name}"`);
    });
  }

  function modelsIn(text: string): Set<unknown> {
    return new Set(
      valuesUnder(pairsOf(text), "model").map((raw) => (raw === undefined ? raw : JSON.parse(raw))),
    );
  }

  const share = 0.2;
  test("finds the model that was authorised, or the body is refused", {
    timeout: propertyTimeoutMs(share),
  }, () => {
    const inForce: ReadonlySet<Repair> = new Set(repairs);
    let refused = 0;
    let accepted = 0;
    const property = fc.property(choiceBytes, (bytes) => {
      const text = body(new Choices(bytes));
      const client = Buffer.from(text);
      const code = codeOf(() => readBody(client));
      if (isAmbiguous(text)) {
        refused++;
        expect([text, code]).toEqual([text, "ambiguous_body"]);
      } else if (modelsIn(text).has(undefined)) {
        expect([text, code]).toEqual([text, "missing_model"]);
      } else {
        accepted++;
        expect([text, code]).toEqual([text, null]);
        const reading = readBody(client);
        expect(modelsIn(text)).toEqual(new Set([reading.intent.model]));
        const { splices } = reading.rewrite("ep-1", inForce);
        expect(modelsIn(Buffer.concat(splice(client, splices)).toString())).toEqual(new Set(["ep-1"]));
      }
    });
    const runs = propertyRuns(share);
    fc.assert(property, runs);
    expect(Math.min(refused, accepted)).toBeGreaterThan(runs.numRuns / 10);
  });

  function codeOf(read: () => unknown): string | null {
    try {
      read();
      return null;
    } catch (error) {
      if (error instanceof GatewayError) return error.code;
      throw error;
    }
  }
});
