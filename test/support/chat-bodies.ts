/**
 * Generates chat bodies out of parts, each with what it must be when it is sent on: an oracle without a
 * scanner.
 */
import type { Change, Repair } from "../../src/core/changes.ts";
import type { Reasoning } from "../../src/core/memories.ts";
import type { Intent } from "../../src/protocols/door.ts";
import { listOf, type Member, member, object, type Part, putIn, same } from "./body-parts.ts";
import type { Choices } from "./choices.ts";
import { oddKey, stringText, valueText, whiteSpace } from "./json-texts.ts";
import { callingMessage, Replay, remembered, toolList } from "./tool-parts.ts";

export type ChatBody = {
  readonly client: string;
  readonly sentOn: string;
  readonly target: string;
  readonly repairs: ReadonlySet<Repair>;
  readonly remembered: ReadonlyMap<string, Reasoning>;
  readonly intent: Intent;
  readonly changes: readonly Change[];
};

const MODELS: readonly (readonly [string, string])[] = [
  ['"deepseek-v3"', "deepseek-v3"],
  ['"d\\u0065epseek-v3"', "deepseek-v3"],
  ['"ep-1"', "ep-1"],
  ['"😀"', "😀"],
  ['"\\ud83d\\ude00"', "😀"],
  ['"模型"', "模型"],
  ['"a\\/b"', "a/b"],
  ['"../x"', "../x"],
  ['"\' OR 1=1--"', "' OR 1=1--"],
];
const TARGETS = ["ep-20250218170310-pvmdb", "deepseek-v3", "ep-1", 'odd"name\\', "😀"];
const REPAIRS: readonly (readonly Repair[])[] = [
  ["developer_role", "both_token_limits", "empty_tool_parameters", "reasoning_replay", "strip_unsupported"],
  ["developer_role", "both_token_limits", "empty_tool_parameters", "reasoning_replay"],
  ["empty_tool_parameters", "reasoning_replay"],
  ["both_token_limits", "strip_unsupported"],
  ["developer_role"],
  ["both_token_limits"],
  [],
];
const COUNTS: readonly (readonly [string, number | null])[] = [
  ["16", 16],
  ["null", null],
  ["0", 0],
  ["-0", 0],
  ["1e2", 100],
  ["4096.0", 4_096],
  ["12345678901234567890", Number.MAX_SAFE_INTEGER],
];
const DEVELOPERS = ['"developer"', '"develop\\u0065r"', '"\\u0064eveloper"'];
const OTHER_ROLES = [
  '"user"',
  '"assistant"',
  '"Developer"',
  '"developer "',
  "null",
  '["developer"]',
  '"d\\u00e9veloper"',
];

function message(choices: Choices, mends: boolean): Part {
  const members: Member[] = [];
  for (let others = choices.below(3); others > 0; others--) {
    const key = choices.pick(['"content"', '"name"', '"model"', '"Role"', '"messages"']);
    putIn(choices, members, member(choices, key, same(valueText(choices, 2))));
  }
  for (let roles = choices.pick([1, 1, 1, 0, 2]); roles > 0; roles--) {
    const key = choices.pick(['"role"', '"role"', '"r\\u006fle"']);
    const isDeveloper = choices.oneIn(2);
    const role = choices.pick(isDeveloper ? DEVELOPERS : OTHER_ROLES);
    const value = { client: role, sentOn: isDeveloper && mends ? '"system"' : role };
    putIn(choices, members, member(choices, key, value));
  }
  return object(members);
}

type MessageList = { readonly value: Part; readonly isMended: boolean; readonly isReplayed: boolean };

function messageList(choices: Choices, mends: boolean, replay: Replay): MessageList {
  const items: Part[] = [];
  let isMended = false;
  let isReplayed = false;
  for (let count = choices.below(4); count > 0; count--) {
    let item = same(stringText(choices));
    if (choices.oneIn(3)) {
      item = callingMessage(choices, replay);
      isReplayed ||= item.client !== item.sentOn;
    } else if (!choices.oneIn(8)) {
      item = message(choices, mends);
      isMended ||= item.client !== item.sentOn;
    }
    const before = whiteSpace(choices);
    const after = whiteSpace(choices);
    items.push({ client: before + item.client + after, sentOn: before + item.sentOn + after });
  }
  return { value: listOf(items), isMended, isReplayed };
}

type Options = { readonly value: Part; readonly wantsUsage: boolean };

/** `stream_options` of a stream. */
function optionsOfStream(choices: Choices): Options {
  if (choices.oneIn(4)) {
    return { value: { client: "null", sentOn: '{"include_usage":true}' }, wantsUsage: false };
  }
  const members: Member[] = [];
  for (let others = choices.below(3); others > 0; others--) {
    const key = choices.pick(['"chunk_include_usage"', '"x"', '""']);
    putIn(choices, members, member(choices, key, same(choices.oneIn(2) ? "true" : valueText(choices, 1))));
  }
  const asked = choices.pick([null, "true", "false", "null"]);
  if (asked === null) return { value: object(members, '"include_usage":true'), wantsUsage: false };
  putIn(choices, members, member(choices, '"include_usage"', { client: asked, sentOn: "true" }));
  return { value: object(members), wantsUsage: asked === "true" };
}

