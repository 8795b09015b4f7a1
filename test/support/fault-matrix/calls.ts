/** The calls of the matrix: what is asked, of whom, and what goes wrong with it, all out of one seed. */
import type { ScriptStep } from "../../../src/simulator/index.ts";
import { Seeded } from "../seeded.ts";
import { type Conduct, pickConduct } from "./conducts.ts";
import { doorOf, type MatrixDoorName } from "./doors.ts";
import { pricedModels } from "./prices.ts";
import type { Scene, Shape } from "./scene.ts";
import { pickScene } from "./scenes.ts";

/** Refused before Ark hears of them. */
export type Misasked = "no-key" | "broken-json" | "no-model" | "text";

export type MatrixCall = {
  /** Sent as `x-client-request-id`. */
  readonly id: string;
  readonly index: number;
  readonly scene: Scene;
  readonly shape: Shape;
  readonly door: MatrixDoorName;
  /** What Ark is told to do. */
  readonly step: ScriptStep;
  readonly conduct: Conduct;
  readonly misasked: Misasked | null;
  readonly upstream: string;
  /** A name of `pricedModels`. */
  readonly model: string;
  /** The most tokens that the client allows; null where it does not say. */
  readonly bound: { readonly tokens: number; readonly withThoughts: boolean } | null;
  readonly bytes: Buffer;
  /** Of `bytes`, those of the head. */
  readonly headBytes: number;
};

/** In every key that a client sends; no eight characters of it may turn up anywhere. */
export const KEY_CANARY = "Kq7vXw2ZpB9tRj4LmN8sDf3H";
/** In every prompt. */
export const PROMPT_CANARY = "tHe-cAnArY-oF-pRoMpTs";

const QUICK = ["ark", "ark", "paced"] as const;
const MISASKED = ["no-key", "broken-json", "no-model", "text"] as const;
/** Messages and Responses go through as they are, or are translated, as their model speaks them or not. */
const DOORS = ["chat", "chat", "messages", "responses"] as const;
const MODELS = ["plain", "plain", "thinking", "digest", "unpriced"] as const;
const WORDS = [
  "the",
  "sea",
  "海",
  "浪潮",
  "rises",
  "und",
  "fällt",
  "42",
  "mit",
  "der",
  "月",
  "tide;",
] as const;

function prose(random: Seeded, words: number): string {
  return Array.from({ length: words }, () => random.pick(WORDS)).join(" ");
}

/** Some prompts begin alike and are long, so that Ark's cache knows them. */
function prompt(random: Seeded, index: number): string {
  const isLong = random.below(12) === 0;
  const known = isLong ? prose(new Seeded(random.below(3)), 2_600) : prose(random, random.below(120));
  return `${known} ${PROMPT_CANARY} ${index}`;
}

/** Whether the bound of Messages holds thoughts is Ark's affair; that of Responses does. */
function boundOf(random: Seeded, door: MatrixDoorName): MatrixCall["bound"] {
  if (random.below(3) > 0) return null;
  return { tokens: 1 + random.below(60), withThoughts: isOfAll(random, door) };
}

function isOfAll(random: Seeded, door: MatrixDoorName): boolean {
  const either = random.below(2) === 1;
  return door === "responses" || (door === "chat" && either);
}

function bodyOf(call: Omit<MatrixCall, "bytes" | "headBytes">, random: Seeded): string {
  const { door, shape, bound, upstream, model, misasked, index } = call;
  const asked = {
    shape,
    bound,
    model: misasked === "no-model" ? null : `${upstream}.${model}`,
    wantsUsage: random.below(2) === 1,
    prompt: prompt(random, index),
  };
  const text = JSON.stringify(doorOf[door].body(asked));
  return misasked === "broken-json" ? text.slice(0, -1) : text;
}

export function keyOf(index: number): string {
  return `${KEY_CANARY}-${index}`;
}

/** The nth call of a seed, the same whatever was asked before it; of this scene, if one is given. */
export function makeCall(seed: number, index: number, given: Scene | null = null): MatrixCall {
  const random = new Seeded(Math.imul(seed, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b));
  const scene = given ?? pickScene(random);
  const shape = scene.shape ?? random.pick(["stream", "whole"]);
  const door = random.pick(DOORS);
  const isBig = scene.upstream === "long" || scene.name.startsWith("a long line");
  const asked = {
    id: `call-${seed}-${index}`,
    index,
    scene,
    shape,
    door,
    step: scene.step(random, shape),
    conduct:
      given !== null
        ? ({ kind: "stays" } as const)
        : isBig && random.below(3) === 0
          ? ({ kind: "stops-reading" } as const)
          : pickConduct(random),
    misasked: given === null && random.below(40) === 0 ? random.pick(MISASKED) : null,
    upstream: scene.upstream ?? random.pick(QUICK),
    // Thoughts would fill an answer whose length matters.
    model: scene.upstream === "long" ? "plain" : random.pick(MODELS),
    bound: isBig || scene.upstream === "long" ? null : boundOf(random, door),
  };
  const body = Buffer.from(bodyOf(asked, random));
  const head = [
    `POST ${doorOf[door].path} HTTP/1.${random.below(20) === 0 ? "0" : "1"}`,
    "host: gateway.test",
    ...(asked.misasked === "no-key" ? [] : [`authorization: Bearer ${keyOf(index)}`]),
    `content-type: ${asked.misasked === "text" ? "text/plain" : "application/json"}`,
    `content-length: ${body.length}`,
    `x-client-request-id: ${asked.id}`,
  ];
  const headText = `${head.join("\r\n")}\r\n\r\n`;
  return { ...asked, bytes: Buffer.concat([Buffer.from(headText), body]), headBytes: headText.length };
}

/** Where waiting is part of the play. Elsewhere a busy test must not be taken for a slow Ark. */
const WAITED_FOR = ["silent", "stalling", "upload-stall", "deaf"];

function timeoutsAt(upstream: string): object {
  const writeStall = { write_stall: "400ms" };
  if (!WAITED_FOR.includes(upstream)) return writeStall;
  const waits = { connect: "200ms", body_write: "300ms", first_byte: "300ms", between_chunks: "300ms" };
  return { ...waits, ...writeStall };
}

/** What a configuration file would say of the aliases: each model at each upstream. */
export function modelSettings(upstreams: readonly string[]): Record<string, object> {
  const models: Record<string, object> = {};
  for (const upstream of upstreams) {
    for (const [name, { model, settings }] of Object.entries(pricedModels)) {
      const price = settings === undefined ? {} : { price: settings };
      models[`${upstream}.${name}`] = {
        targets: [{ upstream, model }],
        timeouts: timeoutsAt(upstream),
        ...price,
      };
    }
  }
  return models;
}
