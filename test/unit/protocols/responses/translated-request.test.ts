/** What a Responses request becomes where a model speaks chat alone. */
import { describe, expect, test } from "vitest";
import type { ChatRequest } from "../../../../src/core/chat.ts";
import type { Reasoning } from "../../../../src/core/memories.ts";
import type { CallContext, TargetTraits } from "../../../../src/protocols/door.ts";
import { ALLOWED_TOOLS_MAX } from "../../../../src/protocols/responses/tool-choice.ts";
import { TOOLS_MAX } from "../../../../src/protocols/responses/tool-spans.ts";
import { translateResponses } from "../../../../src/protocols/responses/translation/translate-responses.ts";
import { chatTraits } from "../../../support/call-context.ts";
import { chatRequestFaults } from "../../../support/chat-request-check.ts";
import { plainSeal, sealingContext } from "../../../support/plain-seal.ts";

const MODEL = "doubao-seed-2-1-pro-260628";
const HI = { role: "user", content: "Hi" };
const FUNCTION = { type: "function", name: "look", parameters: { type: "object", properties: { at: {} } } };
const SPACE = { type: "namespace", name: "mcp", description: "d", tools: [{ ...FUNCTION, name: "read" }] };
const PATCH = { type: "custom", name: "patch", description: "Changes files.", format: { type: "text" } };

function passageOf(
  body: object,
  context: CallContext = sealingContext(),
  target: Partial<TargetTraits> = {},
) {
  const bytes = Buffer.from(JSON.stringify({ model: "alias", input: "Hi", ...body }));
  const passage = translateResponses(bytes, chatTraits(MODEL, target), context);
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  return passage;
}

function translated(body: object, context?: CallContext): ChatRequest {
  const request: ChatRequest = JSON.parse(passageOf(body, context).cargo.body.toString());
  expect(chatRequestFaults(request)).toEqual([]);
  return request;
}

function messagesOf(input: unknown, more: object = {}) {
  return translated({ input, ...more }).messages;
}

function refusalOf(body: object) {
  try {
    passageOf(body);
  } catch (error) {
    return error;
  }
  throw new Error("not refused");
}

function call(id: string, name = "look", more: object = {}) {
  return { type: "function_call", call_id: id, name, arguments: "{}", ...more };
}

function output(id: string, text: unknown) {
  return { type: "function_call_output", call_id: id, output: text };
}

function toolCall(id: string, name = "look", given = "{}") {
  return { id, type: "function", function: { name, arguments: given } };
}

