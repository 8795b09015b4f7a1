/** Generates Responses bodies out of parts, each with what it must be when it is sent on. */
import { type Change, changes as changeOrder, type Repair } from "../../src/core/changes.ts";
import { type Member, member, object, type Part, putIn, same } from "./body-parts.ts";
import type { Choices } from "./choices.ts";
import { stringText, valueText, whiteSpace } from "./json-texts.ts";

export type ResponsesBodyDraft = {
  readonly client: string;
  readonly sentOn: string;
  readonly target: string;
  readonly repairs: ReadonlySet<Repair>;
  readonly changes: readonly Change[];
};

const MODELS = ["doubao", "ep-1"];
const REPAIRS: readonly (readonly Repair[])[] = [
  ["namespace_tools", "responses_unknown_keys", "empty_tool_parameters"],
  ["namespace_tools", "responses_unknown_keys", "empty_tool_parameters"],
  ["namespace_tools"],
  ["responses_unknown_keys"],
  ["empty_tool_parameters"],
  [],
];
const UNKNOWN = ["client_metadata", "metadata", "user", "prompt_cache_key", "top_logprobs", "truncation"];
const OTHERS = ['"temperature"', '"top_p"', '"expire_at"', '"instructions"', '"new_key"', '"模型"', '""'];
const NO_PARAMETERS = '{"type":"object","properties":{}}';
const FREE_TEXT =
  '{"type":"object","properties":{"input":{"type":"string",' +
  '"description":"The tool\'s whole input, as plain text."}},"required":["input"]}';

/** As {@link object}, of which nothing may be left. */
function emptiable(members: readonly Member[]): Part {
  const last = members.at(-1);
  if (last === undefined || !members.every(({ goes }) => goes)) return object(members);
  const sentOn = `{${members.map(({ before }) => before).join("")}${last.after}}`;
  return { client: object(members).client, sentOn };
}

/** A part, whether it is one of a kind that is taken out, and the repairs that have changed it. */
type Piece = { readonly part: Part; readonly goes?: boolean; readonly by?: readonly Repair[] };

class Draft {
  readonly choices: Choices;
  readonly repairs: ReadonlySet<Repair>;
  readonly #changes = new Set<Change>();

  constructor(choices: Choices) {
    this.choices = choices;
    this.repairs = new Set(choices.pick(REPAIRS));
  }

  isOn(repair: Repair): boolean {
    return this.repairs.has(repair);
  }

  tell(change: Change): void {
    this.#changes.add(change);
  }

  /** What is sent on where the repair is in force; then it is told. */
  mend(repair: Repair, client: string, mended: string): Part {
    if (!this.isOn(repair)) return same(client);
    if (mended !== client) this.tell(repair);
    return { client, sentOn: mended };
  }

  /** A member that goes where `responses_unknown_keys` is in force. */
  unknown(members: Member[], name: string, value = valueText(this.choices, 1)): void {
    const goes = this.isOn("responses_unknown_keys");
    if (goes) this.tell("responses_unknown_keys");
    putIn(this.choices, members, member(this.choices, `"${name}"`, same(value), goes));
  }

  put(members: Member[], name: string, value: Part): void {
    putIn(this.choices, members, member(this.choices, `"${name}"`, value));
  }

  sometimesUnknown(members: Member[], names: readonly string[]): void {
    for (const name of names) if (this.choices.oneIn(3)) this.unknown(members, name);
  }

