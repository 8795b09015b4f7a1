/** How chat bodies are sent on: each splice alone, all of them together, and nothing else. */
import { describe, expect, test } from "vitest";
import { defaultRepairs, type Repair, repairs } from "../../../src/core/changes.ts";
import { GatewayError } from "../../../src/core/errors.ts";
import { readBody } from "../../../src/protocols/chat/read-body.ts";
import { REPAIRS_MAX } from "../../../src/protocols/chat/repairs.ts";
import { splice } from "../../../src/wire/json-splice.ts";

const all: ReadonlySet<Repair> = new Set(repairs);

function sentOn(text: string, model = "m", inForce = all): [string, string] {
  const body = Buffer.from(text);
  const { splices, changes } = readBody(body).rewrite(model, inForce);
  return [Buffer.concat(splice(body, splices)).toString(), changes.join(",")];
}

describe("the model", () => {
  test.each([
    ['{"model":"m"}', "m", '{"model":"m"}', ""],
    ['{"model":"\\u006d"}', "m", '{"model":"\\u006d"}', ""],
    ['{ "model" : "a" , "x":{"model":"a"}}', "ep-1", '{ "model" : "ep-1" , "x":{"model":"a"}}', "model"],
    ['{"model":"a"}', 'q"\\\n模', '{"model":"q\\"\\\\\\n模"}', "model"],
  ])("in %s for the target %j", (text, model, expected, changes) => {
    expect(sentOn(text, model)).toEqual([expected, changes]);
  });
});

describe("include_usage", () => {
  const options = '"stream_options":{"include_usage":true}';
  test.each([
    ['{"model":"m","stream":true}', `{"model":"m","stream":true,${options}}`],
    ['{"stream" : true , "model":"m"}', `{"stream" : true,${options} , "model":"m"}`],
    ['{"model":"m","stream":true,"stream_options":null}', `{"model":"m","stream":true,${options}}`],
    ['{"model":"m","stream":true,"stream_options":{}}', `{"model":"m","stream":true,${options}}`],
    [
      '{"model":"m","stream":true,"stream_options": { "chunk_include_usage":true}}',
      '{"model":"m","stream":true,"stream_options": {"include_usage":true, "chunk_include_usage":true}}',
    ],
    [
      '{"model":"m","stream":true,"stream_options":{"include_usage":false}}',
      `{"model":"m","stream":true,${options}}`,
    ],
    [
      '{"model":"m","stream":true,"stream_options":{"include_usage":null}}',
      `{"model":"m","stream":true,${options}}`,
    ],
  ])("is forced in %s", (text, expected) => {
    expect(sentOn(text)).toEqual([expected, "include_usage"]);
  });

  test.each([
    '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
    '{"model":"m","stream":true,"stream_options":{"x":{"include_usage":false},"include_usage" : true}}',
    '{"model":"m","stream":false,"stream_options":{"include_usage":false}}',
    '{"model":"m","stream_options":null}',
    '{"model":"m","stream":null,"stream_options":"?"}',
  ])("is left alone in %s", (text) => {
    expect(sentOn(text)).toEqual([text, ""]);
  });
});

describe("developer_role", () => {
  const messages = (list: string) => `{"model":"m","messages":${list}}`;
  test.each([
    ['[{"role":"developer","content":"developer"}]', '[{"role":"system","content":"developer"}]'],
    [
      '[{"content":[{"role":"developer"}],"role" : "developer"}]',
      '[{"content":[{"role":"developer"}],"role" : "system"}]',
    ],
    ['[{"role":"develop\\u0065r"},{"role":"user"}]', '[{"role":"system"},{"role":"user"}]'],
    ['[{"r\\u006fle":"developer"}]', '[{"r\\u006fle":"system"}]'],
    ['[{"role":"user","role":"developer"}]', '[{"role":"user","role":"system"}]'],
    [
      '[ {"role":"developer"} , 7 , [{"role":"developer"}] , {"role":"developer"} ]',
      '[ {"role":"system"} , 7 , [{"role":"developer"}] , {"role":"system"} ]',
    ],
  ])("mends %s", (list, expected) => {
    expect(sentOn(messages(list))).toEqual([messages(expected), "developer_role"]);
    expect(sentOn(messages(list), "m", new Set())).toEqual([messages(list), ""]);
  });

  test.each([
    messages('[{"role":"Developer"},{"role":"developer "},{"role":["developer"]},{"Role":"developer"}]'),
    messages('{"role":"developer"}'),
    messages('"developer"'),
    messages('[{"content":"developer"}]'),
    '{"model":"m","role":"developer","tools":[{"role":"developer"}]}',
  ])("leaves %s alone", (text) => {
    expect(sentOn(text)).toEqual([text, ""]);
  });

  test("has a bound: n roles pass, n + 1 are refused", () => {
    const many = (count: number) =>
      messages(`[${Array.from({ length: count }, () => '{"role":"developer"}').join(",")}]`);
    const [text] = sentOn(many(REPAIRS_MAX));
    expect(text).toBe(many(REPAIRS_MAX).replaceAll("developer", "system"));
    expect(() => readBody(Buffer.from(many(REPAIRS_MAX + 1)))).toThrow(GatewayError);
  });
});

