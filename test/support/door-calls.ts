/** One call at any door, seen from all sides. */
import type { DoorName } from "../../src/protocols/door.ts";
import { doorNames } from "../../src/protocols/door.ts";
import type { ScriptStep } from "../../src/simulator/index.ts";
import { type Asked, doorManners } from "./door-manners.ts";
import { callId, HttpCaller } from "./http-caller.ts";
import { ObservedCall, scriptCall } from "./observed-call.ts";
import type { RunningGateway } from "./running-gateway.ts";

/** Speaks all of Ark's protocols, by models.yaml. */
export const NATIVE_MODEL = "doubao-seed-2-0-lite-260215";
/** An endpoint id stands behind it, of which no more is known than that it speaks chat. */
export const CHAT_MODEL = "deepseek-v3";

export type Way = {
  readonly door: DoorName;
  readonly model: string;
  readonly how: "verbatim" | "translated";
};

/** Every door on each way that it has. */
export const ways: readonly Way[] = doorNames.flatMap((door): Way[] => {
  const translated: Way = { door, model: CHAT_MODEL, how: door === "chat" ? "verbatim" : "translated" };
  const verbatim: Way = { door, model: NATIVE_MODEL, how: "verbatim" };
  return doorManners[door].mayBeVerbatim ? [verbatim, translated] : [translated];
});

export type DoorCallOptions = Omit<Asked, "model"> & {
  readonly key?: string;
  readonly step?: ScriptStep;
  readonly headers?: readonly string[];
};

export function doorBytes(way: Way, options: DoorCallOptions, id: string): Buffer {
  const { key = "ark-key-of-a-caller", headers = [], step: _step, ...asked } = options;
  const { path, body } = doorManners[way.door];
  const text = JSON.stringify(body({ model: way.model, ...asked }));
  const head = [
    `POST ${path} HTTP/1.1`,
    "host: gateway.test",
    `authorization: Bearer ${key}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(text)}`,
    `x-client-request-id: ${id}`,
    ...headers,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${text}`);
}

/** Sends the call on a connection of its own; the step is what it meets at Ark. */
export function callDoor(running: RunningGateway, way: Way, options: DoorCallOptions = {}): ObservedCall {
  const id = callId();
  if (options.step !== undefined) scriptCall(running, id, options.step);
  const caller = new HttpCaller(running.port);
  const call = new ObservedCall(running, caller, id);
  caller.send(doorBytes(way, options, id));
  return call;
}