describe("what is said", () => {
  test("goes to Ark's chat, and is told as a translation", () => {
    const { destination, cargo } = passageOf({});
    expect(destination).toEqual({ base: "data", path: "/chat/completions" });
    expect(cargo.rewrite).toEqual({ splices: [], changes: ["model", "translation"] });
    expect(passageOf({ model: MODEL }).cargo.rewrite.changes).toEqual(["translation"]);
    expect(JSON.parse(cargo.body.toString())).toEqual({ model: MODEL, messages: [HI] });
  });

  test("instructions come first, and developers speak as the system, in their place", () => {
    const input = [
      HI,
      { type: "message", role: "developer", content: [{ type: "input_text", text: "Be kind." }] },
    ];
    expect(messagesOf(input, { instructions: "Be brief." })).toEqual([
      { role: "system", content: "Be brief." },
      HI,
      { role: "system", content: "Be kind." },
    ]);
  });

  test("images, files, sound and film", () => {
    const content = [
      { type: "input_text", text: "Look:" },
      { type: "input_image", image_url: "data:image/PNG;base64,AAAA", detail: "high" },
      { type: "input_image", file_id: "file-1" },
      { type: "input_file", file_data: "JVBE", filename: "a.pdf" },
      { type: "input_file", file_url: "https://example.com/b.pdf" },
      { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
      { type: "input_video", video_url: "https://example.com/c.mp4" },
      { type: "input_text", text: "" },
    ];
    const request: ChatRequest = JSON.parse(
      passageOf({ input: [{ role: "user", content }] }).cargo.body.toString(),
    );
    expect(request.messages[0]?.content).toEqual([
      { type: "text", text: "Look:" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA", detail: "high" } },
      { type: "image_url", image_url: { file_id: "file-1" } },
      { type: "file", file: { file_data: "data:application/pdf;base64,JVBE", filename: "a.pdf" } },
      { type: "file", file: { file_url: "https://example.com/b.pdf" } },
      { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
      { type: "video_url", video_url: { url: "https://example.com/c.mp4" } },
    ]);
  });

  test("an assistant's texts and refusals become one text", () => {
    const content = [
      { type: "output_text", text: "A", annotations: [] },
      { type: "refusal", refusal: "B" },
    ];
    const input = [HI, { role: "assistant", content }, { role: "assistant", content: "C" }, HI];
    expect(messagesOf(input)[1]).toEqual({ role: "assistant", content: "A\n\nB\n\nC" });
  });

  test("items of OpenAI's own service count as far as they hold text", () => {
    const input = [
      HI,
      { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } },
      { type: "local_shell_call", id: "ls", call_id: "c1", action: { type: "exec", command: ["ls"] } },
      { type: "local_shell_call_output", id: "c1", output: "a.txt" },
      { type: "mcp_call", id: "m1", name: "ask", server_label: "s", arguments: "{}", output: "yes" },
      { type: "program_output", output: "a program's words" },
      { type: "image_generation_call", id: "ig", result: "AAAA" },
    ];
    const command = '{"type":"exec","command":["ls"]}';
    expect(messagesOf(input)).toEqual([
      HI,
      { role: "assistant", content: "", tool_calls: [toolCall("c1", "local_shell", command)] },
      { role: "tool", tool_call_id: "c1", content: "a.txt" },
      { role: "assistant", content: "", tool_calls: [toolCall("m1", "s__ask")] },
      { role: "tool", tool_call_id: "m1", content: "yes" },
      { role: "user", content: "program_output:\na program's words" },
    ]);
  });
});

describe("tools that were called", () => {
  test("a thought, a text and calls are one message, their outputs right behind", () => {
    const input = [
      HI,
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }] },
      { role: "assistant", content: "I look." },
      call("c1"),
      call("c2", "read", { namespace: "mcp", arguments: "" }),
      HI,
      output("c2", [
        { type: "input_text", text: "two" },
        { type: "input_image", image_url: "https://a/b.png" },
      ]),
      output("c1", "one"),
    ];
    expect(messagesOf(input)).toEqual([
      HI,
      {
        role: "assistant",
        content: "I look.",
        reasoning_content: "hm",
        tool_calls: [toolCall("c1"), toolCall("c2", "mcp__read")],
      },
      { role: "tool", tool_call_id: "c1", content: "one" },
      { role: "tool", tool_call_id: "c2", content: "two" },
      {
        role: "user",
        content: [
          { type: "text", text: "From the output of the tool call c2:" },
          { type: "image_url", image_url: { url: "https://a/b.png" } },
        ],
      },
      HI,
    ]);
  });

  test("a call without output is told so, and an output without its call is a user's words", () => {
    expect(messagesOf([HI, output("c1", "early"), call("c1"), call("c2"), output("c2", "")])).toEqual([
      HI,
      { role: "user", content: "Output of the tool call c1:\nearly" },
      { role: "assistant", content: "", tool_calls: [toolCall("c1"), toolCall("c2")] },
      { role: "tool", tool_call_id: "c1", content: "No output was given for this tool call." },
      { role: "tool", tool_call_id: "c2", content: "The tool gave no output." },
    ]);
  });

  test("an output that comes turns later is put behind its call; ids that come twice pair in order", () => {
    const input = [HI, call("c"), HI, call("c"), output("c", "first"), output("c", "second")];
    expect(messagesOf(input).map(({ content }) => content)).toEqual(["Hi", "", "first", "Hi", "", "second"]);
  });

  test("free text goes as a function's one argument", () => {
    const input = [
      HI,
      { type: "custom_tool_call", call_id: "c", name: "patch", input: 'a "b"\n' },
      { type: "custom_tool_call_output", call_id: "c", output: "done" },
    ];
    const given = '{"input":"a \\"b\\"\\n"}';
    expect(messagesOf(input, { tools: [PATCH] })[1]).toEqual({
      role: "assistant",
      content: "",
      tool_calls: [toolCall("c", "patch", given)],
    });
  });

  test("an output that is an object or a list of no parts is its JSON", () => {
    const shell = [{ stdout: "a", stderr: "", outcome: { type: "exit", exit_code: 0 } }];
    const input = [HI, call("a"), output("a", { ok: true }), call("b"), output("b", shell)];
    const contents = messagesOf(input).filter(({ role }) => role === "tool");
    expect(contents.map(({ content }) => content)).toEqual(['{"ok":true}', JSON.stringify(shell)]);
  });
});

