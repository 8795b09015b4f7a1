/** Whole chat streams of the simulator without a connection: what was asked, each event, and the bill. */
import { ChatService } from "../../src/simulator/chat/chat-service.ts";
import { Identity } from "../../src/simulator/identity.ts";
import { KeyRing } from "../../src/simulator/key-ring.ts";
import { Registry } from "../../src/simulator/models/registry.ts";
import type { Seeded } from "./seeded.ts";
import type { WrittenEvent } from "./written-answers.ts";
import { type Script, textPieces } from "./written-texts.ts";

export type SimulatedAnswer = {
  readonly body: Buffer;
  readonly promptTokens: number;
  readonly events: readonly WrittenEvent[];
};

const SEED = 7;
const WALL_MS = 1_790_000_000_000;
/** Two sentences or so, short, long. */
const replyLengths = [null, 12, 60, 800] as const;
const efforts = ["low", "medium", "high"] as const;

const services = replyLengths.map((replyTokens) => {
  const wallMs = () => WALL_MS;
  const settings = { seed: SEED, replyTokens, strictRoles: true, wallMs };
  const identity = new Identity(SEED, wallMs);
  return new ChatService(settings, new KeyRing("any", []), new Registry({}, []), identity);
});

const tools = ["get_weather", "write_file"].map((name) => ({
  type: "function",
  function: {
    name,
    description: "Does what its name says, and says what came of it.",
    parameters: { type: "object", properties: { place: { type: "string" }, days: { type: "integer" } } },
  },
}));

function prompt(script: Script, part: "learned" | "judged", random: Seeded): string {
  const pieces = textPieces(script, part);
  const start = random.below(pieces.length);
  const length = random.below(3) === 0 ? 100 + random.below(900) : 5 + random.below(100);
  let text = "";
  for (let index = 0; index < length; index++) text += pieces[(start + index) % pieces.length] ?? "";
  return text;
}

function requestBody(
  model: string,
  thinks: boolean,
  script: Script,
  part: "learned" | "judged",
  random: Seeded,
) {
  const turns = Array.from({ length: random.below(3) }, () => [
    { role: "user", content: prompt(script, part, random) },
    { role: "assistant", content: prompt(script, part, random) },
  ]).flat();
  const system =
    random.below(2) === 0 ? [{ role: "system", content: "You answer briefly, and kindly." }] : [];
  return {
    model,
    messages: [...system, ...turns, { role: "user", content: prompt(script, part, random) }],
    stream: true,
    stream_options: { include_usage: true },
    ...(thinks ? { reasoning_effort: random.pick(efforts) } : { thinking: { type: "disabled" } }),
    ...(random.below(4) === 0 ? { tools } : {}),
  };
}

/** One answer of the model, with or without thoughts where it can think, to a prompt in this script. */
export function simulateAnswer(
  model: { readonly id: string; readonly canThink: boolean },
  script: Script,
  part: "learned" | "judged",
  random: Seeded,
): SimulatedAnswer {
  const thinks = model.canThink && random.below(2) === 0;
  const body = Buffer.from(JSON.stringify(requestBody(model.id, thinks, script, part, random)));
  const reply = services[random.below(services.length)]?.reply({
    entry: "standard",
    authorization: "Bearer key",
    body,
    requestId: new Identity(SEED, () => WALL_MS).requestId(),
    manners: { headers: [], keepAlive: true },
    brokenArguments: false,
  });
  if (reply?.answer.body.kind !== "stream") throw new Error(`${model.id} refused: ${body.toString()}`);
  const { stream } = reply.answer.body;
  const events: WrittenEvent[] = [];
  for (let event = stream.next(); event !== null; event = stream.next()) {
    events.push({ bytes: Buffer.from(event.text), tokens: event.completionTokens });
  }
  return { body, promptTokens: stream.counts.promptTokens, events };
}
