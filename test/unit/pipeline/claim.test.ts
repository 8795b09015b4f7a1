/** What a call could use, before it is made: from how its body bounds it, and what its model can do. */
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../../src/core/ids.ts";
import type { PriceList } from "../../../src/core/money.ts";
import type { Caller } from "../../../src/keys/gate.ts";
import { CalibratedEstimator } from "../../../src/ledger/estimate/calibrated-estimator.ts";
import { CallClaim } from "../../../src/pipeline/claim.ts";
import type { House } from "../../../src/pipeline/house.ts";
import type { CallPlan } from "../../../src/pipeline/resolve.ts";
import { chatDoor } from "../../../src/protocols/chat/index.ts";
import type { Splice } from "../../../src/wire/json-splice.ts";
import { measureBody } from "../../../src/wire/text-measure.ts";

const CALLER: Caller = { kind: "own", credential: "k", keyId: "ark-0" as KeyId };
const UNKNOWN = { contextTokens: null, reasoningTokensMax: null };
const KNOWN = { contextTokens: 100_000, reasoningTokensMax: 12_288 };
const TEMPLATE = 1_024;

function claimOf(
  text: string,
  window: { contextTokens: number | null; reasoningTokensMax: number | null },
  price: PriceList | null = null,
  splices: readonly Splice[] = [],
): CallClaim {
  const body = Buffer.from(text);
  const { intent } = chatDoor.read(body);
  const house = { estimator: new CalibratedEstimator() } as Pick<House, "estimator"> as House;
  const route = { alias: "m", window, price, target: { label: "ark/ep" } };
  const answers = { isFree: false, isVerbatim: true };
  const plan = { door: chatDoor, intent, route, answers, measure: measureBody(body) } as unknown as CallPlan;
  return new CallClaim(house, CALLER, plan, { body, rewrite: { splices, changes: [] } });
}

function bodyWith(more: string, content = '"hi"'): string {
  return `{"model":"m","messages":[{"role":"user","content":${content}}]${more}}`;
}

describe("the most of an answer", () => {
  test.each([
    ["max_completion_tokens alone, whatever the model", ',"max_completion_tokens":100', 100, 100],
    ["max_tokens and the thoughts beside it", ',"max_tokens":100', 100 + 65_536, 100 + 12_288],
    ["both: the one that bounds all of it", ',"max_tokens":100,"max_completion_tokens":50', 50, 50],
    ["neither: Ark's own bound and the thoughts", "", 4_096 + 65_536, 4_096 + 12_288],
    ["nothing, which bounds nothing", ',"max_completion_tokens":0', 4_096 + 65_536, 4_096 + 12_288],
    ["of each of several answers", ',"max_completion_tokens":100,"n":5', 500, 500],
    ["of several answers and their thoughts", ',"max_tokens":100,"n":2', 2 * 65_636, 2 * 12_388],
  ])("%s", (_name, more, unknown, known) => {
    expect(claimOf(bodyWith(more), UNKNOWN).outputTokensMax).toBe(unknown);
    expect(claimOf(bodyWith(more), KNOWN).outputTokensMax).toBe(known);
  });
});

