/** Processor time and memory of a process tree, against what its members say of themselves. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cpuMicroseconds, residentBytes, treeOf } from "../../../bench/process-tree.ts";

/** A child that has a child that burns 400 ms of processor time; both then tell what they used and wait. */
const BURNT_MICROSECONDS = 400_000;
const GRANDCHILD = `
  const held = Buffer.alloc(32e6, 1);
  const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
  while (used() < ${BURNT_MICROSECONDS}) for (let i = 0; i < 1e5; i += 1);
  process.send({ pid: process.pid, used: used(), held: held.length });
  setInterval(() => {}, 1e6);
`;
const CHILD = `
  const { spawn } = require("node:child_process");
  const stdio = ["ignore", "ignore", "inherit", "ipc"];
  const child = spawn(process.execPath, ["-e", ${JSON.stringify(GRANDCHILD)}], { stdio });
  process.on("disconnect", () => { child.kill("SIGKILL"); process.exit(); });
  child.on("message", (grandchild) => {
    const { user, system } = process.cpuUsage();
    process.send({ used: user + system + grandchild.used, pid: grandchild.pid });
  });
`;

describe("a tree that burns a known time", () => {
  let child: ChildProcess;
  let root: number;
  let said: { used: number; pid: number };

  beforeEach(async () => {
    child = spawn(process.execPath, ["-e", CHILD], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    root = child.pid ?? 0;
    [said] = (await once(child, "message")) as [{ used: number; pid: number }];
  });

  afterEach(async () => {
    child.disconnect();
    await once(child, "exit");
  });

  test("is counted whole: the child's time and the grandchild's, to within a few ticks", () => {
    const counted = cpuMicroseconds(root);
    expect(said.used).toBeGreaterThan(BURNT_MICROSECONDS);
    expect(counted).toBeGreaterThan(said.used - 40_000);
    expect(counted).toBeLessThan(said.used + 100_000);
  });

  test("has both in it, and neither its parent nor a stranger", () => {
    expect(treeOf(root)).toEqual([root, said.pid]);
    expect(treeOf(said.pid)).toEqual([said.pid]);
  });

  test("holds the memory of both", () => {
    const grandchild = residentBytes(said.pid);
    expect(grandchild).toBeGreaterThan(32e6);
    expect(residentBytes(root)).toBeGreaterThan(grandchild + 10e6);
  });
});

test("a process that has gone uses nothing", async () => {
  const gone = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  await once(gone, "exit");
  expect(cpuMicroseconds(gone.pid ?? 0)).toBe(0);
  expect(residentBytes(gone.pid ?? 0)).toBe(0);
});
