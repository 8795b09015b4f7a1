/** Conversations as clients of Responses send them, and as nobody should: for properties. */
import fc from "fast-check";

const word = fc.constantFrom(
  "",
  "a",
  "Hello",
  "你好，世界",
  'qu"ote\\',
  "line\nline",
  "\ud83d",
  "😀",
  "vp1.x",
  "_vp",
);
const callId = fc.constantFrom("call_1", "call_2", "call_3", "call_ä");
const toolName = fc.constantFrom("look", "patch", "mcp__server__tool", "a".repeat(65), "näme with spaces");
const written = fc.constantFrom("{}", "", " ", '{"at":1}', '{"input":"x"}', '{"big":12345678901234567890}');
const namespace = fc.constantFrom("mcp", "functions", "mcp__server__");

/** Whatever JSON holds, small. */
const anything = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, "", "x", [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

const inputPart = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("input_text", "text"), text: word }) },
  fc.record(
    {
      type: fc.constant("input_image"),
      image_url: fc.constantFrom("data:image/PNG;base64,AAAA", "https://example.com/a.png"),
      detail: fc.constantFrom("auto", "high"),
    },
    { requiredKeys: ["type", "image_url"] },
  ),
  fc.record({
    type: fc.constant("input_file"),
    file_data: fc.constant("JVBE"),
    filename: fc.constant("a.pdf"),
  }),
  fc.record({ type: fc.constant("input_file"), file_id: fc.constant("file-1") }),
);

const outputPart = fc.oneof(
  fc.record({ type: fc.constant("output_text"), text: word, annotations: fc.constant([]) }),
  fc.record({ type: fc.constant("refusal"), refusal: word }),
);

const message = fc.oneof(
  fc.record(
    {
      type: fc.constant("message"),
      role: fc.constantFrom("user", "user", "system", "developer"),
      content: fc.oneof(word, fc.array(inputPart, { maxLength: 3 })),
    },
    { requiredKeys: ["role", "content"] },
  ),
  fc.record({
    type: fc.constant("message"),
    id: fc.constant("msg_1"),
    role: fc.constant("assistant"),
    content: fc.oneof(word, fc.array(outputPart, { maxLength: 2 })),
  }),
);

const calling = fc.oneof(
  fc.record(
    { type: fc.constant("function_call"), call_id: callId, name: toolName, namespace, arguments: written },
    { requiredKeys: ["type", "call_id", "name", "arguments"] },
  ),
  fc.record({ type: fc.constant("custom_tool_call"), call_id: callId, name: toolName, input: word }),
);

const returning = fc.record({
  type: fc.constantFrom("function_call_output", "custom_tool_call_output"),
  call_id: callId,
  output: fc.oneof(word, fc.array(inputPart, { maxLength: 2 })),
});

const reasoning = fc.record(
  {
    type: fc.constant("reasoning"),
    id: fc.constant("rs_1"),
    summary: fc.array(fc.record({ type: fc.constant("summary_text"), text: word }), { maxLength: 2 }),
    content: fc.array(fc.record({ type: fc.constant("reasoning_text"), text: word }), { maxLength: 1 }),
    encrypted_content: word,
  },
  { requiredKeys: ["type", "summary"] },
);

const servers = fc.constantFrom(
  { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } },
  { type: "local_shell_call", id: "ls_1", call_id: "call_1", action: { type: "exec", command: ["ls"] } },
  { type: "local_shell_call_output", id: "call_1", output: "a.txt" },
  { type: "mcp_call", id: "mcp_1", name: "ask", server_label: "s", arguments: "{}", output: "yes" },
  { type: "mcp_list_tools", id: "mcpl_1", server_label: "s", tools: [] },
  { type: "some_new_thing", payload: 1 },
);

const item = fc.oneof(
  { weight: 3, arbitrary: message },
  { weight: 3, arbitrary: calling },
  { weight: 3, arbitrary: returning },
  reasoning,
  servers,
);

