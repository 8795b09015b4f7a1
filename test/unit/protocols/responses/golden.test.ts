/** Responses to chat and back, whole and streamed, against files that have been read by people. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { AnswerReader, Passage } from "../../../../src/protocols/door.ts";
import { translateResponses } from "../../../../src/protocols/responses/translation/translate-responses.ts";
import { parseExact } from "../../../../src/wire/exact-json.ts";
import { assembleResponse, settledIds } from "../../../support/assembled-response.ts";
import { chatTraits } from "../../../support/call-context.ts";
import { sealingContext } from "../../../support/plain-seal.ts";

const FOLDER = new URL("../../../support/golden/responses/", import.meta.url);
/** Ark's answers are the same for all doors; those that are not in the one folder are in the other. */
const FOLDERS = [FOLDER, new URL("../../../support/golden/messages/", import.meta.url)];
const MODEL = "doubao-seed-2-1-pro-260628";

function fixture(name: string): Buffer {
  for (const folder of FOLDERS)
    if (readdirSync(folder).includes(name)) return readFileSync(new URL(name, folder));
  throw new Error(`there is no fixture ${name}`);
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
  const passage = translateResponses(body, chatTraits(MODEL), sealingContext());
  if (passage.kind !== "upstream") throw new Error("not sent to Ark");
  return passage;
}

const ask = fixture("ask.json");

function answers(): AnswerReader {
  return translated(ask).answers;
}

describe("a request", () => {
  test.each(named(".request.json"))("%s", (name) => {
    const { cargo } = translated(fixture(`${name}.request.json`));
    expect(cargo.body.toString()).toBe(compact(fixture(`${name}.request.chat.json`)));
  });
});

describe("a whole answer", () => {
  test.each(named(".whole.json"))("%s", (name) => {
    const response = answers().rewriteWhole(fixture(`${name}.whole.chat.json`));
    expect(settledIds(response.toString())).toBe(compact(fixture(`${name}.whole.json`)));
  });
});

describe("a stream", () => {
  test.each(named(".stream.txt"))("%s, cut at every byte", (name) => {
    const stream = fixture(`${name}.stream.chat.txt`);
    const wanted = fixture(`${name}.stream.txt`).toString();
    const reader = answers();
    for (let cut = 0; cut <= stream.length; cut++) {
      const tap = reader.openTap();
      const given = [tap.push(stream.subarray(0, cut)), tap.push(stream.subarray(cut)), tap.finish()];
      const text = settledIds(Buffer.concat(given.flatMap((bytes) => bytes ?? [])).toString());
      if (text !== wanted || !tap.done) expect([cut, text, tap.done]).toEqual([cut, wanted, true]);
    }
  });

  test.each(named(".stream.txt"))("%s, byte by byte", (name) => {
    const stream = fixture(`${name}.stream.chat.txt`);
    const tap = answers().openTap();
    let text = "";
    for (let at = 0; at < stream.length; at++)
      text += tap.push(stream.subarray(at, at + 1))?.toString() ?? "";
    expect(settledIds(text)).toBe(fixture(`${name}.stream.txt`).toString());
  });

  test.each(named(".stream.txt"))("%s that breaks off anywhere has no end", (name) => {
    const stream = fixture(`${name}.stream.chat.txt`);
    const wanted = fixture(`${name}.stream.txt`).toString();
    const lastByte = stream.lastIndexOf("data: [DONE]") + "data: [DONE]".length;
    const reader = answers();
    for (let end = 0; end < lastByte; end++) {
      const tap = reader.openTap();
      const text = settledIds(`${tap.push(stream.subarray(0, end)) ?? ""}${tap.finish() ?? ""}`);
      const hasEnd = /response\.(completed|incomplete)/.test(text);
      if (tap.done || hasEnd || !wanted.startsWith(text))
        expect([end, tap.done, text]).toEqual([end, false, ""]);
    }
  });

  test.each(named(".stream.txt"))("%s says in its events what it ends with", (name) => {
    const response = assembleResponse(fixture(`${name}.stream.txt`).toString());
    // Items that come after others in a stream are in another order than in a whole answer.
    if (name === "interleaved") return;
    expect(response).toEqual(JSON.parse(fixture(`${name}.whole.json`).toString()));
  });
});
