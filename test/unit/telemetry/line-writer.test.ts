/** Lines go out in blocks; a reader who is slow, full or gone costs lines and never the process. */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { descriptorWriter, LineWriter, type LineWriterOptions } from "../../../src/telemetry/line-writer.ts";
import { until } from "../../support/raw-origin.ts";

/** A descriptor whose writes end when the test says so. */
class Descriptor {
  written = "";
  readonly calls: string[] = [];
  readonly #done: Parameters<LineWriterOptions["write"]>[1][] = [];

  readonly options: Pick<LineWriterOptions, "write" | "writeNow"> = {
    write: (bytes, done) => {
      this.calls.push(bytes.toString());
      this.#done.push(done);
    },
    writeNow: (bytes) => {
      this.written += bytes.toString();
      return bytes.length;
    },
  };

  /** Ends the write under way: with an error code, or with so many bytes written. */
  finish(result: string | number): void {
    const done = this.#done.shift();
    const call = this.calls.at(-1) ?? "";
    if (typeof result === "number") this.written += call.slice(0, result);
    if (typeof result === "number") done?.(null, result);
    else done?.(Object.assign(new Error(result), { code: result }), 0);
  }
}

function open(options: Partial<LineWriterOptions> = {}): { writer: LineWriter; descriptor: Descriptor } {
  const descriptor = new Descriptor();
  return { writer: new LineWriter({ ...descriptor.options, ...options }), descriptor };
}

test("a full block goes out at once, one write at a time", () => {
  const { writer, descriptor } = open({ blockBytes: 10 });
  writer.write("12345678\n");
  expect(descriptor.calls).toEqual([]);
  writer.write("\n");
  expect(descriptor.calls).toEqual(["12345678\n\n"]);
  writer.write("while it is written\n");
  expect(descriptor.calls).toHaveLength(1);
  descriptor.finish(10);
  expect(descriptor.calls[1]).toBe("while it is written\n");
  expect(writer.droppedLines).toBe(0);
});

test("a block that is not full goes out after 100 ms", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { writer, descriptor } = open();
  writer.write("a\n");
  writer.write("b\n");
  vi.advanceTimersByTime(99);
  expect(descriptor.calls).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(descriptor.calls).toEqual(["a\nb\n"]);
});

test("a write that ends half-way goes on where it ended", () => {
  const { writer, descriptor } = open({ blockBytes: 1 });
  writer.write("hello\n");
  descriptor.finish(2);
  expect(descriptor.calls[1]).toBe("llo\n");
  descriptor.finish(4);
  expect(descriptor.written).toBe("hello\n");
});

test("while nobody reads, lines wait up to the bound, and what comes then is dropped and counted", () => {
  const { writer, descriptor } = open({ blockBytes: 1, waitingBytesMax: 10 });
  writer.write("under way\n");
  writer.write("12345678\n");
  writer.write("\n");
  expect(writer.droppedLines).toBe(0);
  writer.write("\n");
  expect(writer.droppedLines).toBe(1);
  descriptor.finish(10);
  expect(descriptor.calls[1]).toBe("12345678\n\n");
  writer.write("again\n");
  expect(writer.droppedLines).toBe(1);
});

test("a line that came during a slow write still goes out by itself", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { writer, descriptor } = open({ blockBytes: 5 });
  writer.write("first\n");
  writer.write("b\n");
  vi.advanceTimersByTime(1_000);
  descriptor.finish(6);
  expect(descriptor.calls).toEqual(["first\n"]);
  vi.advanceTimersByTime(100);
  expect(descriptor.calls).toEqual(["first\n", "b\n"]);
});

test("a full pipe or disk is tried again", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { writer, descriptor } = open({ blockBytes: 1 });
  writer.write("hello\n");
  for (const code of ["EAGAIN", "ENOSPC"]) {
    descriptor.finish(code);
    vi.advanceTimersByTime(100);
  }
  expect(descriptor.calls).toEqual(["hello\n", "hello\n", "hello\n"]);
  descriptor.finish(6);
  expect(descriptor.written).toBe("hello\n");
});