const functionTool = fc.record(
  {
    type: fc.constant("function"),
    name: toolName,
    description: word,
    parameters: fc.constantFrom({}, null, { type: "object" }, { properties: { a: {} } }),
    strict: fc.boolean(),
  },
  { requiredKeys: ["type", "name"] },
);
const customTool = fc.record(
  {
    type: fc.constant("custom"),
    name: toolName,
    format: fc.constantFrom({ type: "text" }, { type: "grammar", syntax: "lark", definition: "start: x" }),
  },
  { requiredKeys: ["type", "name"] },
);
const tool = fc.oneof(
  functionTool,
  customTool,
  fc.record({
    type: fc.constant("namespace"),
    name: namespace,
    tools: fc.array(fc.oneof(functionTool, customTool), { maxLength: 2 }),
  }),
  fc.constantFrom(
    { type: "web_search" },
    { type: "local_shell" },
    { type: "code_interpreter", container: "c" },
  ),
);

const settings = {
  instructions: word,
  max_output_tokens: fc.nat(200_000),
  temperature: fc.constantFrom(0, 0.7, null),
  top_p: fc.constantFrom(0.95, null),
  tools: fc.array(tool, { maxLength: 4 }),
  tool_choice: fc.oneof(
    fc.constantFrom("none", "auto", "required", { type: "web_search" }),
    fc.record({ type: fc.constantFrom("function", "custom"), name: toolName }),
    fc.record({
      type: fc.constant("allowed_tools"),
      mode: fc.constantFrom("auto", "required"),
      tools: fc.array(fc.record({ type: fc.constant("function"), name: toolName }), { maxLength: 2 }),
    }),
  ),
  parallel_tool_calls: fc.boolean(),
  reasoning: fc.constantFrom(
    { effort: "high", summary: "auto" },
    { effort: "none" },
    { effort: "odd" },
    null,
  ),
  text: fc.constantFrom(
    { verbosity: "low" },
    { format: { type: "json_object" } },
    { format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true } },
  ),
  store: fc.boolean(),
  include: fc.constantFrom(["reasoning.encrypted_content"], []),
  service_tier: fc.constantFrom("auto", "default", null),
  metadata: fc.constant({ a: "b" }),
  client_metadata: fc.constant({ a: 1 }),
};

/** A body whose members are of the right kind, its items in any order. */
export const conversation = fc.record(
  {
    model: fc.constant("m"),
    stream: fc.boolean(),
    input: fc.oneof({ weight: 9, arbitrary: fc.array(item, { maxLength: 10 }) }, word),
    ...settings,
  },
  { requiredKeys: ["model", "input"] },
);

const itemTypes = fc.constantFrom(
  "message",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "reasoning",
  "compaction",
  "item_reference",
  "shell_call",
  "shell_call_output",
  "mcp_call",
  "additional_tools",
  "unknown",
);
const memberNames = [
  "role",
  "content",
  "call_id",
  "name",
  "namespace",
  "arguments",
  "input",
  "output",
  "summary",
  "encrypted_content",
  "id",
  "tools",
  "text",
  "action",
] as const;
const odd = fc.oneof(
  anything,
  fc.constantFrom("user", "assistant", "call_1", "f"),
  fc.array(fc.record({ type: fc.constantFrom("input_text", "input_image", "function"), text: anything }), {
    maxLength: 2,
  }),
);

/** An item of a known type with anything at all in its members. */
const oddItem = fc
  .tuple(itemTypes, fc.dictionary(fc.constantFrom(...memberNames), odd, { maxKeys: 6 }))
  .map(([type, members]) => ({ type, ...members }));

/** The same with anything at all in one place. */
export const spoiled = fc
  .tuple(
    conversation,
    fc.constantFrom(...Object.keys(settings), "input", "item", "odd"),
    anything,
    oddItem,
    fc.nat(9),
  )
  .map(([body, place, value, strange, at]) => {
    if (place !== "item" && place !== "odd") return { ...body, [place]: value };
    const items: unknown[] = typeof body.input === "string" ? [] : [...body.input];
    items[at % (items.length + 1)] = place === "item" ? value : strange;
    return { ...body, input: items };
  });
