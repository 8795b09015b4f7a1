/** What a process and its descendants have used: processor time and resident memory, from Linux's /proc. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

type Stat = { readonly parent: number; readonly ticks: number; readonly pages: number };

const ticksPerSecond = settingOf("CLK_TCK");
const pageBytes = settingOf("PAGESIZE");

function settingOf(name: string): number {
  return Number(execFileSync("getconf", [name], { encoding: "utf8" }));
}

/** Fields of proc_pid_stat(5), counted from the last bracket: the name within them may hold anything. */
function statOf(pid: number, thread = ""): Stat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}${thread}/stat`, "latin1");
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  return { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17), pages: field(24) };
}

/** A process and all that descend from it, as long as they live. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : null;
    if (stat !== null) children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function sumOver(root: number, of: (stat: Stat) => number): number {
  let sum = 0;
  for (const pid of treeOf(root)) {
    const stat = statOf(pid);
    if (stat !== null) sum += of(stat);
  }
  return sum;
}

/**
 * User and system time of the tree in microseconds, all threads and all descendants that were waited for
 * included. Linux gives it in ticks of 10 ms, so take it over seconds.
 */
export function cpuMicroseconds(root: number): number {
  return (sumOver(root, (stat) => stat.ticks) * 1_000_000) / ticksPerSecond;
}

/** The same of the process's first thread alone, on which its event loop runs. */
export function mainThreadMicroseconds(pid: number): number {
  return ((statOf(pid, `/task/${pid}`)?.ticks ?? 0) * 1_000_000) / ticksPerSecond;
}

/** Resident memory of the tree in bytes. Pages that processes share count once for each. */
export function residentBytes(root: number): number {
  return sumOver(root, (stat) => stat.pages) * pageBytes;
}
