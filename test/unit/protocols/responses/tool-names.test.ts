/** Tools taken apart, their names for Ark, and their own names again. */
import { describe, expect, test } from "vitest";
import { flattenTools } from "../../../../src/protocols/responses/flat-tools.ts";
import { readToolChoice } from "../../../../src/protocols/responses/tool-choice.ts";
import { TOOL_NAME_CHARACTERS_MAX, ToolNames } from "../../../../src/protocols/responses/tool-names.ts";

const shell = { type: "function", name: "shell", strict: false, parameters: { type: "object" } };
const namespace = (name: string, ...tools: object[]) => ({ type: "namespace", name, description: "", tools });

function flatNames(tools: readonly unknown[]): readonly string[] {
  return flattenTools(tools).tools.map((flat) => (flat.kind === "function" ? flat.tool.name : flat.type));
}

describe("names of tools", () => {
  test("a plain function keeps its name, and needs no restoring", () => {
    const { names } = flattenTools([shell]);
    expect(names.arkName("shell", null)).toBe("shell");
    expect(names.restore("shell")).toBeNull();
    expect(names.restoresAny).toBe(false);
  });

  test("a namespace stands before the names of its tools, and comes back apart", () => {
    const { names } = flattenTools([namespace("mcp__files", { type: "function", name: "read" })]);
    expect(names.arkName("read", "mcp__files")).toBe("mcp__files__read");
    expect(names.restore("mcp__files__read")).toEqual({
      kind: "function",
      name: "read",
      namespace: "mcp__files",
    });
  });

  test("a namespace that ends in the separator gets no second one", () => {
    expect(flatNames([namespace("mcp__files__", { type: "function", name: "read" })])).toEqual([
      "mcp__files__read",
    ]);
  });

  test("the default namespace of Codex is no prefix, and comes back all the same", () => {
    const { names } = flattenTools([namespace("functions", { type: "function", name: "exec" })]);
    expect(names.arkName("exec", "functions")).toBe("exec");
    expect(names.restore("exec")).toEqual({ kind: "function", name: "exec", namespace: "functions" });
  });

  test("a plain function wins over one that would be called alike, in whatever order", () => {
    const nested = namespace("a", { type: "function", name: "b" });
    const plain = { type: "function", name: "a__b" };
    for (const tools of [
      [nested, plain],
      [plain, nested],
    ]) {
      const { names } = flattenTools(tools);
      expect(names.arkName("a__b", null)).toBe("a__b");
      expect(names.arkName("b", "a")).toMatch(/^a__b_[0-9a-f]{8}$/);
      expect(names.restore(names.arkName("b", "a"))).toEqual({ kind: "function", name: "b", namespace: "a" });
    }
  });

  test("a name of Ark's longest length stays, one more character gets a digest", () => {
    const names = new ToolNames();
    const longest = "n".repeat(TOOL_NAME_CHARACTERS_MAX);
    expect(names.arkName(longest, null)).toBe(longest);
    const shortened = names.arkName(`${longest}n`, null);
    expect(shortened).toHaveLength(TOOL_NAME_CHARACTERS_MAX);
    expect(shortened).not.toBe(names.arkName(`${longest}m`, null));
    expect(names.restore(shortened)?.name).toBe(`${longest}n`);
  });

  test("letters that Ark does not take are replaced, the same in every request", () => {
    const once = new ToolNames().arkName("read.file", null);
    expect(once).toMatch(/^read_file_[0-9a-f]{8}$/);
    expect(new ToolNames().arkName("read.file", null)).toBe(once);
  });

  test("a tool that only the conversation speaks of is known from then on", () => {
    const names = new ToolNames();
    expect(names.arkName("read", "mcp__gone")).toBe("mcp__gone__read");
    expect(names.restore("mcp__gone__read")).not.toBeNull();
  });

  test("a conversation need not say that a tool is a custom one", () => {
    const { names } = flattenTools([{ type: "custom", name: "apply_patch" }]);
    expect(names.arkName("apply_patch", null)).toBe("apply_patch");
    expect(names.restore("apply_patch")).toEqual({ kind: "custom", name: "apply_patch", namespace: null });
  });
});

