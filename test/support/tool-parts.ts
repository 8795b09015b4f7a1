/** Generates the tools of a chat body and the messages that called them, and what must be sent on. */
import type { Reasoning } from "../../src/core/memories.ts";
import { listOf, type Member, member, object, type Part, putIn, same } from "./body-parts.ts";
import type { Choices } from "./choices.ts";
import { stringText, valueText, whiteSpace } from "./json-texts.ts";

/** What a memory holds that bodies are generated for. */
export const remembered: ReadonlyMap<string, Reasoning> = new Map([
  ["call_1", { text: '嗯 "\\\n\ud800', encrypted: null }],
  ["call_2", { text: null, encrypted: "ZW5jcnlwdGVk" }],
  ["call_3", { text: "hm", encrypted: "eA==" }],
]);

/** Thoughts go back once into each body. */
export class Replay {
  readonly #left: Map<string, Reasoning>;

  constructor(known: ReadonlyMap<string, Reasoning>) {
    this.#left = new Map(known);
  }

  take(ids: readonly string[]): Reasoning | null {
    for (const id of ids) {
      const reasoning = this.#left.get(id);
      if (reasoning === undefined) continue;
      this.#left.delete(id);
      return reasoning;
    }
    return null;
  }
}

const IDS: readonly (readonly [string, string])[] = [
  ['"call_1"', "call_1"],
  ['"call\\u005f2"', "call_2"],
  ['"call_3"', "call_3"],
  ['"call_4"', "call_4"],
];

type Calls = { readonly text: string; readonly ids: readonly string[] };

function toolCalls(choices: Choices): Calls {
  const ids: string[] = [];
  const calls: Part[] = [];
  for (let count = choices.pick([1, 2, 0, 3]); count > 0; count--) {
    if (choices.oneIn(9)) {
      calls.push(same(stringText(choices)));
      continue;
    }
    const members: Member[] = [];
    if (!choices.oneIn(5)) {
      const [text, id] = choices.pick(IDS);
      ids.push(id);
      putIn(choices, members, member(choices, '"id"', same(text)));
    }
    if (choices.oneIn(2)) putIn(choices, members, member(choices, '"function"', same(valueText(choices, 1))));
    calls.push(object(members));
  }
  return { text: listOf(calls).client, ids };
}

const THOUGHTS = [null, null, null, '""', "null", '"hm"', '"\\u0041"', "7"];
const EMPTY_THOUGHTS: readonly (string | null)[] = [null, '""', "null"];

/** An assistant's message that called tools, or one that is nearly that. */
export function callingMessage(choices: Choices, replay: Replay): Part {
  const role = choices.pick(['"assistant"', '"assistant"', '"assist\\u0061nt"', '"user"', "null"]);
  const { text, ids } = toolCalls(choices);
  const isCalling = !choices.oneIn(8);
  const thought = choices.pick(THOUGHTS);
  const sealed = choices.pick(THOUGHTS);
  const isBare = EMPTY_THOUGHTS.includes(thought) && EMPTY_THOUGHTS.includes(sealed);
  const isAssistant = role.startsWith('"assist');
  const reasoning = isAssistant && isCalling && isBare ? replay.take(ids) : null;
  const members: Member[] = [];
  const put = (key: string, value: Part): void => putIn(choices, members, member(choices, key, value));
  const front: string[] = [];
  const kinds = [
    ["reasoning_content", thought, reasoning?.text ?? null],
    ["encrypted_content", sealed, reasoning?.encrypted ?? null],
  ] as const;
  for (const [name, client, back] of kinds) {
    const sentOn = back === null ? client : JSON.stringify(back);
    if (client !== null)
      put(choices.oneIn(4) ? `"${name.replace("_", "\\u005f")}"` : `"${name}"`, {
        client,
        sentOn: sentOn ?? client,
      });
    else if (back !== null) front.push(`"${name}":${JSON.stringify(back)}`);
  }
  put('"role"', same(role));
  put('"tool_calls"', same(isCalling ? text : "{}"));
  if (choices.oneIn(2)) put('"content"', same(valueText(choices, 1)));
  return object(members, front.join(","));
}

const NO_PARAMETERS = '{"type":"object","properties":{}}';

function toolFunction(choices: Choices, mends: boolean): Part {
  const members: Member[] = [];
  if (choices.oneIn(2)) putIn(choices, members, member(choices, '"name"', same(stringText(choices))));
  const parameters = choices.pick([null, "{}", "null", "{ }", '{"type":"object"}', "[]", '"{}"']);
  const isEmpty = parameters === "null" || /^\{ ?\}$/.test(parameters ?? "");
  if (parameters === null) return object(members, mends ? `"parameters":${NO_PARAMETERS}` : "");
  const value = { client: parameters, sentOn: mends && isEmpty ? NO_PARAMETERS : parameters };
  putIn(choices, members, member(choices, choices.pick(['"parameters"', '"par\\u0061meters"']), value));
  return object(members);
}

/** `tools`: functions, and what is none. */
export function toolList(choices: Choices, mends: boolean): Part {
  if (choices.oneIn(8)) return same(stringText(choices));
  const tools: Part[] = [];
  for (let count = choices.below(4); count > 0; count--) {
    const members: Member[] = [];
    const described = choices.oneIn(6)
      ? same(choices.pick(["null", "[{}]", '"f"']))
      : toolFunction(choices, mends);
    putIn(choices, members, member(choices, choices.pick(['"function"', '"functio\\u006e"']), described));
    if (!choices.oneIn(3)) putIn(choices, members, member(choices, '"type"', same('"function"')));
    const tool = choices.oneIn(6)
      ? same(choices.pick(["null", '"function"', '{"type":"custom"}']))
      : object(members);
    const before = whiteSpace(choices);
    tools.push({ client: before + tool.client, sentOn: before + tool.sentOn });
  }
  return listOf(tools);
}
