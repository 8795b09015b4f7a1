/** Proves which locales make the command line speak Chinese. */
import { expect, test } from "vitest";
import { languageOf } from "../../../src/core/language.ts";

test.each([
  [{}, "en"],
  [{ LANG: "zh_CN.UTF-8" }, "zh"],
  [{ LANG: "en_US.UTF-8" }, "en"],
  [{ LC_ALL: "zh_TW" }, "zh"],
  [{ LC_ALL: "C", LANG: "zh_CN.UTF-8" }, "en"],
  [{ LC_ALL: "", LANG: "zh_CN.UTF-8" }, "zh"],
  [{ LC_ALL: "ZH" }, "zh"],
] as const)("%j speaks %s", (environment, language) => {
  expect(languageOf(environment)).toBe(language);
});
