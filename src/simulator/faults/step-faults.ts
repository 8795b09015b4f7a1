/** Faults at a byte: they cut a list of steps after so many bytes, and put something else there. */
import { unreachable } from "../../core/errors.ts";
import type { SeededRandom } from "../random.ts";
import { renderHead } from "../wire/answer.ts";
import { noTokens, type Step, send, wait } from "../wire/wire-step.ts";
import type { FullFault, FullFaultOf } from "./faults.ts";

type Cut = { readonly before: readonly Step[]; readonly after: readonly Step[] };

function bufferOf(data: string | Buffer): Buffer {
  return typeof data === "string" ? Buffer.from(data) : data;
}

export function bytesOf(steps: readonly Step[]): number {
  let bytes = 0;
  for (const step of steps) if (step.kind === "send") bytes += Buffer.byteLength(step.data);
  return bytes;
}

/**
 * Cuts after exactly so many bytes; waits that follow the last of them are behind the cut. What a cut step
 * has generated belongs to its first part, as soon as one byte of it is sent.
 */
export function cutAfter(steps: readonly Step[], bytes: number): Cut {
  let left = bytes;
  for (const [index, step] of steps.entries()) {
    if (left <= 0) return { before: steps.slice(0, index), after: steps.slice(index) };
    if (step.kind !== "send") continue;
    const data = bufferOf(step.data);
    if (data.length <= left) {
      left -= data.length;
      continue;
    }
    const before = [...steps.slice(0, index), send(data.subarray(0, left), step.tokens)];
    return { before, after: [send(data.subarray(left)), ...steps.slice(index + 1)] };
  }
  return { before: steps, after: [] };
}

/** Every send in pieces of at most so many bytes, each written by itself. */
export function inPieces(steps: readonly Step[], pieceBytes: number, everyMs: number): Step[] {
  const pieces: Step[] = [];
  for (const step of steps) {
    if (step.kind !== "send") {
      pieces.push(step);
      continue;
    }
    const data = bufferOf(step.data);
    for (let start = 0; start < data.length; start += pieceBytes) {
      pieces.push(send(data.subarray(start, start + pieceBytes), start === 0 ? step.tokens : noTokens));
      pieces.push(wait(everyMs));
    }
  }
  return pieces;
}

type StepFault = FullFaultOf<"stall"> | FullFaultOf<"drip"> | FullFaultOf<"reset"> | FullFaultOf<"close">;

/** Strikes at the fault's byte, in a list that begins at the body or at the wire, as the fault says. */
export function strike(steps: readonly Step[], fault: StepFault): Step[] {
  const { before, after } = cutAfter(steps, fault.afterBytes);
  switch (fault.kind) {
    case "stall":
      return [...before, fault.ms === null ? { kind: "hang" } : wait(fault.ms), ...after];
    case "drip":
      return [...before, ...inPieces(after, fault.bytes, fault.everyMs)];
    case "reset":
    case "close":
      return [...before, { kind: fault.kind }];
    default:
      return unreachable(fault);
  }
}

export function isStepFault(fault: FullFault): fault is StepFault {
  const kind = fault.kind;
  return kind === "stall" || kind === "drip" || kind === "reset" || kind === "close";
}

/** Faults in a body's bytes; faults of other kinds change nothing here. */
export function spoilBody(steps: readonly Step[], fault: FullFault, random: SeededRandom): Step[] {
  if (isStepFault(fault)) return fault.of === "body" ? strike(steps, fault) : [...steps];
  switch (fault.kind) {
    case "truncate":
      return [...cutAfter(steps, fault.afterBytes).before];
    case "garbage": {
      const { before, after } = cutAfter(steps, fault.afterBytes);
      return [...before, send(random.bytes(fault.bytes)), ...after];
    }
    case "open_after_done":
      return [...steps, fault.ms === null ? { kind: "hang" } : wait(fault.ms)];
    case "hang":
      return fault.afterHead ? [{ kind: "hang" }] : [...steps];
    default:
      return [...steps];
  }
}

/** Faults in the whole of the wire; faults of other kinds change nothing here. */
export function spoilWire(steps: readonly Step[], fault: FullFault): Step[] {
  if (isStepFault(fault)) return fault.of === "wire" ? strike(steps, fault) : [...steps];
  switch (fault.kind) {
    case "hang":
      return fault.afterHead ? [...steps] : [{ kind: "hang" }];
    case "delay":
      return [wait(fault.ms), ...steps];
    case "split":
      return inPieces(steps, fault.bytes, 0);
    case "interim": {
      const head = renderHead(fault.status, [], []);
      return [
        ...Array.from({ length: fault.count }, () => [send(head), wait(fault.everyMs)]).flat(),
        ...steps,
      ];
    }
    default:
      return [...steps];
  }
}
