/**
 * Generates chat bodies out of parts, each with what it must be when it is sent on: an oracle without a
 * scanner.
 */
import type { Change, Repair } from "../../src/core/changes.ts";
import type { Intent } from "../../src/protocols/door.ts";
import type { Choices } from "./choices.ts";
import { oddKey, stringText, valueText, whiteSpace } from "./json-texts.ts";

/** A piece of a body: as the client sends it, and as it must go on. */
type Part = { readonly client: string; readonly sentOn: string };

type Member = {
  readonly before: string;
  readonly core: Part;
  readonly after: string;
  readonly goes: boolean;
};

export type ChatBody = {
  readonly client: string;
  readonly sentOn: string;
  readonly target: string;
  readonly repairs: ReadonlySet<Repair>;
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
  ["developer_role", "both_token_limits"],
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

function same(text: string): Part {
  return { client: text, sentOn: text };
}

function member(choices: Choices, key: string, value: Part, goes = false): Member {
  const head = `${key}${whiteSpace(choices)}:${whiteSpace(choices)}`;
  return {
    before: whiteSpace(choices),
    core: { client: head + value.client, sentOn: head + value.sentOn },
    after: whiteSpace(choices),
    goes,
  };
}

function putIn(choices: Choices, members: Member[], added: Member): void {
  members.splice(choices.below(members.length + 1), 0, added);
}

/** The object; a member that goes takes one comma along and leaves the white space around it. */
function object(members: readonly Member[], front = ""): Part {
  const client = members.map(({ before, core, after }) => before + core.client + after).join(",");
  let sentOn = "";
  for (const [index, { before, core, after, goes }] of members.entries()) {
    if (goes) sentOn += index === 0 ? before : after;
    else {
      const isFirst = index === 0 || (index === 1 && members[0]?.goes === true);
      sentOn += `${isFirst ? "" : ","}${before}${core.sentOn}${after}`;
    }
  }
  const inserted = front === "" || members.length === 0 ? front : `${front},`;
  return { client: `{${client}}`, sentOn: `{${inserted}${sentOn}}` };
}

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

function messageList(choices: Choices, mends: boolean): Part {
  const items: Part[] = [];
  for (let count = choices.below(4); count > 0; count--) {
    const item = choices.oneIn(8) ? same(stringText(choices)) : message(choices, mends);
    const before = whiteSpace(choices);
    const after = whiteSpace(choices);
    items.push({ client: before + item.client + after, sentOn: before + item.sentOn + after });
  }
  return {
    client: `[${items.map(({ client }) => client).join(",")}]`,
    sentOn: `[${items.map(({ sentOn }) => sentOn).join(",")}]`,
  };
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

const CHANGE_ORDER: readonly Change[] = ["model", "include_usage", "developer_role", "both_token_limits"];

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

/** Where bodies go, and how they are mended on the way. */
export type Course = {
  readonly targetOf: (model: string) => string;
  readonly repairs: ReadonlySet<Repair>;
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
  if (!choices.oneIn(4)) {
    const isList = !choices.oneIn(8);
    const mends = draft.repairs.has("developer_role");
    draft.put(
      '"messages"',
      isList ? messageList(choices, mends) : same(stringText(choices)),
      "developer_role",
    );
  }
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
    intent,
    changes: draft.changes,
  };
}
