/** A gateway over the simulator, with one model that goes to Ark as it is and the same one translated. */
import { afterAll, beforeAll, beforeEach } from "vitest";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const ARK_MODEL = "doubao-seed-2-0-lite-260428";

export const modes = ["verbatim", "translated"] as const;
export type Mode = (typeof modes)[number];

/** Of Responses, some fields of which OpenAI guarantees and Ark leaves out. */
export const responsesModes = ["verbatim", "compat", "translated"] as const;
/** For clients that want these fields. */
export const wholeResponsesModes = ["compat", "translated"] as const;

/** The aliases are called like the ways: Ark speaks the client's protocol itself, or chat alone. */
const models = {
  verbatim: { targets: [{ model: ARK_MODEL }] },
  compat: { targets: [{ model: ARK_MODEL }], compat: "openai" },
  translated: { targets: [{ model: ARK_MODEL }], speaks: ["chat"] },
};

export const KEY = "sk-callers-own";
export const QUESTION = "Tell me about tides.";

export const WEATHER = {
  name: "get_weather",
  description: "The weather in a city",
  schema: {
    type: "object" as const,
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};

export class Scene {
  #running: RunningGateway | null = null;

  async start(): Promise<void> {
    this.#running = await startGateway({ settings: { models }, simulator: { requestsKeptMax: 100_000 } });
  }

  async stop(): Promise<void> {
    await this.#running?.close();
  }

  get running(): RunningGateway {
    if (this.#running === null) throw new Error("the gateway does not run yet");
    return this.#running;
  }

  get simulator(): RunningGateway["simulator"] {
    return this.running.simulator;
  }

  /** As OpenAI's clients want it. */
  get baseUrl(): string {
    return `${this.running.url}/v1`;
  }

  /** Of the latest answer, as Ark bills it. */
  get billedOutputTokens(): number | undefined {
    return this.simulator.bill.at(-1)?.completionTokens;
  }

  /** The path that the latest call took to Ark. */
  get arkPath(): string | undefined {
    return this.simulator.requests.at(-1)?.path;
  }

  /** The length of Ark's own answer to the latest call: it may be another protocol's than the client's. */
  async arkAnswerBytes(): Promise<number> {
    const [upstream] = this.running.gateway.config.upstreams;
    const latest = this.simulator.requests.at(-1);
    if (upstream === undefined || latest === undefined) throw new Error("Ark was not called");
    const answer = await fetch(new URL(latest.path, upstream.baseUrl), {
      method: latest.method,
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      body: latest.body,
    });
    return (await answer.arrayBuffer()).byteLength;
  }
}

/** One gateway for a file of tests; what was scripted for one test is forgotten before the next. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeAll(() => scene.start());
  afterAll(() => scene.stop());
  beforeEach(() => scene.simulator.clearScript());
  return scene;
}

/** Cuts a stream after some of its bytes, so that a file of cuts stays quick: about so many places. */
const CUTS = 40;

/** Byte counts from 0 to the last but one, spread evenly, and the last ones each. */
export function cutPlaces(length: number): readonly number[] {
  const step = Math.max(1, Math.floor(length / CUTS));
  const spread = Array.from({ length: Math.floor(length / step) }, (_, index) => index * step);
  return [...new Set([...spread, length - 3, length - 2, length - 1])].filter((at) => at >= 0 && at < length);
}
