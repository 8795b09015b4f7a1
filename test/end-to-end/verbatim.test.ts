/**
 * Thousands of bodies and cut-up answers through the whole gateway: byte for byte, but for the listed
 * splices.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Change, defaultRepairs, type Repair, repairs } from "../../src/core/changes.ts";
import { sseVariants } from "../../src/simulator/faults/faults.ts";
import type { Fault, ScriptStep } from "../../src/simulator/index.ts";
import { type ChatBody, type Course, chatBody } from "../support/chat-bodies.ts";
import { Choices } from "../support/choices.ts";
import { faultIn } from "../support/forwarding.ts";
import { type Answered, CALLER_KEY, callChat, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const BODIES = 4_000;
const WALL_MS = Date.UTC(2026, 0, 1);

/** `repaired` mends what is usual, `plain` nothing: their default model serves all unknown names. */
const courses: Record<"repaired" | "plain", Course> = {
  repaired: {
    targetOf: targetFor("ep-20250218144306-sshj5"),
    repairs: defaultRepairs,
    remembered: new Map(),
  },
  plain: { targetOf: targetFor("ep-own-r1"), repairs: new Set<Repair>(), remembered: new Map() },
};

function targetFor(fallback: string): (model: string) => string {
  return (model) => {
    if (model === "deepseek-v3") return "ep-20250218170310-pvmdb";
    return model.startsWith("ep-") ? model : fallback;
  };
}

const running: Partial<Record<keyof typeof courses, RunningGateway>> = {};

beforeAll(async () => {
  const switchedOff = { repairs: repairs.map((repair) => `-${repair}`) };
  running.repaired = await startGateway({ simulator: { wallMs: () => WALL_MS } });
  running.plain = await startGateway({
    settings: {
      models: {
        "deepseek-r1": { targets: [{ model: "ep-own-r1" }], ...switchedOff },
        "deepseek-v3": switchedOff,
        "ep-1": { targets: [{ model: "ep-1" }], ...switchedOff },
      },
    },
  });
});

afterAll(() => Promise.all(Object.values(running).map((gateway) => gateway?.close())));

function gatewayOf(name: keyof typeof courses): RunningGateway {
  const gateway = running[name];
  if (gateway === undefined) throw new Error(`${name} is not running`);
  return gateway;
}

describe("random bodies", () => {
  const choiceBytes = fc.uint8Array({ maxLength: 240, size: "max" });

  async function send(gateway: RunningGateway, body: ChatBody): Promise<string | null> {
    const answer = await callChat(gateway, body.client);
    if (answer.status >= 500) return `the answer has status ${answer.status}`;
    const sentOn = gateway.simulator.requests.at(-1)?.body ?? Buffer.alloc(0);
    return faultIn(body, sentOn, answer.changes as readonly Change[]);
  }

  test.each(["repaired", "plain"] as const)(
    "reach Ark as they were sent, with the splices that the answer names; %s",
    { timeout: 60_000 },
    async (name) => {
      const gateway = gatewayOf(name);
      const property = fc.asyncProperty(choiceBytes, async (bytes) => {
        const body = chatBody(new Choices(bytes), courses[name]);
        const fault = await send(gateway, body);
        if (fault !== null) throw new Error(`${fault}\nclient  ${body.client}\nnot     ${body.sentOn}`);
      });
      await fc.assert(property, { numRuns: BODIES / 2, seed: 1 });
      expect(gateway.ledger.openRows).toBe(0);
    },
  );

  test("and a gateway that writes a body anew would be seen", async () => {
    const gateway = gatewayOf("repaired");
    const property = fc.asyncProperty(choiceBytes, async (bytes) => {
      const body = chatBody(new Choices(bytes), courses.repaired);
      const anew = { ...body, client: JSON.stringify(JSON.parse(body.client)) };
      expect(await send(gateway, anew)).toBeNull();
    });
    expect((await fc.check(property, { numRuns: 200, seed: 1, endOnFailure: true })).failed).toBe(true);
  });
});

/** Models whose answers have thoughts, digests of thoughts, and usage that nobody asked for. */
const models = ["doubao-seed-2-0-lite-260215", "doubao-seed-2-1-pro-260628", "glm-5-2-260617"];
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];

