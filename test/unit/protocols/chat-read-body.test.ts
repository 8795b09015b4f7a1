/** What the chat door reads in a body, and what it refuses with which code. */
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import { readBody } from "../../../src/protocols/chat/read-body.ts";
import { doors } from "../../../src/protocols/index.ts";
import { MODEL_BYTES_MAX } from "../../../src/protocols/read-members.ts";

function intentOf(text: string) {
  return readBody(Buffer.from(text)).intent;
}

function refusalOf(body: string | Buffer): GatewayError {
  try {
    readBody(Buffer.from(body));
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("the body was accepted");
}

describe("the intent", () => {
  test.each([
    ['{"model":"m"}', {}],
    ['{"model":"m","stream":null,"max_tokens":null,"stream_options":7}', {}],
    ['{"model":"m","stream":false,"stream_options":{"include_usage":"x"}}', {}],
    ['{"model":"m","messages":"not even an array"}', {}],
    ['{"model":"m","stream":true}', { stream: true }],
    ['{"model":"m","stream":true,"stream_options":null}', { stream: true }],
    ['{"model":"m","stream":true,"stream_options":{"include_usage":false}}', { stream: true }],
    [
      '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
      { stream: true, wantsUsage: true },
    ],
    ['{"model":"m","stream":true,"stream_options":{"chunk_include_usage":true}}', { stream: true }],
    [
      '{"stream_options":{"a":[],"include_usage":true},"stream":true,"model":"m"}',
      { stream: true, wantsUsage: true },
    ],
    ['{"model":"m","max_tokens":7}', { outputTokensMax: 7 }],
    ['{"model":"m","max_completion_tokens":8}', { outputTokensMax: 8, boundsThoughts: true }],
    ['{"model":"m","max_completion_tokens":8,"max_tokens":7}', { outputTokensMax: 8, boundsThoughts: true }],
    ['{"model":"m","max_completion_tokens":null,"max_tokens":7}', { outputTokensMax: 7 }],
    ['{"model":"m","max_tokens":0}', { outputTokensMax: 0 }],
    ['{"model":"m","max_tokens":1e3}', { outputTokensMax: 1_000 }],
    ['{"model":"m","max_tokens":1e400}', { outputTokensMax: Number.MAX_SAFE_INTEGER }],
    ['{"model":"m","n":3}', { answers: 3 }],
    ['{"model":"m","n":128}', { answers: 128 }],
    ['{"model":"m","n":1000000000}', { answers: 1_000_000 }],
    ['{"model":"m","n":0}', {}],
    ['{"model":"m","n":null}', {}],
    ['{"model":"m","service_tier":"fast"}', { isSpecialTier: true }],
    ['{"model":"m","service_tier":"f\\u0061st"}', { isSpecialTier: true }],
    [`{"model":"m","service_tier":"${"a".repeat(65)}"}`, { isSpecialTier: true }],
    ['{"model":"m","service_tier":"auto"}', {}],
    ['{"model":"m","service_tier":"default"}', {}],
    ['{"model":"m","service_tier":null}', {}],
  ])("of %s", (text, expected) => {
    expect(intentOf(text)).toEqual({
      model: "m",
      stream: false,
      wantsUsage: false,
      outputTokensMax: null,
      boundsThoughts: false,
      answers: 1,
      isSpecialTier: false,
      isOpenEnded: false,
      ...expected,
    });
  });

  test.each([
    ['"d\\u0065epseek-v3"', "deepseek-v3"],
    ['"模型"', "模型"],
    ['"\\ud83d\\ude00"', "😀"],
    ['"😀"', "😀"],
    ['"../etc/%2e%2e"', "../etc/%2e%2e"],
    ['"{{7*7}}"', "{{7*7}}"],
    ['"\' OR 1=1--"', "' OR 1=1--"],
    ['"a\\/b"', "a/b"],
    ['"\\u202egnp"', "\u202egnp"],
    ['" "', " "],
  ])("the model %s, decoded", (json, expected) => {
    expect(intentOf(`{"model":${json}}`).model).toBe(expected);
  });

  test("a model of 256 bytes passes, one of 257 does not, however it is spelled", () => {
    expect(MODEL_BYTES_MAX).toBe(256);
    for (const [letter, bytes] of [
      ["a", 1],
      ["\\u0061", 1],
      ["é", 2],
      ["\\u00e9", 2],
    ] as const) {
      expect(intentOf(`{"model":"${letter.repeat(256 / bytes)}"}`).model).toHaveLength(256 / bytes);
      const refusal = refusalOf(`{"model":"${letter.repeat(256 / bytes)}a"}`);
      expect(refusal.code).toBe("invalid_request");
      expect(refusal.details.param).toBe("model");
    }
    expect(refusalOf(`{"model":"${"a".repeat(10_000_000)}"}`).code).toBe("invalid_request");
  });
});

describe("refused", () => {
  test.each([
    ["missing_model", "model", "{}"],
    ["missing_model", "model", '{"messages":[{"model":"m"}]}'],
    ["missing_model", "model", '{"model":null}'],
    ["missing_model", "model", '{"model":""}'],
    ["missing_model", "model", '{"models":"m"}'],
    ["invalid_request", "model", '{"model":7}'],
    ["invalid_request", "model", '{"model":["m"]}'],
    ["invalid_request", "model", '{"model":true}'],
    ["invalid_request", "model", '{"model":"m\\r\\nx: y"}'],
    ["invalid_request", "model", '{"model":"m\\u0000"}'],
    ["invalid_request", "model", '{"model":"m\x7f"}'],
    ["invalid_request", "model", '{"model":"m\\u0085"}'],
    ["invalid_request", "model", '{"model":"m\\ud800"}'],
    ["invalid_request", "stream", '{"model":"m","stream":"true"}'],
    ["invalid_request", "stream", '{"model":"m","stream":1}'],
    ["invalid_request", "stream", '{"model":"m","stream":[]}'],
    ["invalid_request", "max_tokens", '{"model":"m","max_tokens":-1}'],
    ["invalid_request", "max_tokens", '{"model":"m","max_tokens":1.5}'],
    ["invalid_request", "max_tokens", '{"model":"m","max_tokens":"7"}'],
    ["invalid_request", "max_tokens", '{"model":"m","max_tokens":-1,"max_completion_tokens":7}'],
    ["invalid_request", "max_completion_tokens", '{"model":"m","max_completion_tokens":true}'],
    ["invalid_request", "n", '{"model":"m","n":-1}'],
    ["invalid_request", "n", '{"model":"m","n":1.5}'],
    ["invalid_request", "n", '{"model":"m","n":"2"}'],
    ["invalid_request", "stream_options", '{"model":"m","stream":true,"stream_options":[]}'],
    ["invalid_request", "stream_options", '{"model":"m","stream":true,"stream_options":true}'],
    [
      "invalid_request",
      "stream_options.include_usage",
      '{"model":"m","stream":true,"stream_options":{"include_usage":1}}',
    ],
    ["ambiguous_body", "model", '{"model":"m","model":"m"}'],
    ["ambiguous_body", "model", '{"model":"m","Model":"n"}'],
    ["ambiguous_body", "model", '{"MODEL":"m"}'],
    ["ambiguous_body", "model", '{"mod\\u0065l":"m"}'],
    ["ambiguous_body", "model", '{"model":"m","model ":"n"}'],
    ["ambiguous_body", "model", '{"model":"m","x":1,"mode\\u006c":"n"}'],
    ["ambiguous_body", "stream", '{"model":"m","stream":true,"\u017ftream":false}'],
    ["ambiguous_body", "stream", '{"model":"m","stream":true,"stream":true}'],
    ["ambiguous_body", "n", '{"model":"m","N":5}'],
    ["ambiguous_body", "service_tier", '{"model":"m","service_tier":"auto","service_tier":"fast"}'],
    ["ambiguous_body", "stream_options", '{"model":"m","stream_options":null,"Stream_Options":{}}'],
    ["ambiguous_body", "max_tokens", '{"model":"m","max_to\u212aens":1}'],
    ["ambiguous_body", "max_tokens", '{"model":"m","max_tokens":1,"max_tokens":1}'],
    ["ambiguous_body", "max_completion_tokens", '{"model":"m","MAX_COMPLETION_TOKENS":1}'],
    ["ambiguous_body", "messages", '{"model":"m","messages":[],"messages":[]}'],
    ["ambiguous_body", "messages", '{"model":"m","Messages":[]}'],
    [
      "ambiguous_body",
      "stream_options.include_usage",
      '{"model":"m","stream":true,"stream_options":{"include_usage":true,"include_usage":false}}',
    ],
    [
      "ambiguous_body",
      "stream_options.include_usage",
      '{"model":"m","stream":true,"stream_options":{"Include_Usage":false}}',
    ],
  ])("%s, `%s`: %s", (code, param, text) => {
    const refusal = refusalOf(text);
    expect(refusal.code).toBe(code);
    expect(refusal.status).toBe(400);
    expect(refusal.details.param).toBe(param);
    expect(refusal.message).not.toContain("\n");
  });

  test("invalid JSON, with the byte and the reason, before anything else is looked at", () => {
    const refusal = refusalOf('{"model":"m","model":"m","x":tru}');
    expect(refusal.code).toBe("invalid_json");
    expect(refusal.message).toBe(
      "The request body is not valid JSON: expected a value at byte 29. " +
        "Send one JSON object (RFC 8259) in UTF-8.",
    );
    expect(refusalOf("").code).toBe("invalid_json");
    expect(refusalOf("[]").code).toBe("invalid_json");
    expect(refusalOf("\ufeff{}").code).toBe("invalid_json");
    expect(refusalOf(Buffer.from([0x7b, 0xff, 0x7d])).code).toBe("invalid_json");
  });

  test("no message quotes what the body says", () => {
    for (const text of [
      '{"model":"sk-canary","stream":"sk-canary"}',
      '{"sk-canary',
      '{"model":"sk-canary\\n"}',
    ]) {
      expect(refusalOf(text).message).not.toContain("sk-canary");
    }
  });
});

test("the table of doors has the chat door on its path", () => {
  expect(doors.map((door) => [door.name, door.paths])).toContainEqual(["chat", ["/chat/completions"]]);
  expect(doors[0]?.read(Buffer.from('{"model":"m"}')).intent.model).toBe("m");
});
