/** Messages to chat and chat to Messages, whole and streamed, against files that have been read by people. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { RequestId } from "../../../src/core/ids.ts";
import type { AnswerReader, Passage } from "../../../src/protocols/door.ts";
import { messagesDoor } from "../../../src/protocols/messages/index.ts";
import { parseExact } from "../../../src/wire/exact-json.ts";
import { assembleMessage } from "../../support/assembled-message.ts";
import { chatTraits } from "../../support/call-context.ts";
import { sealingContext } from "../../support/plain-seal.ts";

const FOLDER = new URL("../../support/golden/messages/", import.meta.url);
const MODEL = "doubao-seed-2-1-pro-260628";
const ASK = Buffer.from('{"model":"alias","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}');

function fixture(name: string): Buffer {
  return readFileSync(new URL(name, FOLDER));
}

/** The names before that ending; a test of none would prove nothing. */
function named(ending: string): string[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(ending));
  if (files.length === 0) throw new Error(`no fixture ends in ${ending}`);
  return files.map((name) => name.slice(0, -ending.length));
}

/** Without its spaces, and with every digit. */
function compact(json: Buffer): string {
  return JSON.stringify(parseExact(json.toString()));
}

function translated(body: Buffer): Extract<Passage, { kind: "upstream" }> {
  const context = sealingContext({ requestId: "req_golden" as RequestId });
  const passage = messagesDoor.read(body).prepare(chatTraits(MODEL), context);
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  return passage;
}

function answers(): AnswerReader {
  return translated(ASK).answers;
}

describe("a request", () => {
  test.each(named(".request.json"))("%s", (name) => {
    const { cargo, destination } = translated(fixture(`${name}.request.json`));
    expect(cargo.body.toString()).toBe(compact(fixture(`${name}.request.chat.json`)));
    expect(cargo.rewrite).toEqual({ splices: [], changes: ["model", "translation"] });
    expect(destination).toEqual({ base: "data", path: "/chat/completions" });
  });
});

describe("a whole answer", () => {
  test.each(named(".whole.json"))("%s", (name) => {
    const message = answers().rewriteWhole(fixture(`${name}.whole.chat.json`));
    expect(message.toString()).toBe(compact(fixture(`${name}.whole.json`)));
  });
});

describe("a stream", () => {
  test.each(named(".stream.txt"))("%s, cut at every byte", (name) => {
    const stream = fixture(`${name}.stream.chat.txt`);
    const wanted = fixture(`${name}.stream.txt`).toString();
    for (let cut = 0; cut <= stream.length; cut++) {
      const tap = answers().openTap();
      const given = [tap.push(stream.subarray(0, cut)), tap.push(stream.subarray(cut)), tap.finish()];
      const text = Buffer.concat(given.flatMap((bytes) => bytes ?? [])).toString();
      if (text !== wanted || !tap.done) expect(text, `cut at ${cut}`).toBe(wanted);
      expect(tap.done).toBe(true);
    }
  });

  test.each(named(".stream.txt"))("%s, byte by byte", (name) => {
    const stream = fixture(`${name}.stream.chat.txt`);
    const tap = answers().openTap();
    let text = "";
    for (let at = 0; at < stream.length; at++)
      text += tap.push(stream.subarray(at, at + 1))?.toString() ?? "";
    expect(text).toBe(fixture(`${name}.stream.txt`).toString());
  });

  test.each(named(".stream.txt"))("%s that breaks off anywhere has no end", (name) => {
    const stream = fixture(`${name}.stream.chat.txt`);
    const wanted = fixture(`${name}.stream.txt`).toString();
    const lastByte = stream.lastIndexOf("data: [DONE]") + "data: [DONE]".length;
    for (let end = 0; end < lastByte; end++) {
      const tap = answers().openTap();
      const text = `${tap.push(stream.subarray(0, end)) ?? ""}${tap.finish() ?? ""}`;
      expect(tap.done, `after ${end}`).toBe(false);
      expect(wanted.startsWith(text) && !text.includes("message_delta"), `after ${end}`).toBe(true);
    }
  });

  // Blocks that come after others are in another order than in a whole answer.
  test.each(named(".stream.txt").filter((name) => name !== "interleaved"))(
    "%s says what it says whole",
    (name) => {
      const message = JSON.parse(fixture(`${name}.whole.json`).toString());
      expect(assembleMessage(fixture(`${name}.stream.txt`).toString())).toEqual(message);
    },
  );
});
