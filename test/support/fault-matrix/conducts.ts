/** What a client does while it is answered (reliability B1): stays, leaves at any point, or reads slowly. */
import { type Departure, departures, HttpCaller } from "../http-caller.ts";
import type { Seeded } from "../seeded.ts";
import type { MatrixDoor } from "./doors.ts";

export type Conduct =
  | { readonly kind: "stays" }
  /** Leaves with so much of its body sent, from 0 to below 1. */
  | { readonly kind: "leaves-uploading"; readonly share: number; readonly how: Departure }
  /** Leaves so long after it has sent all. */
  | { readonly kind: "leaves-waiting"; readonly afterMs: number; readonly how: Departure }
  /** Leaves once so many bytes have come. */
  | { readonly kind: "leaves-reading"; readonly afterBytes: number; readonly how: Departure }
  | { readonly kind: "reads-slowly"; readonly pauseMs: number }
  /** Reads nothing more once the head has come, until the gateway has given it up. */
  | { readonly kind: "stops-reading" }
  /** Sends a part of its body and then nothing. */
  | { readonly kind: "stops-uploading"; readonly share: number };

/** What the client saw, and when it left. */
export type Seen = {
  /** Null where no head came. */
  readonly status: number | null;
  readonly isStream: boolean;
  /** The whole answer came, by its framing. */
  readonly isComplete: boolean;
  readonly ending: "open" | "fin" | "reset" | "left";
  /** What was not HTTP; null while all was. */
  readonly flaw: string | null;
  readonly isDone: boolean;
  readonly errorFrames: number;
  /** On the monotonic clock; null where it stayed to the end. */
  readonly leftAtMs: number | null;
  /** The end of an answer that is an error or has one, for what must not be found in it. */
  readonly error: string;
  /** The beginning of what a model said in a whole answer; empty where it is none. */
  readonly said: string;
};

const ENDS_WITHIN_MS = 15_000;
const ERROR_CHARACTERS_MAX = 1_000;
const SHORT_CHARACTERS_MAX = 10_000;
const CLOSES_WITHIN_MS = 2_000;

export function pickConduct(random: Seeded): Conduct {
  const how = random.pick(departures);
  const dice = random.below(100);
  if (dice < 50) return { kind: "stays" };
  if (dice < 56) return { kind: "leaves-uploading", share: random.fraction(), how };
  if (dice < 72) return { kind: "leaves-waiting", afterMs: random.below(60), how };
  if (dice < 93) return { kind: "leaves-reading", afterBytes: 1 + random.below(8_000), how };
  if (dice < 98) return { kind: "reads-slowly", pauseMs: 1 + random.below(10) };
  return { kind: "stops-uploading", share: random.fraction() };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export type Sent = { readonly bytes: Buffer; readonly headBytes: number; readonly door: MatrixDoor };

/** Sends the call and does as it is told; resolves once the client has done with it. */
export async function conduct(port: number, { bytes, headBytes, door }: Sent, plan: Conduct): Promise<Seen> {
  const caller = new HttpCaller(port);
  const isOver = (): boolean => caller.ending !== "open" || caller.parser.answers[0]?.isComplete === true;
  let leftAtMs: number | null = null;
  const part = (share: number): Buffer =>
    bytes.subarray(0, headBytes + Math.floor(share * (bytes.length - headBytes)));
  switch (plan.kind) {
    case "leaves-uploading":
      await caller.sent(part(plan.share));
      leftAtMs = caller.leave(plan.how);
      break;
    case "stops-uploading":
      caller.send(part(plan.share));
      break;
    case "leaves-waiting":
      await caller.sent(bytes);
      await Promise.race([pause(plan.afterMs), caller.until(isOver, "an end", ENDS_WITHIN_MS)]);
      if (!isOver()) leftAtMs = caller.leave(plan.how);
      break;
    case "leaves-reading":
      caller.send(bytes);
      await caller.until(() => isOver() || caller.bytesReceived >= plan.afterBytes, "bytes", ENDS_WITHIN_MS);
      if (!isOver()) leftAtMs = caller.leave(plan.how);
      break;
    case "reads-slowly":
      caller.send(bytes);
      for (let turn = 0; turn < 40 && !isOver(); turn++) {
        caller.stopReading();
        await pause(plan.pauseMs);
        caller.readOn();
        await pause(1);
      }
      break;
    case "stops-reading":
      caller.send(bytes);
      await caller.until(() => isOver() || caller.hasHead, "a head", ENDS_WITHIN_MS);
      caller.stopReading();
      await pause(1_000);
      caller.readOn();
      break;
    case "stays":
      caller.send(bytes);
      break;
  }
  if (leftAtMs === null) {
    await caller.until(isOver, "the answer's end", ENDS_WITHIN_MS);
    // Behind an error the connection closes; whether it does is part of what is seen.
    if (errorFramesIn(caller.text, door) > 0) await caller.untilEnded(CLOSES_WITHIN_MS).catch(() => {});
  }
  const seen = seenBy(caller, leftAtMs, door);
  if (caller.ending === "open") caller.leave("fin");
  return seen;
}

function errorFramesIn(text: string, { errorBegins }: MatrixDoor): number {
  return errorBegins.reduce((sum, begin) => sum + text.split(begin).length - 1, 0);
}

/** What the last event that is an error says of it: a response that failed tells its output too. */
function lastErrorIn(text: string, { errorBegins }: MatrixDoor): string {
  const at = Math.max(...errorBegins.map((begin) => text.lastIndexOf(begin)));
  if (at < 0) return "";
  const event = text.slice(at);
  return /"error":\{[^{}]*\}/.exec(event)?.[0] ?? event.slice(-ERROR_CHARACTERS_MAX);
}

function seenBy(caller: HttpCaller, leftAtMs: number | null, door: MatrixDoor): Seen {
  const answer = caller.parser.answers[0];
  const text = answer?.text ?? "";
  const isStream = answer?.headers.get("content-type")?.startsWith("text/event-stream") === true;
  return {
    status: answer?.status ?? null,
    isStream,
    isComplete: answer?.isComplete === true,
    ending: caller.ending,
    flaw: caller.parser.flaw,
    isDone: door.isDone(text),
    errorFrames: errorFramesIn(text, door),
    leftAtMs,
    error: answer?.status === 200 ? lastErrorIn(text, door) : text.slice(-ERROR_CHARACTERS_MAX),
    said: saidIn(text, isStream, door),
  };
}

function saidIn(text: string, isStream: boolean, door: MatrixDoor): string {
  if (isStream || text.length > SHORT_CHARACTERS_MAX) return "";
  try {
    const said = door.saidIn(JSON.parse(text));
    return typeof said === "string" ? said.slice(0, 60) : "";
  } catch {
    return "";
  }
}