describe("both_token_limits", () => {
  test.each([
    ['{"model":"m","max_tokens":1,"max_completion_tokens":2}', '{"model":"m","max_completion_tokens":2}'],
    ['{"max_tokens":1,"model":"m","max_completion_tokens":2}', '{"model":"m","max_completion_tokens":2}'],
    ['{"model":"m","max_completion_tokens":2,"max_tokens":1}', '{"model":"m","max_completion_tokens":2}'],
    [
      '{"model":"m" , "max_tokens" : 1 , "max_completion_tokens":0}',
      '{"model":"m"  , "max_completion_tokens":0}',
    ],
  ])("mends %s", (text, expected) => {
    expect(sentOn(text)).toEqual([expected, "both_token_limits"]);
    expect(sentOn(text, "m", new Set(["developer_role"]))).toEqual([text, ""]);
  });

  test.each([
    '{"model":"m","max_tokens":1}',
    '{"model":"m","max_completion_tokens":1}',
    '{"model":"m","max_tokens":null,"max_completion_tokens":2}',
    '{"model":"m","max_tokens":1,"max_completion_tokens":null}',
  ])("leaves %s alone", (text) => {
    expect(sentOn(text)).toEqual([text, ""]);
  });
});

describe("empty_tool_parameters", () => {
  const tools = (list: string) => `{"model":"m","tools":${list}}`;
  const NONE = '"parameters":{"type":"object","properties":{}}';
  test.each([
    [
      '[{"type":"function","function":{"name":"f"}}]',
      `[{"type":"function","function":{${NONE},"name":"f"}}]`,
    ],
    ['[{"function":{}}]', `[{"function":{${NONE}}}]`],
    ['[{"function": { } }]', `[{"function": {${NONE} } }]`],
    ['[{"function":{"parameters":null}}]', `[{"function":{${NONE}}}]`],
    [
      '[{"function":{"name":"f","parameters" : { } }}]',
      `[{"function":{"name":"f",${NONE.replace(":", " : ")} }}]`,
    ],
    ['[{"function":{"p\\u0061rameters":{}}}]', `[{"function":{${NONE.replace("pa", "p\\u0061")}}}]`],
    [
      '[7,{"function":{}},null,{"function":{"parameters":{}}}]',
      `[7,{"function":{${NONE}}},null,{"function":{${NONE}}}]`,
    ],
  ])("mends %s", (list, expected) => {
    expect(sentOn(tools(list))).toEqual([tools(expected), "empty_tool_parameters"]);
    expect(sentOn(tools(list), "m", new Set())).toEqual([tools(list), ""]);
  });

  test.each([
    tools('[{"function":{"parameters":{"type":"object"}}},{"function":{"parameters":{"":0}}}]'),
    tools('[{"type":"custom","custom":{"name":"f"}},{"function":null},{"Function":{}},[{"function":{}}]]'),
    tools('[{"function":{"Parameters":{}}},{"function":{"parameters":{},"parameters":{}}}]'),
    tools('[{"function":{"parameters":[]}},{"function":{"parameters":""}}]'),
    tools('{"function":{}}'),
    tools("null"),
    tools("[]"),
    '{"model":"m","functions":[{"name":"f"}],"x":{"tools":[{"function":{}}]}}',
  ])("leaves %s alone", (text) => {
    expect(sentOn(text)).toEqual([text, ""]);
  });

  test("has a bound: n functions pass, n + 1 are refused", () => {
    const many = (count: number) =>
      tools(`[${Array.from({ length: count }, () => '{"function":{}}').join(",")}]`);
    const [text] = sentOn(many(REPAIRS_MAX));
    expect(text).toBe(many(REPAIRS_MAX).replaceAll("{}", `{${NONE}}`));
    expect(() => readBody(Buffer.from(many(REPAIRS_MAX + 1)))).toThrow(GatewayError);
  });

  test.each(['{"model":"m","tools":[],"tools":[]}', '{"model":"m","Tools":[]}'])("refuses %s", (text) => {
    expect(() => readBody(Buffer.from(text))).toThrow(expect.objectContaining({ code: "ambiguous_body" }));
  });
});

