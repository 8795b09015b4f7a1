/** Proves which key a word means, and that a key itself is never taken for a name. */
import { expect, test } from "vitest";
import { chooseKey, type NamedKey } from "../../../src/commands/keys/choose-key.ts";

const keys: readonly NamedKey[] = [
  { id: "key_a", name: "ci", state: "active" },
  { id: "key_b", name: "web", state: "active" },
  { id: "key_c", name: "web", state: "expired" },
  { id: "key_d", name: "old", state: "revoked" },
  { id: "key_e", name: "again", state: "revoked" },
  { id: "key_f", name: "again", state: "active" },
  { id: "key_g", name: "dead", state: "revoked" },
  { id: "key_h", name: "dead", state: "revoked" },
  { id: "key_i", name: "key_a", state: "active" },
  { id: "key_j", name: "sk-looks-like-one", state: "active" },
];
const idsOf = (word: string): readonly string[] => {
  const choice = chooseKey(keys, word);
  if (choice.kind === "one") return [choice.key.id];
  return choice.kind === "several" ? choice.keys.map(({ id }) => id) : [];
};

test.each([
  ["an id", "key_b", ["key_b"]],
  ["a name", "ci", ["key_a"]],
  ["a name of two: both", "web", ["key_b", "key_c"]],
  ["the name of a revoked one", "old", ["key_d"]],
  ["a name that was given again: the one that is not revoked", "again", ["key_f"]],
  ["a name of two that are revoked: both", "dead", ["key_g", "key_h"]],
  ["an id that is another's name: the id's", "key_a", ["key_a"]],
  ["a name that looks like a key", "sk-looks-like-one", ["key_j"]],
])("%s", (_what, word, ids) => {
  expect(idsOf(word)).toEqual(ids);
});

test("no such key: the nearest there is", () => {
  expect(chooseKey(keys, "webb")).toEqual({ kind: "none", nearest: ["web"] });
  expect(chooseKey(keys, "zzzzzzz")).toEqual({ kind: "none", nearest: [] });
});

test("a key itself is known as one", () => {
  expect(chooseKey(keys, "sk-vp-abc")).toEqual({ kind: "secret" });
});