test("a conversation of very many calls under one id takes no longer than they are", () => {
  const count = 50_000;
  const calls = Array.from({ length: count }, () => call("c"));
  const outputs = Array.from({ length: count }, (_, index) => output("c", `${index}`));
  const contents = messagesOf([HI, ...calls, ...outputs]).map(({ content }) => content);
  expect(contents).toEqual(["Hi", "", ...Array.from({ length: count }, (_, index) => `${index}`)]);
});

describe("thoughts", () => {
  const { keyId } = sealingContext();
  const seal = (thought: object) => plainSeal.seal(keyId, JSON.stringify(thought));
  const thinking = (thought: object) => [
    HI,
    { type: "reasoning", summary: [], ...thought },
    call("c"),
    output("c", "x"),
  ];

  test.each([
    [
      "in plain",
      {
        summary: [
          { type: "summary_text", text: "a" },
          { type: "summary_text", text: "b" },
        ],
      },
      "a\n\nb",
    ],
    ["raw", { content: [{ type: "reasoning_text", text: "raw" }], summary: [] }, "raw"],
    [
      "sealed",
      { encrypted_content: seal({ t: "whole" }), summary: [{ type: "summary_text", text: "s" }] },
      "whole",
    ],
    [
      "of another's making",
      { encrypted_content: "gAAAA", summary: [{ type: "summary_text", text: "s" }] },
      "s",
    ],
  ])("%s", (_how, item, thought) => {
    expect(messagesOf(thinking(item))[1]).toMatchObject({ reasoning_content: thought });
  });

  test("Ark's own sealed thought comes back to it", () => {
    const messages = messagesOf(thinking({ encrypted_content: seal({ t: "s", e: "ARK", m: MODEL }) }));
    expect(messages[1]).toMatchObject({ reasoning_content: "s", encrypted_content: "ARK" });
  });

  test.each([{}, { m: "another" }])("another model's comes back as its text alone: %j", (of) => {
    const messages = messagesOf(thinking({ encrypted_content: seal({ t: "s", e: "ARK", ...of }) }));
    expect(messages[1]).toMatchObject({ reasoning_content: "s" });
    expect(messages[1]).not.toHaveProperty("encrypted_content");
  });

  test("another key's seal does not open", () => {
    const sealed = plainSeal.seal("other" as typeof keyId, JSON.stringify({ t: "secret" }));
    expect(messagesOf(thinking({ encrypted_content: sealed }))[1]).not.toHaveProperty("reasoning_content");
  });

  test("what the client has dropped is put back, and told", () => {
    const thought: Reasoning = { text: "remembered", encrypted: null };
    const context = sealingContext();
    const memories = {
      ...context.memories,
      reasoning: { holdsAnyOf: () => true, recall: () => thought, remember: () => {} },
    };
    const { cargo } = passageOf({ input: [HI, call("c"), output("c", "x")] }, { ...context, memories });
    expect(JSON.parse(cargo.body.toString()).messages[1]).toMatchObject({ reasoning_content: "remembered" });
    expect(cargo.rewrite.changes).toEqual(["model", "translation", "reasoning_replay"]);
  });
});