describe("answers in pieces", () => {
  const gateway = () => gatewayOf("repaired");

  /** The last answer's bytes as they would be with the same ids each time. */
  function withoutIds({ text }: Answered): string {
    const id = gateway().simulator.requests.at(-1)?.requestId ?? "";
    return text.replaceAll(id, "ID").replaceAll(/"call_[a-z0-9]{24}"/g, '"CALL"');
  }

  /** What Ark itself gives to whoever sends it the bytes that it had last. */
  async function fromArkAgain(...faults: readonly ScriptStep[]): Promise<string> {
    const { simulator, gateway: own } = gateway();
    const body = simulator.requests.at(-1)?.body ?? Buffer.alloc(0);
    const port = Number(new URL(own.config.upstreams[0]?.baseUrl ?? "").port);
    simulator.script(...faults);
    const answer = await callGateway(
      { port },
      {
        method: "POST",
        path: "/api/v3/chat/completions",
        headers: { authorization: `Bearer ${CALLER_KEY}`, "content-type": "application/json" },
        body,
      },
    );
    expect(answer.status).toBe(200);
    return withoutIds(answer);
  }

  /** The ledger's figures are those of the simulator's own bill for the last call. */
  async function expectBooked(requestId: string | undefined): Promise<void> {
    const { simulator, ledger } = gateway();
    const settled = ledger.rows().at(-1)?.settled;
    await simulator.waitFor(({ bill }) => bill.some((line) => line.requestId === requestId));
    const line = simulator.bill.find((each) => each.requestId === requestId);
    expect(settled).toMatchObject({ state: "settled", provenance: "upstream_final" });
    expect(settled?.usage).toEqual({
      inputTokens: line?.promptTokens,
      cachedInputTokens: line?.cachedTokens,
      outputTokens: line?.completionTokens,
      reasoningTokens: line?.reasoningTokens,
    });
  }

  /** Asks through the gateway while these faults are at work, and compares with Ark's own words. */
  async function compare(
    body: object,
    wantsUsage: boolean,
    faults: readonly Fault[],
    others: readonly Fault[] = [],
  ) {
    const { simulator } = gateway();
    simulator.script([...others, ...faults]);
    const answer = await callChat(gateway(), body);
    expect(answer.status).toBe(200);
    const got = withoutIds(answer);
    await expectBooked(simulator.requests.at(-1)?.requestId);
    const whole = await fromArkAgain(others);
    expect(got).toBe(wantsUsage ? whole : withoutUsage(whole));
  }

  /** Without the closing chunk, which a model may send unasked: it is taken out where nobody asked. */
  function withoutUsage(text: string): string {
    const events = text.split("\n\n").filter((event) => !/^data: \{"choices":\[\],/.test(event));
    return events.join("\n\n");
  }

  type Shape = readonly [name: string, body: object, wantsUsage: boolean];
  const asked = { stream: true, stream_options: { include_usage: true } };
  const shapes: readonly Shape[] = models.flatMap((model): Shape[] => [
    [`${model}, whole`, chatBodyFor(model), true],
    [`${model}, streamed`, chatBodyFor(model, { stream: true }), false],
    [`${model}, streamed with its usage`, chatBodyFor(model, asked), true],
    [`${model}, tools`, chatBodyFor(model, { stream: true, tools, tool_choice: "required" }), false],
  ]);

  test.each(shapes)(
    "%s: the bytes are Ark's and the figures the bill's, whatever the cut",
    async (_name, body, wantsUsage) => {
      await compare(body, wantsUsage, []);
      for (const bytes of [1, 2, 3, 7, 61, 1_000]) {
        await compare(body, wantsUsage, [{ kind: "split", bytes }]);
      }
    },
  );

  test.each(sseVariants)("events written in another way (%s) come as they were written", async (variant) => {
    const body = chatBodyFor(models[0] ?? "", { ...asked, max_completion_tokens: 20 });
    for (const bytes of [1, 3, 1_000]) {
      await compare(body, true, [{ kind: "split", bytes }], [{ kind: "sse", variant }]);
    }
  });

  test("random cuts of answers of any length", { timeout: 30_000 }, async () => {
    const calls = fc.record({
      bytes: fc.integer({ min: 1, max: 600 }),
      tokens: fc.integer({ min: 1, max: 60 }),
      stream: fc.boolean(),
      wantsUsage: fc.boolean(),
      content: fc.string({ unit: "grapheme", maxLength: 40 }),
    });
    const property = fc.asyncProperty(calls, async ({ bytes, tokens, stream, wantsUsage, content }) => {
      const messages = [{ role: "user", content: `x${content}` }];
      const options = stream && wantsUsage ? asked : { stream };
      const body = { model: models[0], messages, max_completion_tokens: tokens, ...options };
      await compare(body, wantsUsage || !stream, [{ kind: "split", bytes }]);
    });
    await fc.assert(property, { numRuns: 150, seed: 1 });
  });
});