describe("tools taken apart", () => {
  test("functions without parameters get those of an object", () => {
    for (const parameters of [undefined, null, {}]) {
      expect(flattenTools([{ type: "function", name: "now", parameters }]).tools).toEqual([
        {
          kind: "function",
          tool: { type: "function", name: "now", parameters: { type: "object", properties: {} } },
        },
      ]);
    }
  });

  test("a custom tool is a function of one text, and its grammar is told in words", () => {
    const format = { type: "grammar", syntax: "lark", definition: "start: /a+/" };
    const { tools } = flattenTools([{ type: "custom", name: "patch", description: "Patches.", format }]);
    expect(tools).toEqual([
      {
        kind: "function",
        tool: {
          type: "function",
          name: "patch",
          description: "Patches.\n\nThe input must match this lark grammar:\nstart: /a+/",
          parameters: {
            type: "object",
            properties: { input: { type: "string", description: expect.any(String) } },
            required: ["input"],
          },
        },
      },
    ]);
  });

  test("what Ark runs stays, what only OpenAI runs is left out", () => {
    const { tools } = flattenTools([
      { type: "web_search_preview" },
      { type: "mcp", server_label: "x" },
      { type: "image_generation" },
      { type: "tool_search" },
      { type: "new_thing" },
    ]);
    expect(tools.map(({ kind }) => kind)).toEqual([
      "built_in",
      "built_in",
      "left_out",
      "left_out",
      "built_in",
    ]);
    expect(tools[0]).toMatchObject({ type: "web_search" });
  });

  test.each([
    ["no object", 7, "tools[0]"],
    ["no type", { name: "x" }, "tools[0].type"],
    ["no name", { type: "function" }, "tools[0].name"],
    ["a namespace without tools", { type: "namespace", name: "x" }, "tools[0].tools"],
    ["a nameless tool inside", namespace("x", { type: "custom" }), "tools[0].tools[0].name"],
  ])("%s is refused", (_what, tool, param) => {
    expect(() => flattenTools([tool])).toThrow(expect.objectContaining({ code: "invalid_request", param }));
  });
});

describe("tool_choice", () => {
  const { names } = flattenTools([
    shell,
    { type: "custom", name: "patch" },
    namespace("files", { type: "function", name: "read" }, { type: "function", name: "list" }),
    namespace("notes", { type: "function", name: "list" }),
  ]);

  test.each([
    [null, null],
    ["auto", { choice: "auto", allowed: null }],
    [
      { type: "function", name: "shell" },
      { choice: { type: "function", name: "shell" }, allowed: null },
    ],
    [
      { type: "custom", name: "patch" },
      { choice: { type: "function", name: "patch" }, allowed: null },
    ],
    [
      { type: "function", name: "read" },
      { choice: { type: "function", name: "files__read" }, allowed: null },
    ],
    [
      { type: "function", name: "list", namespace: "notes" },
      { choice: { type: "function", name: "notes__list" }, allowed: null },
    ],
    [{ type: "web_search_preview" }, { choice: { type: "built_in", builtIn: "web_search" }, allowed: null }],
    [
      {
        type: "allowed_tools",
        mode: "required",
        tools: [{ type: "function", name: "read" }, { type: "mcp" }],
      },
      { choice: "required", allowed: new Set(["files__read", "mcp"]) },
    ],
  ])("%j is understood", (value, expected) => {
    expect(readToolChoice(value, names)).toEqual(expected);
  });

  test.each([
    [{ type: "file_search" }],
    [{ type: "function" }],
    [7],
    [{ name: "x" }],
    [{ type: "allowed_tools" }],
  ])("%j is refused plainly", (value) => {
    expect(() => readToolChoice(value, names)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});
