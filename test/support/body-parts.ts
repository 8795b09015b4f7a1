/** The parts that generated bodies are put together from: each as it is sent, and as it must go on. */
import type { Choices } from "./choices.ts";
import { whiteSpace } from "./json-texts.ts";

/** A piece of a body: as the client sends it, and as it must go on. */
export type Part = { readonly client: string; readonly sentOn: string };

export type Member = {
  readonly before: string;
  readonly core: Part;
  readonly after: string;
  readonly goes: boolean;
};

export function same(text: string): Part {
  return { client: text, sentOn: text };
}

export function member(choices: Choices, key: string, value: Part, goes = false): Member {
  const head = `${key}${whiteSpace(choices)}:${whiteSpace(choices)}`;
  return {
    before: whiteSpace(choices),
    core: { client: head + value.client, sentOn: head + value.sentOn },
    after: whiteSpace(choices),
    goes,
  };
}

export function putIn(choices: Choices, members: Member[], added: Member): void {
  members.splice(choices.below(members.length + 1), 0, added);
}

/** The object; a member that goes takes one comma along and leaves the white space around it. */
export function object(members: readonly Member[], front = ""): Part {
  const client = members.map(({ before, core, after }) => before + core.client + after).join(",");
  let sentOn = "";
  let isFirst = true;
  for (const { before, core, after, goes } of members) {
    if (goes) sentOn += isFirst ? before : after;
    else {
      sentOn += `${isFirst ? "" : ","}${before}${core.sentOn}${after}`;
      isFirst = false;
    }
  }
  const inserted = front === "" || members.length === 0 ? front : `${front},`;
  return { client: `{${client}}`, sentOn: `{${inserted}${sentOn}}` };
}

/** The items with commas between them. */
export function listOf(items: readonly Part[]): Part {
  return {
    client: `[${items.map(({ client }) => client).join(",")}]`,
    sentOn: `[${items.map(({ sentOn }) => sentOn).join(",")}]`,
  };
}
