/** Proves that the program starts as users start it, and that it turns an old Node away with one line. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "./recorded-run.ts";

const binary = fileURLToPath(new URL("../../../bin/volcano-proxy.js", import.meta.url));

type Ended = { readonly code: number; readonly out: string; readonly err: string };

function start(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const options = { cwd: temporaryFolder(), env: environment, timeout: 15_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [...words], options, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

describe("the program", () => {
  test("checks, and ends with its exit code", async () => {
    const good = await start([binary, "check"]);
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(good.out).toContain("The configuration is good.\n");
    const bad = await start([binary, "check"], { PORT: "x", LANG: "zh_CN.UTF-8" });
    expect(bad).toMatchObject({ code: 1, out: "" });
    expect(bad.err).toContain("配置有 1 处错误。\n");
  });

  test("turns an old Node away in one line, in either language", async () => {
    const old = 'Object.defineProperty(process.versions, "node", { value: "22.18.9" });';
    const pretend = ["--import", `data:text/javascript,${encodeURIComponent(old)}`, binary];
    const english = await start(pretend);
    expect(english.code).toBe(1);
    expect(english.err).toMatch(/^volcano-proxy needs Node 22\.19 or newer, and this is v[^\n]+\n$/);
    const chinese = await start(pretend, { LC_ALL: "zh_CN.UTF-8" });
    expect(chinese.err).toMatch(/^volcano-proxy 需要 Node 22\.19 或更新版本[^\n]+\n$/);
  });

  test("is written in words that Node 12 can read", () => {
    const lines = readFileSync(binary, "utf8").split("\n");
    // Optional chaining, ??, logical assignment, static imports of node: names, await outside a function.
    const tooNew = /\?\.[\w([]|\?\?|[|&]{2}=|^import |^(?:const .*)?await /;
    expect(lines.filter((line) => tooNew.test(line))).toEqual([]);
  });
});