describe("settings", () => {
  test.each([
    [{ max_output_tokens: 65_536 }, { max_completion_tokens: 65_536 }],
    [{ max_output_tokens: 65_537 }, { max_completion_tokens: 65_536 }],
    [{ max_output_tokens: 0 }, { max_completion_tokens: 1 }],
    [{ reasoning: { effort: "high", summary: "auto" } }, { reasoning_effort: "high" }],
    [{ reasoning: { effort: "none" } }, { thinking: { type: "disabled" } }],
    [{ reasoning: { effort: "minimal" } }, { thinking: { type: "disabled" } }],
    [{ thinking: { type: "disabled" }, reasoning: { effort: "low" } }, { thinking: { type: "disabled" } }],
    [{ thinking: { type: "enabled" } }, { thinking: { type: "enabled" } }],
    [{ thinking: { type: "auto" }, reasoning: { effort: "odd" } }, {}],
    [
      { temperature: 0.2, top_p: 0.9 },
      { temperature: 0.2, top_p: 0.9 },
    ],
    [{ temperature: null, top_p: null, service_tier: null }, {}],
    [{ service_tier: "auto" }, {}],
    [{ service_tier: "fast" }, { service_tier: "fast" }],
    [{ text: { format: { type: "text" }, verbosity: "low" } }, {}],
    [{ text: { format: { type: "json_object" } } }, { response_format: { type: "json_object" } }],
    [
      { text: { format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true } } },
      {
        response_format: {
          type: "json_schema",
          json_schema: { name: "n", schema: { type: "object" }, strict: true },
        },
      },
    ],
    [{ stream: true }, { stream: true, stream_options: { include_usage: true } }],
    [{ metadata: { a: "b" }, prompt_cache_key: "k", truncation: "auto", client_metadata: {}, user: "u" }, {}],
  ])("%j", (body, wanted) => {
    const { model, messages, ...rest } = translated(body);
    expect(rest).toEqual(wanted);
  });
});

describe("tools", () => {
  const all = [FUNCTION, { type: "web_search" }, SPACE, PATCH, { type: "local_shell" }];
  const names = (body: object) => translated(body).tools?.map((tool) => tool.function.name);

  test("functions as they are, namespaces flattened, free text as functions, the rest left out", () => {
    expect(names({ tools: all })).toEqual(["look", "mcp__read", "patch"]);
    expect(translated({ tools: [{ type: "function", name: "bare", parameters: {} }] }).tools).toEqual([
      { type: "function", function: { name: "bare", parameters: { type: "object", properties: {} } } },
    ]);
  });

  test("numbers of a schema keep every digit", () => {
    const maximum = "12345678901234567890";
    const body = `{"model":"m","input":"Hi","tools":[{"type":"function","name":"f","parameters":{"maximum":${maximum}}}]}`;
    const passage = translateResponses(Buffer.from(body), chatTraits(MODEL), sealingContext());
    expect(passage.kind === "upstream" && passage.cargo.body.toString()).toContain(`"maximum":${maximum}`);
  });

  test("tools that came later in the conversation count too", () => {
    const added = { type: "additional_tools", id: "at", role: "developer", tools: [FUNCTION] };
    expect(names({ input: [HI, added] })).toEqual(["look"]);
  });

  test.each([
    ["none", "none"],
    ["auto", "auto"],
    ["required", "required"],
    [
      { type: "function", name: "look" },
      { type: "function", function: { name: "look" } },
    ],
    [
      { type: "function", name: "read", namespace: "mcp" },
      { type: "function", function: { name: "mcp__read" } },
    ],
    [
      { type: "custom", name: "patch" },
      { type: "function", function: { name: "patch" } },
    ],
  ])("a choice of %j", (choice, wanted) => {
    expect(translated({ tools: all, tool_choice: choice, parallel_tool_calls: false })).toMatchObject({
      tool_choice: wanted,
      parallel_tool_calls: false,
    });
  });

  test("only allowed tools are offered", () => {
    const choice = { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "look" }] };
    const request = translated({ tools: all, tool_choice: choice });
    expect(request.tools?.map((tool) => tool.function.name)).toEqual(["look"]);
    expect(request.tool_choice).toBe("required");
  });

  test(`${ALLOWED_TOOLS_MAX} may be allowed, and ${TOOLS_MAX} be there, and not one more`, () => {
    const functions = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ type: "function", name: `f${index}` }));
    const allow = (count: number) => ({
      tools: [FUNCTION],
      tool_choice: { type: "allowed_tools", mode: "auto", tools: [...functions(count - 1), FUNCTION] },
    });
    expect(names(allow(ALLOWED_TOOLS_MAX))).toEqual(["look"]);
    expect(refusalOf(allow(ALLOWED_TOOLS_MAX + 1))).toMatchObject({
      param: "tool_choice.tools",
      status: 400,
    });

    const offer = (count: number) => ({ tools: [{ ...SPACE, tools: functions(count - 1) }, FUNCTION] });
    expect(names(offer(TOOLS_MAX))).toHaveLength(TOOLS_MAX);
    expect(refusalOf(offer(TOOLS_MAX + 1))).toMatchObject({ param: "tools", status: 400 });
  });

  test("a choice without tools is no choice", () => {
    const body = { tools: [{ type: "web_search" }], tool_choice: "auto", parallel_tool_calls: true };
    expect(translated(body)).toEqual({ model: MODEL, messages: [HI] });
  });

  test.each([
    { tools: [FUNCTION, { type: "web_search" }], tool_choice: { type: "web_search" } },
    { tools: [{ type: "file_search" }], tool_choice: "required" },
    { tools: [FUNCTION], tool_choice: { type: "function", name: "other" } },
    { tools: [FUNCTION], tool_choice: { type: "image_generation" } },
    { tools: [FUNCTION], tool_choice: 7 },
  ])("a choice that cannot be met is refused: %j", (body) => {
    expect(refusalOf(body)).toMatchObject({ code: "invalid_request", param: "tool_choice" });
  });
});