  get changes(): Change[] {
    return changeOrder.filter((change) => this.#changes.has(change));
  }
}

/** Elements as members without a key: those that go take one comma along. */
function array(choices: Choices, pieces: readonly Piece[]): Part {
  const elements = pieces.map(({ part, goes = false }): Member => {
    return { before: whiteSpace(choices), core: part, after: whiteSpace(choices), goes };
  });
  const { client, sentOn } = emptiable(elements);
  return { client: `[${client.slice(1, -1)}]`, sentOn: `[${sentOn.slice(1, -1)}]` };
}

function plainFunction(draft: Draft): Piece {
  const { choices } = draft;
  const members: Member[] = [];
  draft.put(members, "type", same(choices.pick(['"function"', '"functi\\u006fn"'])));
  draft.put(members, "name", same('"shell"'));
  draft.sometimesUnknown(members, ["defer_loading", "output_schema"]);
  const given = choices.pick(['{"type":"object"}', "null", "{}", "{ \n}", null]);
  if (given === null) {
    if (!draft.isOn("empty_tool_parameters")) return { part: object(members) };
    draft.tell("empty_tool_parameters");
    return { part: object(members, `"parameters":${NO_PARAMETERS}`) };
  }
  const isEmpty = given !== '{"type":"object"}';
  draft.put(
    members,
    "parameters",
    isEmpty ? draft.mend("empty_tool_parameters", given, NO_PARAMETERS) : same(given),
  );
  return { part: object(members) };
}

function builtIn(draft: Draft): Piece {
  const { choices } = draft;
  const members: Member[] = [];
  if (choices.oneIn(2)) {
    draft.put(members, "type", draft.mend("responses_unknown_keys", '"web_search_preview"', '"web_search"'));
    draft.sometimesUnknown(members, ["external_web_access", "search_context_size", "filters"]);
    const inside: Member[] = [];
    draft.put(inside, "country", same('"CN"'));
    draft.sometimesUnknown(inside, ["timezone"]);
    if (choices.oneIn(2)) draft.put(members, "user_location", object(inside));
  } else {
    draft.put(members, "type", same('"mcp"'));
    draft.put(members, "server_url", same('"https://mcp.example"'));
    draft.sometimesUnknown(members, ["allowed_callers"]);
  }
  return { part: object(members) };
}

/** Written by hand, with what they become. */
const CUSTOM: readonly (readonly [string, string | null])[] = [
  [
    '{"type":"custom","name":"patch","description":"P"}',
    `{"type":"function","name":"patch","description":"P","parameters":${FREE_TEXT}}`,
  ],
  [
    '{ "name":"files","type":"namespace","description":"F","tools":[{"type":"function","name":"read",' +
      '"strict":true,"parameters":{"type":"object","maximum":12345678901234567890}},' +
      '{"name":"edit","type":"custom"}] }',
    '{"type":"function","name":"files__read","parameters":{"type":"object","maximum":12345678901234567890},' +
      `"strict":true},{"type":"function","name":"files__edit","description":"","parameters":${FREE_TEXT}}`,
  ],
  ['{"type":"namespace","name":"none","tools":[]}', null],
];

function flattened(draft: Draft): Piece {
  const [client, mended] = draft.choices.pick(CUSTOM);
  if (mended !== null) return { part: draft.mend("namespace_tools", client, mended) };
  const goes = draft.isOn("namespace_tools");
  if (goes) draft.tell("namespace_tools");
  return { part: same(client), goes };
}

function foreign(draft: Draft): Piece {
  const goes = draft.isOn("responses_unknown_keys");
  if (goes) draft.tell("responses_unknown_keys");
  const client = draft.choices.pick([
    '{"type":"image_generation"}',
    '{"type":"tool_search","execution":"client"}',
  ]);
  return { part: same(client), goes };
}

const NO_TOOLS = [
  '{"type":"function","type":"web_search"}',
  '{"Type":"custom"}',
  '{"name":"x"}',
  '{"type":7}',
];

function tool(draft: Draft): Piece {
  switch (draft.choices.below(6)) {
    case 0:
      return plainFunction(draft);
    case 1:
      return flattened(draft);
    case 2:
      return foreign(draft);
    case 3:
      return builtIn(draft);
    case 4:
      return flattened(draft);
    default:
      return { part: same(draft.choices.pick(NO_TOOLS)) };
  }
}

/** Of a kind that is taken out if there is nothing to choose from. */
const SAFE_CHOICES = ['"auto"', '"none"', "null"];

function choice(draft: Draft): Part {
  const { choices } = draft;
  switch (choices.below(5)) {
    case 0:
      return same(
        choices.pick(['"required"', '{"type":"function","name":"shell"}', '{ "type" : "mcp", "x":1}']),
      );
    case 1:
      return draft.mend(
        "namespace_tools",
        '{"type":"custom","name":"patch"}',
        '{"type":"function","name":"patch"}',
      );
    case 2:
      return draft.mend(
        "namespace_tools",
        '{"name":"read","namespace":"files","type":"function"}',
        '{"type":"function","name":"files__read"}',
      );
    case 3:
      return draft.mend("responses_unknown_keys", '{"type":"web_search_preview"}', '{"type":"web_search"}');
    default:
      return same(choices.pick(SAFE_CHOICES));
  }
}

function putTools(draft: Draft, members: Member[]): void {
  const { choices } = draft;
  if (choices.oneIn(3)) return;
  const pieces: Piece[] = [];
  for (let count = choices.below(4); count > 0; count--) pieces.push(tool(draft));
  const goes = pieces.length > 0 && pieces.every((piece) => piece.goes === true);
  if (choices.oneIn(2)) {
    const given = goes ? same(choices.pick(SAFE_CHOICES)) : choice(draft);
    putIn(choices, members, member(choices, '"tool_choice"', given, goes));
  }
  putIn(choices, members, member(choices, '"tools"', array(choices, pieces), goes));
}

function content(draft: Draft): Part {
  const { choices } = draft;
  if (choices.oneIn(3)) return same(stringText(choices));
  const pieces: Piece[] = [];
  for (let count = choices.below(3); count > 0; count--) {
    const members: Member[] = [];
    const type = choices.pick(["input_text", "output_text", "input_file"]);
    draft.put(members, "type", same(`"${type}"`));
    draft.put(members, "text", same(stringText(choices)));
    draft.sometimesUnknown(members, ["logprobs", "prompt_cache_breakpoint"]);
    if (choices.oneIn(3)) {
      if (type === "input_file") draft.unknown(members, "detail");
      else draft.put(members, "detail", same('"low"'));
    }
    pieces.push({ part: object(members) });
  }
  return array(choices, pieces);
}

function message(draft: Draft): Part {
  const members: Member[] = [];
  if (draft.choices.oneIn(2)) draft.put(members, "type", same('"message"'));
  draft.put(members, "role", same('"assistant"'));
  draft.put(members, "content", content(draft));
  draft.sometimesUnknown(members, ["phase", "end_turn"]);
  return object(members);
}

function call(draft: Draft): Part {
  const { choices } = draft;
  const members: Member[] = [];
  const isCustom = choices.oneIn(2);
  const isNested = choices.oneIn(2);
  draft.put(members, "call_id", same('"call_1"'));
  draft.sometimesUnknown(members, ["caller", "created_by"]);
  if (isNested) {
    const goes = draft.isOn("namespace_tools");
    putIn(choices, members, member(choices, '"namespace"', same('"notes"'), goes));
    if (goes) draft.tell("namespace_tools");
    draft.put(members, "name", draft.mend("namespace_tools", '"add"', '"notes__add"'));
  } else draft.put(members, "name", same('"add"'));
  if (!isCustom) {
    draft.put(members, "type", same('"function_call"'));
    draft.put(members, "arguments", same('"{\\"a\\":1}"'));
    return object(members);
  }
  draft.put(members, "type", draft.mend("namespace_tools", '"custom_tool_call"', '"function_call"'));
  const input = draft.mend(
    "namespace_tools",
    '"input":"say \\"hi\\"\\n"',
    '"arguments":"{\\"input\\":\\"say \\\\\\"hi\\\\\\"\\\\n\\"}"',
  );
  putIn(choices, members, {
    before: whiteSpace(choices),
    core: input,
    after: whiteSpace(choices),
    goes: false,
  });
  return object(members);
}

function output(draft: Draft): Part {
  const members: Member[] = [];
  const isCustom = draft.choices.oneIn(2);
  const type = isCustom
    ? draft.mend("namespace_tools", '"custom_tool_call_output"', '"function_call_output"')
    : same('"function_call_output"');
  draft.put(members, "type", type);
  draft.put(members, "call_id", same('"call_1"'));
  draft.put(members, "output", content(draft));
  draft.sometimesUnknown(members, ["name", "namespace", "caller"]);
  return object(members);
}

function putInput(draft: Draft, members: Member[]): void {
  const { choices } = draft;
  if (choices.oneIn(4)) {
    draft.put(members, "input", same(stringText(choices)));
    return;
  }
  const other = () => same(choices.pick(["7", '"x"', '{"type":"reasoning","summary":[]}']));
  const pieces: Piece[] = [];
  for (let count = choices.below(5); count > 0; count--) {
    pieces.push({ part: choices.pick([message, call, output, other])(draft) });
  }
  draft.put(members, "input", array(choices, pieces));
}

const INCLUDES = [
  ['"reasoning.encrypted_content"', false],
  ['"message.input_image.image_url"', false],
  ['"web_search_call.action.sources"', true],
  ['"message.output_text.logpr\\u006fbs"', true],
  ["7", false],
] as const;

function putSettings(draft: Draft, members: Member[]): void {
  const { choices } = draft;
  if (choices.oneIn(3)) {
    const inside: Member[] = [];
    draft.sometimesUnknown(inside, ["summary", "context", "mode"]);
    if (choices.oneIn(2)) draft.put(inside, "effort", same('"low"'));
    draft.put(members, "reasoning", emptiable(inside));
  }
  if (choices.oneIn(3)) {
    const inside: Member[] = [];
    draft.sometimesUnknown(inside, ["verbosity"]);
    draft.put(members, "text", emptiable(inside));
  }
  if (choices.oneIn(3)) {
    const pieces: Piece[] = [];
    for (let count = choices.below(4); count > 0; count--) {
      const [text, isForeign] = choices.pick(INCLUDES);
      const goes = isForeign && draft.isOn("responses_unknown_keys");
      if (goes) draft.tell("responses_unknown_keys");
      pieces.push({ part: same(text), goes });
    }
    draft.put(members, "include", array(choices, pieces));
  }
  const edits = choices.below(6);
  if (edits === 1) draft.unknown(members, "context_management", '[{"type":"compaction"}]');
  if (edits === 2) draft.put(members, "context_management", same('{"edits":[]}'));
}

/** A body whose every member the gateway may send on, whatever it holds. */
export function responsesBody(choices: Choices): ResponsesBodyDraft {
  const draft = new Draft(choices);
  const members: Member[] = [];
  const model = choices.pick(MODELS);
  const target = choices.pick(["ep-1", "doubao", 'odd"name\\']);
  if (model !== target) draft.tell("model");
  putTools(draft, members);
  putInput(draft, members);
  putSettings(draft, members);
  draft.put(members, "model", {
    client: `"${model}"`,
    sentOn: model === target ? `"${model}"` : JSON.stringify(target),
  });
  for (const name of UNKNOWN) if (choices.oneIn(5)) draft.unknown(members, name);
  if (choices.oneIn(4)) draft.unknown(members, "background", choices.pick(["false", "null"]));
  if (choices.oneIn(4)) draft.unknown(members, choices.pick(["conversation", "prompt"]), "null");
  for (let count = choices.below(3); count > 0; count--) {
    putIn(choices, members, member(choices, choices.pick(OTHERS), same(valueText(choices, 2))));
  }
  const { client, sentOn } = object(members);
  const [before, after] = [whiteSpace(choices), whiteSpace(choices)];
  return {
    client: before + client + after,
    sentOn: before + sentOn + after,
    target,
    repairs: draft.repairs,
    changes: draft.changes,
  };
}
