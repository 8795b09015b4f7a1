/** Whatever a client says over a WebSocket, it is read as JSON readers read it, and run in order. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readClientEvent } from "../../src/server/socket/client-event.ts";
import { bodyOf } from "../../src/server/socket/create-body.ts";
import { CreateQueue, type Queued } from "../../src/server/socket/create-queue.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const SHARE = 0.1;

const item = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.record({ role: fc.constant("user"), content: fc.string() }),
);
const space = fc.constantFrom("", " ", "\n\t", "\r\n  ");

/** A message's members in any order, with any space between. */
const created = fc
  .record(
    {
      stream_id: fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/),
      generate: fc.constant(true),
      stream: fc.oneof(fc.boolean(), fc.constant(null)),
      background: fc.constantFrom(false, null),
      previous_response_id: fc.oneof(fc.string(), fc.constant(null)),
      input: fc.oneof(fc.string(), fc.array(item, { maxLength: 4 }), fc.constant(null)),
      model: fc.string(),
      metadata: fc.dictionary(fc.string(), fc.string()),
      "ty pe": fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: [] },
  )
  .chain((members) => {
    const all = Object.entries({ ...members, type: "response.create" });
    const order = fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
    return fc.tuple(fc.constant(members), order, fc.array(space, { minLength: 4, maxLength: 4 }));
  });

const turn = fc.record({
  base: fc.oneof(fc.string(), fc.constant(null)),
  items: fc.array(fc.array(item, { maxLength: 3 }), { maxLength: 3 }),
});

function spell(members: readonly (readonly [string, unknown])[], [a, b, c, d]: readonly string[]): Buffer {
  const spelled = members.map(
    ([name, value]) => `${a}${JSON.stringify(name)}${b}:${c}${JSON.stringify(value)}${d}`,
  );
  return Buffer.from(`${d}{${spelled.join(",")}}${a}`);
}

const inside = (items: readonly unknown[]) => Buffer.from(JSON.stringify(items).slice(1, -1));

test(
  "a body is the message without its envelope, behind what was remembered",
  () => {
    fc.assert(
      fc.property(created, fc.option(turn), ([members, order, spaces], previous) => {
        const event = readClientEvent(spell(order, spaces));
        if (event.kind !== "create") throw new Error(JSON.stringify(event));
        expect(event.create.lane).toBe(members.stream_id ?? null);
        const remembered =
          previous === null ? null : { id: "r", base: previous.base, items: previous.items.map(inside) };
        const { stream_id, generate, stream, ...expected } = members as Record<string, unknown>;
        if (previous !== null && "previous_response_id" in members) {
          const { input } = members;
          const own =
            typeof input === "string" ? [{ type: "message", role: "user", content: input }] : (input ?? []);
          expected["input"] = [...previous.items.flat(), ...own];
          if (previous.base === null) delete expected["previous_response_id"];
          else expected["previous_response_id"] = previous.base;
        }
        const body = Buffer.concat(bodyOf(event.create, remembered)).toString("utf8");
        // Through text, as -0 is 0 there.
        expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify({ ...expected, stream: true })));
      }),
      propertyRuns(SHARE),
    );
  },
  propertyTimeoutMs(SHARE),
);

test(
  "no message of any bytes is too much for the reader, and whoever is let in names what is known",
  () => {
    const words = ["type", "response.create", "stream_id", "input", "generate", "\\u0074ype"];
    const piece = fc.oneof(
      fc.constantFrom(...words.map((word) => `"${word}"`), "{", "}", "[", "]", ":", ",", "null", "true", "1"),
      fc.string(),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join("")));
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.oneof(text, bytes), (message) => {
        const event = readClientEvent(message);
        if (event.kind === "refused") expect([400, 500]).toContain(event.error.status);
        if (event.kind === "refused") expect(event.error.code).not.toBe("internal_error");
        else expect(() => JSON.parse(message.toString("utf8"))).not.toThrow();
      }),
      propertyRuns(SHARE),
    );
  },
  propertyTimeoutMs(SHARE),
);

type Numbered = Queued & { readonly number: number };
const LANES = [null, "a", "b", "c", "d"];
const BOUNDS = { runningMax: 2, waitingMax: 3, waitingBytesMax: 20, lanesMax: 3 };

/** What may be done: add to a lane, or end what runs in one. */
const acts = fc.array(
  fc.record({ lane: fc.constantFrom(...LANES), length: fc.integer({ min: 0, max: 12 }), ends: fc.boolean() }),
  { maxLength: 40 },
);

test(
  "lanes keep their order and their bounds, and nobody waits who may run",
  () => {
    fc.assert(
      fc.property(acts, (steps) => {
        const queue = new CreateQueue<Numbered>(BOUNDS);
        const running = new Map<string | null, Numbered>();
        const waiting: Numbered[] = [];
        const named = new Set<string>();
        for (const [number, { lane, length, ends }] of steps.entries()) {
          if (ends) {
            if (running.delete(lane)) queue.done(lane);
          } else {
            const create = { lane, message: { length }, number };
            const mayRun = running.size < BOUNDS.runningMax && !running.has(lane);
            const bytes = waiting.reduce((sum, { message }) => sum + message.length, length);
            const isFull = !mayRun && (waiting.length >= BOUNDS.waitingMax || bytes > BOUNDS.waitingBytesMax);
            const isStrange = lane !== null && !named.has(lane) && named.size >= BOUNDS.lanesMax;
            const verdict = queue.add(create);
            expect(verdict).toBe(isStrange ? "too_many_lanes" : isFull ? "full" : "queued");
            if (verdict === "queued") {
              waiting.push(create);
              if (lane !== null) named.add(lane);
            }
          }
          for (let next = queue.next(); next !== null; next = queue.next()) {
            expect(running.has(next.lane)).toBe(false);
            expect(waiting.find((other) => other.lane === next?.lane)).toBe(next);
            waiting.splice(waiting.indexOf(next), 1);
            running.set(next.lane, next);
            expect(running.size).toBeLessThanOrEqual(BOUNDS.runningMax);
          }
          const isStuck = waiting.every((one) => running.size >= BOUNDS.runningMax || running.has(one.lane));
          expect(isStuck).toBe(true);
          expect(queue.isEmpty).toBe(running.size === 0 && waiting.length === 0);
        }
        expect(queue.takeAll()).toEqual(waiting);
      }),
      propertyRuns(SHARE),
    );
  },
  propertyTimeoutMs(SHARE),
);
