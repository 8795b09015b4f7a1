/** The package as npm would publish it: compiled, complete, and running from its own files. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

let folder = "";
let files: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "volcano-proxy-package-"));
  const output = execFileSync("npm", ["pack", "--json", "--silent", "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [packed] = JSON.parse(output.slice(output.indexOf("[")));
  files = packed.files.map(({ path }: { path: string }) => path);
  execFileSync("tar", ["xzf", join(folder, packed.filename), "-C", folder]);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "package", "node_modules"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(...words: string[]): string {
  return execFileSync(process.execPath, [join(folder, "package", "bin", "volcano-proxy.js"), ...words], {
    encoding: "utf8",
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", LANG: "C" },
  });
}

describe("the package", () => {
  test("holds what it needs, and nothing of the workshop", () => {
    for (const needed of ["bin/volcano-proxy.js", "dist/main.js", "dist/index.d.ts", "models.yaml"]) {
      expect(files).toContain(needed);
    }
    expect(files.filter((path) => /^(?:src|test|bench|scripts|docs)\//.test(path))).toEqual([]);
  });

  test("runs its command line", () => {
    expect(run("--version").trim()).toMatch(/^\d+\.\d+\.\d+$/);
    expect(run("models")).toContain("deepseek-r1");
    expect(run("check")).toContain("The configuration is good.");
  });

  test("can be imported as a library, and its simulator by itself", () => {
    const script =
      'import { createGateway } from "openai-volcano-proxy"; import { createSimulator } from "openai-volcano-proxy/simulator";' +
      "console.log(typeof createGateway().inject, typeof createSimulator().script);";
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      cwd: join(folder, "package"),
    });
    expect(output.trim()).toBe("function function");
  });
});
