/** What the Messages doors read in a body, what they refuse, and which way a body goes. */
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import type { Passage, TargetTraits } from "../../../src/protocols/door.ts";
import { countTokensDoor, messagesDoor } from "../../../src/protocols/messages/index.ts";
import { readBody } from "../../../src/protocols/messages/read-body.ts";
import { splice } from "../../../src/wire/json-splice.ts";
import { DEPTH_MAX } from "../../../src/wire/json-value.ts";
import { chatTraits } from "../../support/call-context.ts";
import { plainSeal, sealingContext } from "../../support/plain-seal.ts";

const context = sealingContext();
const SEALED = plainSeal.seal(context.keyId, "{}");
const speaking = chatTraits("doubao", { speaks: new Set(["chat", "messages"]) });

function intentOf(text: string) {
  return messagesDoor.read(Buffer.from(text)).intent;
}

function refusalOf(body: string | Buffer): GatewayError {
  try {
    messagesDoor.read(Buffer.from(body)).prepare(chatTraits("doubao"), context);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("the body was accepted");
}

function passageOf(text: string, target: TargetTraits = speaking): Extract<Passage, { kind: "upstream" }> {
  const passage = messagesDoor.read(Buffer.from(text)).prepare(target, context);
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  return passage;
}

function isTranslated(text: string): boolean {
  return passageOf(text).cargo.rewrite.changes.includes("translation");
}

describe("the intent", () => {
  test.each([
    ['{"model":"m"}', {}],
    ['{"model":"m","stream":true}', { stream: true }],
    ['{"model":"m","stream":null,"max_tokens":null,"tools":null}', {}],
    ['{"model":"m","max_tokens":7}', { outputTokensMax: 7 }],
    ['{"model":"m","max_tokens":1e400}', { outputTokensMax: Number.MAX_SAFE_INTEGER }],
    ['{"model":"m","service_tier":"auto"}', {}],
    ['{"model":"m","service_tier":"standard_only"}', {}],
    ['{"model":"m","service_tier":"default"}', {}],
    ['{"model":"m","service_tier":"priority"}', { isSpecialTier: true }],
    ['{"model":"m","service_tier":"f\\u0061st"}', { isSpecialTier: true }],
    ['{"model":"m","speed":"fast"}', { isSpecialTier: true }],
    ['{"model":"m","speed":"standard"}', {}],
    ['{"model":"m","tools":[]}', {}],
    [
      '{"model":"m","tools":[{"name":"a","input_schema":{"type":"web_search"}},{"type":"custom","name":"b"}]}',
      {},
    ],
    ['{"model":"m","tools":[{"type":null},{"type":"bash_20250124"},{"type":"text_editor_20250728"}]}', {}],
    [
      '{"model":"m","tools":[{"name":"a"},{"type":"web_search_20250305"}]}',
      { isSpecialTier: true, isOpenEnded: true },
    ],
    ['{"model":"m","tools":[{"type":"x","type":"custom"}]}', { isSpecialTier: true, isOpenEnded: true }],
    ['{"model":"m","tools":["web_search"]}', {}],
    ['{"model":"m","mcp_servers":[]}', {}],
    ['{"model":"m","mcp_servers":[{"url":"u"}]}', { isSpecialTier: true, isOpenEnded: true }],
  ])("of %s", (text, expected) => {
    expect(intentOf(text)).toEqual({
      model: "m",
      stream: false,
      wantsUsage: true,
      outputTokensMax: null,
      boundsThoughts: false,
      answers: 1,
      isSpecialTier: false,
      isOpenEnded: false,
      ...expected,
    });
  });
});

describe("a body is refused", () => {
  test.each([
    ["", "invalid_json"],
    ["{", "invalid_json"],
    ["[]", "invalid_json"],
    ['{"messages":[]}', "missing_model"],
    ['{"model":null}', "missing_model"],
    ['{"model":"a","model":"b"}', "ambiguous_body"],
    ['{"m\\u006fdel":"a"}', "ambiguous_body"],
    ['{"model":"a","Stream":true}', "ambiguous_body"],
    ['{"model":"a","max_tokens":1,"MAX_TOKENS":2}', "ambiguous_body"],
    ['{"model":"a","messages":[],"messages":[]}', "ambiguous_body"],
    ['{"model":7}', "invalid_request"],
    ['{"model":"a","stream":"yes"}', "invalid_request"],
    ['{"model":"a","max_tokens":-1}', "invalid_request"],
  ])("%s", (body, code) => {
    expect(refusalOf(body).code).toBe(code);
  });

  test.each([
    ['"messages":null', "messages"],
    ['"messages":[]', "messages"],
    ['"messages":{}', "messages"],
    ['"messages":["Hi"]', "messages.0"],
    ['"messages":[{"content":"Hi"}]', "messages.0.role"],
    ['"messages":[{"role":"developer","content":"Hi"}]', "messages.0.role"],
    ['"messages":[{"role":"user","content":7}]', "messages.0.content"],
    ['"messages":[{"role":"user","content":[7]}]', "messages.0.content.0"],
    ['"messages":[{"role":"user","content":[{"text":"a"}]}]', "messages.0.content.0.type"],
    ['"messages":[{"role":"user","content":[{"type":"text"}]}]', "messages.0.content.0.text"],
    ['"messages":[{"role":"user","content":[{"type":"image"}]}]', "messages.0.content.0.source"],
    [
      '"messages":[{"role":"user","content":[{"type":"image","source":{"type":"ftp"}}]}]',
      "messages.0.content.0.source.type",
    ],
    [
      '"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url"}}]}]',
      "messages.0.content.0.source.url",
    ],
    ['"messages":[{"role":"user","content":[{"type":"tool_result"}]}]', "messages.0.content.0.tool_use_id"],
    [
      '"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a"}]}]',
      "messages.0.content.0.name",
    ],
    ['"messages":[{"role":"user","content":""}]', "messages"],
    ['"messages":[{"role":"user","content":"Hi"}],"tools":{}', "tools"],
    ['"messages":[{"role":"user","content":"Hi"}],"tools":[{"input_schema":{}}]', "tools.0.name"],
    ['"messages":[{"role":"user","content":"Hi"}],"tools":[{"name":""}]', "tools.0.name"],
    ['"messages":[{"role":"user","content":"Hi"}],"tools":[{"name":"a"}],"tool_choice":"any"', "tool_choice"],
    [
      '"messages":[{"role":"user","content":"Hi"}],"tools":[{"name":"a"}],"tool_choice":{}',
      "tool_choice.type",
    ],
    [
      '"messages":[{"role":"user","content":"Hi"}],"tools":[{"name":"a"}],"tool_choice":{"type":"tool","name":"b"}',
      "tool_choice.name",
    ],
    ['"messages":[{"role":"user","content":"Hi"}],"stop_sequences":"END"', "stop_sequences"],
    [
      '"messages":[{"role":"user","content":"Hi"}],"output_config":{"format":{"type":"json_schema"}}',
      "output_config.format.schema",
    ],
  ])("for chat, with %s, naming %s", (members, param) => {
    const refusal = refusalOf(`{"model":"a",${members}}`);
    expect({ code: refusal.code, param: refusal.param }).toEqual({ code: "invalid_request", param });
    expect(refusal.message).toMatch(/\.$/);
  });

  test("for a tool of Anthropic's own service where there is no other, or where it is forced, naming it", () => {
    const alone =
      '{"model":"a","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"web_search_20250305"}]}';
    expect(refusalOf(alone).message).toContain("web_search_20250305");
    const forced = alone
      .replace("}]}", ',"name":"web_search"},{"name":"look"}]}')
      .replace('"tools"', '"tool_choice":{"type":"tool","name":"web_search"},"tools"');
    expect(refusalOf(forced)).toMatchObject({ param: "tool_choice.name" });
    expect(refusalOf(forced).message).toContain("web_search");
    expect(refusalOf(forced.replaceAll('"web_search"', `"${"w".repeat(200)}"`)).message.length).toBeLessThan(
      300,
    );
  });
});

describe("a body for a target that speaks Messages", () => {
  const body =
    '{ "model" : "claude-sonnet" ,"max_tokens":10, "messages":[{"role":"user","content":"system 你"}]}';

  test("goes through byte for byte, but for the model", () => {
    const { cargo, destination, answers } = passageOf(body);
    const sent = Buffer.concat(splice(cargo.body, cargo.rewrite.splices)).toString();
    expect(sent).toBe(body.replace('"claude-sonnet"', '"doubao"'));
    expect(cargo.rewrite.changes).toEqual(["model"]);
    expect(destination).toEqual({ base: "messages", path: "/v1/messages" });
    expect([answers.isVerbatim, answers.isFree, answers.rewritesWhole]).toEqual([true, false, false]);
    expect(answers.rewriteWhole(cargo.body)).toBe(cargo.body);
  });

  test("is the very same where the model is", () => {
    const { cargo } = passageOf(body, { ...speaking, model: "claude-sonnet" });
    expect(cargo.rewrite).toEqual({ splices: [], changes: [] });
    expect(cargo.body.toString()).toBe(body);
  });

  test.each([
    ['{"role":"system","content":"Be brief."}', true],
    ['{"content":"Be brief.","role":"syst\\u0065m"}', true],
    [`{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"${SEALED}"}]}`, true],
    [`{"role":"assistant","content":[{"type":"redacted_thinking","data":"${SEALED}"}]}`, true],
    [
      `{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"x","data":7},{"type":"x","signature":"${SEALED}"}]}`,
      true,
    ],
    ['{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"ErUB"}]}', false],
    [`{"role":"user","content":"${SEALED}"}`, false],
    [`{"role":"user","content":[{"type":"text","text":"${SEALED}"}]}`, false],
    ['{"role":"user","content":[{"type":"text","text":"system"}]}', false],
    ['{"role":"user","content":[{"role":"system"}]}', false],
    ['"system"', false],
  ])("with the message %s is translated: %s", (message, expected) => {
    const text = `{"model":"m","messages":[{"role":"user","content":"Hi"},${message}]}`;
    if (expected) expect(isTranslated(text)).toBe(true);
    else expect(passageOf(text).destination.base).toBe("messages");
  });

  test("with `system` elsewhere than in its messages goes through", () => {
    expect(isTranslated('{"model":"m","tools":[{"name":"system"}],"messages":[{"role":"user"}]}')).toBe(
      false,
    );
    expect(isTranslated('{"model":"m","x":"system","messages":"system"}')).toBe(false);
  });
});

describe("a count of tokens", () => {
  const body = Buffer.from('{"model":"m","stream":true,"tools":[{"type":"web_search_1"}],"messages":[]}');

  test("asks for no output, and is never a stream", () => {
    expect(countTokensDoor.read(body).intent).toMatchObject({
      stream: false,
      outputTokensMax: 0,
      boundsThoughts: true,
      isSpecialTier: false,
      isOpenEnded: false,
    });
  });

  test("goes to Ark where it counts, free of charge", () => {
    const passage = countTokensDoor.read(body).prepare(speaking, context);
    if (passage.kind !== "upstream") throw new Error("counted here");
    expect(passage.destination).toEqual({ base: "messages", path: "/v1/messages/count_tokens" });
    expect(passage.cargo.rewrite.changes).toEqual(["model"]);
    expect([passage.answers.isVerbatim, passage.answers.isFree]).toEqual([true, true]);
    expect(passage.answers.hearWhole(Buffer.from('{"input_tokens":9}'))).toBeNull();
  });

  test.each([
    [0, 0],
    [1, 2],
    [10, 11],
    [11, 13],
    [1_000_000, 1_100_000],
  ])("is made here otherwise, a tenth higher: %i gives %i", (tokens, told) => {
    const passage = countTokensDoor.read(body).prepare(chatTraits("doubao"), context);
    if (passage.kind !== "local") throw new Error("sent to Ark");
    expect(passage.body).toBe(body);
    expect(JSON.parse(passage.answer(tokens).toString())).toEqual({ input_tokens: told });
  });

  test("of a body that Ark's base would refuse is made here", () => {
    const own = Buffer.from('{"model":"m","messages":[{"role":"system","content":"a"}]}');
    expect(countTokensDoor.read(own).prepare(speaking, context).kind).toBe("local");
  });
});

describe("how deep a body may be", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  /** Each holds its value in as many containers as are said. */
  const places: readonly (readonly [string, number, (value: string) => string])[] = [
    ["a message", 2, (value) => `{"model":"m","messages":[${value}]}`],
    ["a member of a message", 3, (value) => `{"model":"m","messages":[{"x":${value}}]}`],
    ["a block", 4, (value) => `{"model":"m","messages":[{"content":[${value}]}]}`],
    ["a member of a block", 5, (value) => `{"model":"m","messages":[{"content":[{"x":${value}}]}]}`],
    ["a tool", 2, (value) => `{"model":"m","tools":[${value}]}`],
    ["a member of a tool", 3, (value) => `{"model":"m","tools":[{"input_schema":${value}}]}`],
  ];

  test.each(places)("%s", (_place, around, bodyWith) => {
    const read = (depth: number) => () => readBody(Buffer.from(bodyWith(nested(depth))));
    expect(read(DEPTH_MAX - around)).not.toThrow();
    expect(read(DEPTH_MAX - around + 1)).toThrow(`nested more than ${DEPTH_MAX} deep`);
  });
});