/** `stream_options` of a body that is no stream: nobody looks at it. */
function optionsUnread(choices: Choices): Options {
  const odd = choices.pick(['{"include_usage":7}', '{"include_usage":1,"Include_Usage":2}', null]);
  return { value: same(odd ?? valueText(choices, 2)), wantsUsage: false };
}

const CHANGE_ORDER: readonly Change[] = [
  "model",
  "include_usage",
  "developer_role",
  "both_token_limits",
  "empty_tool_parameters",
  "reasoning_replay",
  "strip_unsupported",
];

/** A body in the making. */
class Draft {
  readonly members: Member[] = [];
  readonly choices: Choices;
  readonly repairs: ReadonlySet<Repair>;
  readonly #changes = new Set<Change>();

  constructor(choices: Choices, course: Course | null) {
    this.choices = choices;
    const picked = new Set(choices.pick(REPAIRS));
    this.repairs = course?.repairs ?? picked;
  }

  put(key: string, value: Part, change: Change | null = null, goes = false): void {
    putIn(this.choices, this.members, member(this.choices, key, value, goes));
    if (change !== null && (goes || value.client !== value.sentOn)) this.#changes.add(change);
  }

  tell(change: Change): void {
    this.#changes.add(change);
  }

  get changes(): Change[] {
    return CHANGE_ORDER.filter((change) => this.#changes.has(change));
  }
}

function putStream(draft: Draft): { stream: boolean; wantsUsage: boolean } {
  const { choices } = draft;
  const flag = choices.pick(["true", "true", "false", "null", null]);
  const stream = flag === "true";
  const options = choices.oneIn(2) ? null : stream ? optionsOfStream(choices) : optionsUnread(choices);
  if (options !== null) draft.put('"stream_options"', options.value, "include_usage");
  const inserted = stream && options === null ? ',"stream_options":{"include_usage":true}' : "";
  if (flag !== null) draft.put('"stream"', { client: flag, sentOn: flag + inserted }, "include_usage");
  return { stream, wantsUsage: stream && (options?.wantsUsage ?? false) };
}

function putLimits(draft: Draft): Pick<Intent, "outputTokensMax" | "boundsThoughts"> {
  const { choices } = draft;
  const [narrowText, narrow] = choices.oneIn(2) ? [null, null] : choices.pick(COUNTS);
  const [wideText, wide] = choices.oneIn(2) ? [null, null] : choices.pick(COUNTS);
  const goes = narrow !== null && wide !== null && draft.repairs.has("both_token_limits");
  if (wideText !== null) draft.put('"max_completion_tokens"', same(wideText));
  if (narrowText !== null) draft.put('"max_tokens"', same(narrowText), "both_token_limits", goes);
  return { outputTokensMax: wide ?? narrow, boundsThoughts: wide !== null };
}

const UNSUPPORTED = [
  '"store"',
  '"metadata"',
  '"prediction"',
  '"client\\u005fmetadata"',
  '"prompt_cache_key"',
];

function putUnsupported(draft: Draft): void {
  const { choices } = draft;
  const goes = draft.repairs.has("strip_unsupported");
  for (let count = choices.oneIn(3) ? 1 + choices.below(3) : 0; count > 0; count--) {
    draft.put(choices.pick(UNSUPPORTED), same(valueText(choices, 1)), "strip_unsupported", goes);
  }
}

/** Where bodies go, how they are mended on the way, and what is remembered of what they bring. */
export type Course = {
  readonly targetOf: (model: string) => string;
  readonly repairs: ReadonlySet<Repair>;
  readonly remembered: ReadonlyMap<string, Reasoning>;
};

/** A body that must be accepted: on its course, or else for some target and some repairs. */
export function chatBody(choices: Choices, course: Course | null = null): ChatBody {
  const picked = choices.pick(TARGETS);
  const draft = new Draft(choices, course);
  const [modelText, model] = choices.pick(MODELS);
  const target = course?.targetOf(model) ?? picked;
  const modelSentOn = model === target ? modelText : JSON.stringify(target);
  draft.put('"model"', { client: modelText, sentOn: modelSentOn }, "model");
  for (let others = choices.below(4); others > 0; others--) {
    draft.put(oddKey(choices), same(valueText(choices, 3)));
  }
  const known = course?.remembered ?? remembered;
  const replay = new Replay(draft.repairs.has("reasoning_replay") ? known : new Map());
  if (!choices.oneIn(4)) {
    const isList = !choices.oneIn(8);
    const mends = draft.repairs.has("developer_role");
    const list = isList ? messageList(choices, mends, replay) : null;
    draft.put('"messages"', list?.value ?? same(stringText(choices)));
    if (list?.isMended) draft.tell("developer_role");
    if (list?.isReplayed) draft.tell("reasoning_replay");
  }
  if (choices.oneIn(3)) {
    const mends = draft.repairs.has("empty_tool_parameters");
    draft.put('"tools"', toolList(choices, mends), "empty_tool_parameters");
  }
  putUnsupported(draft);
  const intent = {
    model,
    ...putStream(draft),
    ...putLimits(draft),
    answers: 1,
    isSpecialTier: false,
    isOpenEnded: false,
  };
  const text = object(draft.members);
  const before = whiteSpace(choices);
  const after = whiteSpace(choices);
  return {
    client: before + text.client + after,
    sentOn: before + text.sentOn + after,
    target,
    repairs: draft.repairs,
    remembered: known,
    intent,
    changes: draft.changes,
  };
}
