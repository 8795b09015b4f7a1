/** Proves how the command line is led to a running gateway, and that only the file's owner is. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  newLocalToken,
  readControlFile,
  removeControlFile,
  writeControlFile,
} from "../../../src/app/control-file.ts";

const url = "http://127.0.0.1:5001";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "control-file-"));
  onTestFinished(() => {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

describe("writing", () => {
  test("the file is for its owner alone, whatever the umask, and is read back", () => {
    const folder = newFolder();
    const umask = process.umask(0);
    onTestFinished(() => {
      process.umask(umask);
    });
    const token = newLocalToken();
    writeControlFile(folder, { url, token });
    expect(statSync(join(folder, "control.json")).mode & 0o777).toBe(0o600);
    expect(readControlFile(folder)).toEqual({ kind: "ok", access: { url, token, pid: process.pid } });
    expect(readdirSync(folder)).toEqual(["control.json"]);
  });

  test("it takes the place of what a killed gateway left, open to everybody as that may be", () => {
    const folder = newFolder();
    for (const name of ["control.json", `control.json.${process.pid}`]) {
      writeFileSync(join(folder, name), "{", { mode: 0o666 });
    }
    const token = newLocalToken();
    writeControlFile(folder, { url, token });
    expect(readControlFile(folder)).toMatchObject({ access: { token } });
    expect(statSync(join(folder, "control.json")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["control.json"]);
  });

  test("where it cannot be put, nothing is left behind", () => {
    const folder = newFolder();
    const gone = join(folder, "gone");
    expect(() => writeControlFile(gone, { url, token: newLocalToken() })).toThrow(/ENOENT/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("tokens are 256 random bits, each another", () => {
    const tokens = new Set(Array.from({ length: 1_000 }, newLocalToken));
    expect(tokens.size).toBe(1_000);
    for (const token of tokens) expect(token).toMatch(/^vp-local-[A-Za-z0-9_-]{43}$/);
  });
});

describe("removing", () => {
  test("its own file goes, and may be gone already", () => {
    const folder = newFolder();
    const token = newLocalToken();
    writeControlFile(folder, { url, token });
    removeControlFile(folder, token);
    removeControlFile(folder, token);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("the file of the gateway that came after it stays", () => {
    const folder = newFolder();
    writeControlFile(folder, { url, token: newLocalToken() });
    const before = readFileSync(join(folder, "control.json"), "utf8");
    removeControlFile(folder, newLocalToken());
    expect(readFileSync(join(folder, "control.json"), "utf8")).toBe(before);
  });
});

describe("reading", () => {
  const token = newLocalToken();
  const good = { url, token, pid: 1 };

  test.each([
    ["nothing there", null],
    ["no JSON", "{"],
    ["no object", "1"],
    ["null", "null"],
    ["no token", JSON.stringify({ url, pid: 1 })],
    ["a token of another kind", JSON.stringify({ ...good, token: "sk-vp-x" })],
    ["a token with a line break", JSON.stringify({ ...good, token: `${token}\n` })],
    ["no number", JSON.stringify({ ...good, pid: "1" })],
    ["another scheme", JSON.stringify({ ...good, url: "file:///etc" })],
    ["a path", JSON.stringify({ ...good, url: `${url}/admin` })],
    ["credentials", JSON.stringify({ ...good, url: "http://a:b@127.0.0.1:5001" })],
    ["too long", JSON.stringify(good).padEnd(4_097)],
  ])("%s: there is none", (_what, text) => {
    const folder = newFolder();
    if (text !== null) writeFileSync(join(folder, "control.json"), text);
    expect(readControlFile(folder)).toEqual({ kind: "missing" });
  });

  test("the longest that is read", () => {
    const folder = newFolder();
    writeFileSync(join(folder, "control.json"), JSON.stringify(good).padEnd(4_096));
    expect(readControlFile(folder)).toEqual({ kind: "ok", access: good });
  });

  test("another user's file is told from none; root reads every user's", () => {
    const folder = newFolder();
    writeControlFile(folder, { url, token });
    chmodSync(join(folder, "control.json"), 0);
    const isRoot = process.getuid?.() === 0;
    expect(readControlFile(folder).kind).toBe(isRoot ? "ok" : "forbidden");
  });
});