describe("the most of an input", () => {
  test("is a token for each byte, and what a template adds, within the model's window", () => {
    const text = bodyWith("", '"你好, hello 😀"');
    expect(claimOf(text, UNKNOWN).inputTokensMax).toBe(Buffer.byteLength(text) + TEMPLATE);
    expect(claimOf(bodyWith("", `"${"a".repeat(200_000)}"`), KNOWN).inputTokensMax).toBe(100_000);
  });

  test("counts what is put into the body, and not what is taken out of it", () => {
    const text = bodyWith("");
    const thought = { start: 1, end: 1, bytes: Buffer.alloc(5_000) };
    const taken = { start: 2, end: 9, bytes: Buffer.alloc(0) };
    const most = text.length + TEMPLATE;
    expect(claimOf(text, UNKNOWN, null, [thought]).inputTokensMax).toBe(most + 5_000);
    expect(claimOf(text, UNKNOWN, null, [taken]).inputTokensMax).toBe(most);
    const long = { start: 1, end: 1, bytes: Buffer.alloc(200_000) };
    expect(claimOf(text, KNOWN, null, [long]).inputTokensMax).toBe(KNOWN.contextTokens);
  });

  test("knows that an address of a few bytes can be a picture or a film", () => {
    const part = (type: string) => `{"type":"${type}","${type}":{"url":"https://a/b"}}`;
    const parts = `[${part("image_url")},${part("video_url")}]`;
    const text = bodyWith("", parts);
    const media = 2 * 16_384 + 2 * 204_800;
    expect(claimOf(text, UNKNOWN).inputTokensMax).toBe(text.length + TEMPLATE + media);
  });

  test.each(["image\\u005furl", "image\\u005Furl", "\\u0069mage_url", "vide\\u006f_url", "image_\\u0075rl"])(
    "takes the whole window where %s could hide one",
    (name) => {
      const text = bodyWith("", `[{"type":"${name}","${name}":{"url":"https://a/b"}}]`);
      expect(claimOf(text, UNKNOWN).inputTokensMax).toBe(1_048_576);
      expect(claimOf(text, KNOWN).inputTokensMax).toBe(100_000);
    },
  );

  test.each([
    ["a file by its id", '{"type":"file","file":{"file_id":"file-1"}}'],
    ["a file by its address", '{"type" : \t"file","file":{"file_url":"https://a/b.pdf"}}'],
    ["a file in the body", '{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}'],
    ["speech by its address", '{"type":"input_audio","input_audio":{"url":"https://a/b"}}'],
    ["speech by its id", '{"type":"input\\u005faudio","input_audio":{"file_id":"file-1"}}'],
  ])("takes the whole window for %s, whose length nobody here knows", (_name, part) => {
    expect(claimOf(bodyWith("", `[${part}]`), UNKNOWN).inputTokensMax).toBe(1_048_576);
    expect(claimOf(bodyWith("", `[${part}]`), KNOWN).inputTokensMax).toBe(100_000);
  });

  test.each([
    ["a tool's parameter", ',"tools":[{"properties":{"file":{"type":"string"},"input_audio":{}}}]', '"hi"'],
    ["a text about parts", "", JSON.stringify('{"type":"file"} and {"type":"input_audio"}')],
    ["a text about escapes", "", JSON.stringify("image\\u005furl \\\\u0061")],
  ])("does not take %s for a part", (_name, more, content) => {
    const text = bodyWith(more, content);
    expect(claimOf(text, UNKNOWN).inputTokensMax).toBe(text.length + TEMPLATE);
  });

  test("gives up on a body that is nothing but words to look at, and takes the whole window for it", () => {
    const texts = (words: number) => bodyWith("", JSON.stringify("\\u0061".repeat(words)));
    expect(claimOf(texts(10_000), UNKNOWN).inputTokensMax).toBe(texts(10_000).length + TEMPLATE);
    expect(claimOf(texts(10_001), UNKNOWN).inputTokensMax).toBe(1_048_576);
  });

  test("does not take what serializers escape for something hidden", () => {
    const text = bodyWith("", '"\\u4f60\\u00e9\\u003c\\u0026\\u0022\\u001f"');
    expect(claimOf(text, UNKNOWN).inputTokensMax).toBe(text.length + TEMPLATE);
  });
});

describe("the most of a cost", () => {
  const price = {
    version: "v",
    tiers: [
      { inputTokensMax: null, outputTokensMax: null, input: 1_000_000, cachedInput: null, output: 2_000_000 },
    ],
  };

  test("is that of all input and all output", () => {
    const text = bodyWith(',"max_completion_tokens":100,"service_tier":"auto"');
    expect(claimOf(text, UNKNOWN, price).costMax).toBe(text.length + TEMPLATE + 200 + 1);
  });

  test.each([
    ["a tier that has prices of its own", bodyWith(',"service_tier":"fast"')],
    ["speech, which has one too", bodyWith("", '[{"type":"input_audio","input_audio":{"data":"AAAA"}}]')],
  ])("is not known of %s", (_name, text) => {
    expect(claimOf(text, UNKNOWN, price).costMax).toBeNull();
  });
});

test("a price that is not known is no cost, and no limits of a key's own are none", () => {
  const claim = claimOf(bodyWith(""), UNKNOWN);
  expect([claim.costMax, claim.keyLimits]).toEqual([null, null]);
  expect(claim.tokens).toBeGreaterThan(0);
});