describe("what is refused", () => {
  test.each([
    [{ input: "" }, "input"],
    [{ input: [] }, "input"],
    [{ input: null }, "input"],
    [{ input: 7 }, "input"],
    [{ input: [{ type: "reasoning", summary: [] }] }, "input"],
    [{ input: ["Hi"] }, "input[0]"],
    [{ input: [{}] }, "input[0].type"],
    [{ input: [HI, { role: "tool", content: "x" }] }, "input[1].role"],
    [{ input: [{ role: "user", content: [{ type: "input_hologram" }] }] }, "input[0].content[0].type"],
    [{ input: [{ role: "user", content: [{ type: "input_image" }] }] }, "input[0].content[0]"],
    [{ input: [{ role: "user", content: [{ type: "input_file" }] }] }, "input[0].content[0]"],
    [{ input: [{ role: "user", content: [{ type: "input_text" }] }] }, "input[0].content[0].text"],
    [{ input: [HI, { type: "function_call", call_id: "c", name: "" }] }, "input[1].name"],
    [{ input: [HI, { type: "function_call", name: "f" }] }, "input[1].call_id"],
    [{ input: [HI, { type: "compaction", encrypted_content: "gAAA" }] }, "input[1].encrypted_content"],
    [{ input: [HI, { type: "compaction_trigger" }] }, "input[1]"],
    [{ input: [HI, { type: "item_reference", id: "msg_unknown" }] }, "input[1].id"],
    [{ instructions: 7 }, "instructions"],
    [{ store: "false" }, "store"],
    [{ store: 0 }, "store"],
    [{ tools: {} }, "tools"],
    [{ tools: [{ type: "function" }] }, "tools[0].name"],
    [{ text: { format: { type: "json_schema", name: "n" } } }, "text.format.schema"],
    [{ text: { format: { type: "xml" } } }, "text.format.type"],
  ])("%j", (body, param) => {
    expect(refusalOf(body)).toMatchObject({ code: "invalid_request", param, status: 400 });
  });
});