test("a closed pipe ends it: every later line is dropped", () => {
  const { writer, descriptor } = open({ blockBytes: 1 });
  writer.write("a\n");
  writer.write("b\n");
  descriptor.finish("EPIPE");
  expect(writer.droppedLines).toBe(2);
  writer.write("c\n");
  writer.flush();
  expect(writer.droppedLines).toBe(3);
  expect(descriptor.calls).toHaveLength(1);
  expect(descriptor.written).toBe("");
});

test("flush writes at once what waits, and survives a descriptor that refuses", () => {
  const { writer, descriptor } = open();
  writer.write("a\n");
  writer.flush();
  expect(descriptor.written).toBe("a\n");
  const broken = open({
    writeNow: () => {
      throw new Error("EIO");
    },
  });
  broken.writer.write("a\n");
  broken.writer.flush();
  expect(broken.writer.droppedLines).toBe(1);
  const full = open({
    writeNow: () => {
      throw Object.assign(new Error("EAGAIN"), { code: "EAGAIN" });
    },
  });
  full.writer.write("a\n");
  full.writer.flush();
  expect(full.writer.droppedLines).toBe(0);
});

test("drain waits for what is under way, but not for ever", async () => {
  const { writer, descriptor } = open();
  writer.write("a\n");
  const drained = writer.drain(5_000);
  expect(descriptor.calls).toEqual(["a\n"]);
  descriptor.finish(2);
  await drained;
  expect(descriptor.written).toBe("a\n");
  writer.write("b\n");
  await writer.drain(20);
  expect(descriptor.calls).toEqual(["a\n", "b\n"]);
});

test("close lets go of a reader who does not come back, and takes nothing more", async () => {
  let isAbandoned = false;
  const { writer, descriptor } = open({
    blockBytes: 1,
    abandon: () => {
      isAbandoned = true;
    },
  });
  writer.write("a\n");
  await writer.close(10);
  expect(isAbandoned).toBe(true);
  descriptor.finish("ECANCELED");
  writer.write("b\n");
  expect([descriptor.calls, writer.droppedLines]).toEqual([["a\n"], 1]);
});

test("a real file has every line, whole and in order", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lines-"));
  const file = openSync(join(folder, "log"), "a");
  onTestFinished(() => {
    closeSync(file);
    rmSync(folder, { recursive: true });
  });
  const writer = descriptorWriter(file);
  for (let line = 0; line < 10_000; line++) writer.write(`line ${line}\n`);
  await writer.drain(5_000);
  const lines = readFileSync(join(folder, "log"), "utf8").split("\n");
  expect(writer.droppedLines).toBe(0);
  expect(lines).toEqual([...Array.from({ length: 10_000 }, (_, line) => `line ${line}`), ""]);
});

const SOURCE = new URL("../../../src/telemetry/line-writer.ts", import.meta.url);

/** Fills whatever its standard output is, says on the other one how it went, and ends as the gateway does. */
const FLOOD = `
  import { descriptorWriter } from "${SOURCE.href}";
  const writer = descriptorWriter(1);
  for (let turn = 0; turn < 50; turn++) {
    for (let line = 0; line < 500; line++) writer.write("x".repeat(99) + "\\n");
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writer.close(50);
  process.stderr.write(String(writer.droppedLines));
`;

const RUN = '{ "$0" --input-type=module -e "$1"; echo " exit $?" >&2; }';

test.each([
  ["a socket", RUN],
  ["a pipe", `${RUN} | sleep 30`],
])("%s that nobody reads holds up neither the process nor its exit", async (_kind, script) => {
  const words = ["-c", script, process.execPath, FLOOD];
  const child = spawn("/bin/sh", words, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  onTestFinished(() => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  });
  let told = "";
  child.stderr.on("data", (text: Buffer) => {
    told += text.toString();
  });
  await until(() => told.includes("exit"), "the process to end", 10_000);
  const [, dropped, exitCode] = /^(\d+) exit (\d+)/.exec(told) ?? [];
  expect(Number(dropped)).toBeGreaterThan(1_000);
  expect(exitCode).toBe("0");
});