describe("strip_unsupported", () => {
  test.each([
    ['{"model":"m","store":true}', '{"model":"m"}'],
    ['{"store":true,"metadata":{"a":1},"model":"m","user":"u"}', '{"model":"m","user":"u"}'],
    [
      '{"prediction":{},"model":"m","client_metadata":{},"user":"u","prompt_cache_key":"k"}',
      '{"model":"m","user":"u"}',
    ],
    ['{"model":"m","store":1,"st\\u006fre":2}', '{"model":"m"}'],
    ['{ "store" : 1 , "store" : 2 , "model" : "m" }', '{   "model" : "m" }'],
  ])("takes them out of %s", (text, expected) => {
    expect(sentOn(text)).toEqual([expected, "strip_unsupported"]);
    expect(sentOn(text, "m", defaultRepairs)).toEqual([text, ""]);
  });

  test.each([
    '{"model":"m","Store":true,"stored":1}',
    '{"model":"m","messages":[{"metadata":{"store":1}}],"x":{"store":true}}',
  ])("leaves %s alone", (text) => {
    expect(sentOn(text)).toEqual([text, ""]);
  });

  test("has a bound: n members pass, n + 1 are refused", () => {
    const many = (count: number) => `{"model":"m"${',"store":1'.repeat(count)}}`;
    expect(sentOn(many(REPAIRS_MAX))[0]).toBe('{"model":"m"}');
    expect(() => sentOn(many(REPAIRS_MAX + 1))).toThrow(GatewayError);
  });

  test("goes beside the limit that goes, first or not", () => {
    const changes = "both_token_limits,strip_unsupported";
    for (const text of [
      '{"max_tokens":1,"store":true,"model":"m","max_completion_tokens":2}',
      '{"store":true,"max_tokens":1,"model":"m","max_completion_tokens":2}',
      '{"store":true,"model":"m","max_completion_tokens":2,"metadata":{},"max_tokens":1,"prediction":1}',
    ]) {
      expect(sentOn(text)).toEqual(['{"model":"m","max_completion_tokens":2}', changes]);
    }
  });
});

test("all together, in ascending order, and named in the order of the closed list", () => {
  const text =
    '{"max_tokens":1,"messages":[{"role":"developer","content":"é"},{"role":"user"},{"role":"developer"}],' +
    '"stream":true,"max_completion_tokens":2,"model":"a","x":12345678901234567890}';
  expect(sentOn(text, "ep-1")).toEqual([
    '{"messages":[{"role":"system","content":"é"},{"role":"user"},{"role":"system"}],' +
      '"stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":2,"model":"ep-1",' +
      '"x":12345678901234567890}',
    "model,include_usage,developer_role,both_token_limits",
  ]);
  const beside = '{"model":"m","stream":true,"max_tokens":1,"max_completion_tokens":2}';
  expect(sentOn(beside)).toEqual([
    '{"model":"m","stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":2}',
    "include_usage,both_token_limits",
  ]);
});

test("a reading may be rewritten for one target after another", () => {
  const body = Buffer.from('{"model":"a","stream":true}');
  const reading = readBody(body);
  const first = reading.rewrite("ep-1", all);
  expect(reading.rewrite("a", all).changes).toEqual(["include_usage"]);
  expect(reading.rewrite("ep-1", all)).toEqual(first);
});
