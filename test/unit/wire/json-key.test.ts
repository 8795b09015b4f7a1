/** Keys: exact, escaped into a twin, or folded into one, for every character that Unicode could fold. */
import { describe, expect, test } from "vitest";
import { matchKey, NO_MATCH, nameOfMatch, spellingOfMatch, wantedNames } from "../../../src/wire/json-key.ts";

const wanted = wantedNames(["model", "stream", "stream_options", "max_tokens", "messages", "k"]);

function match(key: string, names = wanted): string {
  const bytes = Buffer.from(key);
  const found = matchKey(names, bytes, 0, bytes.length);
  return found === NO_MATCH ? "none" : `${nameOfMatch(names, found)} ${spellingOfMatch(found)}`;
}

describe("a key", () => {
  test.each([
    ["model", "model exact"],
    ["stream", "stream exact"],
    ["stream_options", "stream_options exact"],
    ["mod\\u0065l", "model escaped"],
    ["\\u006dodel", "model escaped"],
    ["max\\u005Ftokens", "max_tokens escaped"],
    ["\\u006d\\u006f\\u0064\\u0065\\u006c", "model escaped"],
    ["Model", "model folded"],
    ["MODEL", "model folded"],
    ["mod\\u0045l", "model folded"],
    ["max_toKens", "max_tokens folded"],
    ["\u017ftream", "stream folded"],
    ["\\u017ftream", "stream folded"],
    ["me\u017f\u017fages", "messages folded"],
    ["max_to\u212aens", "max_tokens folded"],
    ["max_to\\u212Aens", "max_tokens folded"],
    ["stream_opt\u0130ons", "stream_options folded"],
    ["stream_opt\u0131ons", "stream_options folded"],
    ["me\u00dfages", "messages folded"],
    ["me\u1e9eages", "messages folded"],
    ["\ufb06ream_options", "stream_options folded"],
    ["\u212a", "k folded"],
    ["model ", "model folded"],
    [" model", "model folded"],
    ["\\tmodel\\n", "model folded"],
    ["model\\u0000", "model folded"],
    ["mode", "none"],
    ["models", "none"],
    ["mod el", "none"],
    ["model x", "none"],
    ["model\\\\", "none"],
    ["model\\/", "none"],
    ["", "none"],
    ["  ", "none"],
    ["_", "none"],
    ["m\u00f6del", "none"],
    ["模型", "none"],
    ["😀", "none"],
    ["m\\ud83d\\ude00", "none"],
    ["\\ud800", "none"],
    ["max-tokens", "none"],
    ["max\x7ftokens", "none"],
    ["__proto__", "none"],
    ["stream_option", "none"],
    ["stream_optionss", "none"],
    ["me\u00dfa", "none"],
  ])("%s", (key, expected) => {
    expect(match(key)).toBe(expected);
  });

  test("whose character any case mapping of Unicode turns into ASCII letters is a twin; no other is", () => {
    const letters = wantedNames([..."abcdefghijklmnopqrstuvwxyz"]);
    let twins = 0;
    for (let codePoint = 0x80; codePoint <= 0x10ffff; codePoint++) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      const character = String.fromCodePoint(codePoint);
      const mapped = [character.toLowerCase(), character.toUpperCase().toLowerCase()].filter((text) =>
        /^[a-z]+$/.test(text),
      );
      const bytes = Buffer.from(character);
      if (mapped.length === 0) {
        // The dotted I and the capital sharp s: JavaScript's mappings of them leave ASCII, others' do not.
        if (codePoint === 0x130 || codePoint === 0x1e9e) continue;
        if (matchKey(letters, bytes, 0, bytes.length) !== NO_MATCH)
          expect.fail(`U+${codePoint.toString(16)}`);
        continue;
      }
      twins++;
      for (const text of mapped) expect(match(character, wantedNames([text]))).toBe(`${text} folded`);
    }
    expect(twins).toBe(11);
  });

  test("of a million spaces is told apart in one walk", () => {
    expect(match(`model${" ".repeat(1_000_000)}`)).toBe("model folded");
    expect(match(`${" ".repeat(1_000_000)}x`)).toBe("none");
  });
});

describe("wanted names", () => {
  test("31 of them, and no more", () => {
    const names = Array.from({ length: 31 }, (_, index) => `name_${index}`);
    const prepared = wantedNames(names);
    for (const name of names) expect(match(name, prepared)).toBe(`${name} exact`);
    expect(() => wantedNames([...names, "one_more"])).toThrow(RangeError);
  });

  test.each(["Model", "mod el", "", "modèle", "a\\"])("not %j", (name) => {
    expect(() => wantedNames([name])).toThrow(RangeError);
  });

  test("a name that begins another, and one that ends like it", () => {
    const prepared = wantedNames(["stream", "stream_options", "upstream"]);
    expect(match("stream", prepared)).toBe("stream exact");
    expect(match("Upstream", prepared)).toBe("upstream folded");
  });
});
