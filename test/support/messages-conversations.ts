/** Conversations as Anthropic's clients send them, and as nobody should: for properties. */
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
  "system",
);
const id = fc.constantFrom("toolu_1", "toolu_2", "toolu_3", "call_ä", "");
const toolName = fc.constantFrom("look", "Write", "mcp__server__tool", "a".repeat(65), "näme with spaces");

/** Whatever JSON holds, small. */
const anything = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, "", "x", [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

const image = fc.record({
  type: fc.constant("image"),
  source: fc.oneof(
    fc.record({
      type: fc.constant("base64"),
      media_type: fc.constant("image/PNG"),
      data: fc.constant("AAAA"),
    }),
    fc.record({ type: fc.constant("url"), url: fc.constant("https://example.com/a.png") }),
    fc.record({ type: fc.constant("file"), file_id: fc.constant("file_1") }),
  ),
});

const textBlock = fc.record({ type: fc.constant("text"), text: word });

const document = fc.record(
  {
    type: fc.constant("document"),
    title: word,
    context: word,
    source: fc.oneof(
      fc.record({
        type: fc.constant("base64"),
        media_type: fc.constant("application/pdf"),
        data: fc.constant("JVBE"),
      }),
      fc.record({ type: fc.constant("text"), media_type: fc.constant("text/plain"), data: word }),
      fc.record({ type: fc.constant("url"), url: fc.constant("https://example.com/a.pdf") }),
      fc.record({
        type: fc.constant("content"),
        content: fc.oneof(word, fc.array(textBlock, { maxLength: 2 })),
      }),
    ),
  },
  { requiredKeys: ["type", "source"] },
);

const plainBlock = fc.oneof(
  { weight: 4, arbitrary: textBlock },
  image,
  document,
  fc.record({
    type: fc.constant("search_result"),
    title: word,
    source: word,
    content: fc.array(textBlock, { maxLength: 2 }),
  }),
  fc.record({ type: fc.constant("container_upload"), file_id: fc.constant("f") }),
);

const resultBlock = fc.record(
  {
    type: fc.constant("tool_result"),
    tool_use_id: id,
    is_error: fc.boolean(),
    content: fc.oneof(word, fc.array(plainBlock, { maxLength: 3 })),
  },
  { requiredKeys: ["type", "tool_use_id"] },
);

const thoughtBlock = fc.oneof(
  fc.record({ type: fc.constant("thinking"), thinking: word, signature: word }),
  fc.record({ type: fc.constant("redacted_thinking"), data: word }),
);

const useBlock = fc.record({
  type: fc.constant("tool_use"),
  id,
  name: toolName,
  input: fc.oneof(fc.dictionary(fc.string({ maxLength: 4 }), anything, { maxKeys: 3 }), anything),
});

const serverBlock = fc.constantFrom(
  { type: "server_tool_use", id: "srv_1", name: "web_search", input: {} },
  { type: "web_search_tool_result", tool_use_id: "srv_1", content: [] },
  { type: "compaction", content: "what went before" },
);

const message = fc.oneof(
  fc.record({
    role: fc.constant("user"),
    content: fc.oneof(word, fc.array(fc.oneof(plainBlock, resultBlock, resultBlock), { maxLength: 5 })),
  }),
  fc.record({
    role: fc.constant("assistant"),
    content: fc.oneof(
      word,
      fc.array(fc.oneof(textBlock, thoughtBlock, useBlock, useBlock, serverBlock), { maxLength: 5 }),
    ),
  }),
  fc.record({ role: fc.constant("system"), content: fc.oneof(word, fc.array(textBlock, { maxLength: 2 })) }),
);

const tool = fc.oneof(
  fc.record(
    {
      name: toolName,
      description: word,
      input_schema: fc.oneof(fc.constantFrom({}, { type: "object" }, { properties: { a: {} } }), anything),
      strict: fc.boolean(),
      defer_loading: fc.boolean(),
    },
    { requiredKeys: ["name", "input_schema"] },
  ),
  fc.record({
    type: fc.constantFrom("web_search_20250305", "bash_20250124"),
    name: fc.constant("web_search"),
  }),
);

const settings = {
  system: fc.oneof(word, fc.array(textBlock, { maxLength: 3 })),
  max_tokens: fc.nat(200_000),
  temperature: fc.constantFrom(0, 0.7, 1),
  top_p: fc.constantFrom(0.95, null),
  stop_sequences: fc.array(word, { maxLength: 2 }),
  tools: fc.array(tool, { maxLength: 4 }),
  tool_choice: fc.oneof(
    fc.constantFrom({ type: "auto" }, { type: "any", disable_parallel_tool_use: true }, { type: "none" }),
    fc.record({ type: fc.constant("tool"), name: toolName }),
  ),
  thinking: fc.constantFrom(
    { type: "disabled" },
    { type: "adaptive", display: "omitted" },
    { type: "enabled", budget_tokens: 5_000 },
  ),
  output_config: fc.constantFrom(
    { effort: "high" },
    { effort: "odd" },
    { format: { type: "json_schema", schema: { type: "object" } } },
  ),
  metadata: fc.constant({ user_id: "u" }),
  context_management: fc.constant({ edits: [] }),
  service_tier: fc.constantFrom("auto", "standard_only"),
};

/** A body whose members are of the right kind, in any order of roles, ids and results. */
export const conversation = fc.record(
  {
    model: fc.constant("m"),
    stream: fc.boolean(),
    messages: fc.array(message, { maxLength: 8 }),
    ...settings,
  },
  { requiredKeys: ["model", "messages"] },
);

/** The same with anything at all in one place. */
export const spoiled = fc
  .tuple(
    conversation,
    fc.constantFrom(...Object.keys(settings), "messages", "content", "block", "source"),
    anything,
    fc.nat(7),
  )
  .map(([body, place, value, at]) => {
    const messages: unknown[] = [...body.messages];
    const index = at % Math.max(1, messages.length);
    if (place === "content")
      messages[index] = { role: ["user", "assistant", "system"][at % 3], content: value };
    else if (place === "block") messages[index] = { role: ["user", "assistant"][at % 2], content: [value] };
    else if (place === "source")
      messages[index] = { role: "user", content: [{ type: "document", source: value }] };
    else return { ...body, [place]: value };
    return { ...body, messages };
  });
