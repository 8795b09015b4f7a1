/** Anthropic's own SDK, versions 0.137 and 1, against Messages: as Ark speaks it, and translated into chat. */
import { Anthropic as Anthropic0 } from "anthropic-0";
import { Anthropic as Anthropic1 } from "anthropic-1";
import type {
  Message,
  MessageParam,
  RawMessageStreamEvent,
  Tool,
} from "anthropic-1/resources/messages/messages";
import { describe, expect, test } from "vitest";
import { checkMessageEvents, readMessage } from "./message-shapes.ts";
import { cutPlaces, KEY, modes, QUESTION, useScene, WEATHER } from "./scene.ts";

const scene = useScene();

const MESSAGES: readonly MessageParam[] = [{ role: "user", content: QUESTION }];
const TOOL = {
  name: WEATHER.name,
  description: WEATHER.description,
  input_schema: WEATHER.schema,
} satisfies Tool;

function textOf({ content }: Message): string {
  return content.map((block) => (block.type === "text" ? block.text : "")).join("");
}

describe.each([
  ["Anthropic SDK 0.137", Anthropic0],
  ["Anthropic SDK 1", Anthropic1],
] as const)("%s", (_client, Sdk) => {
  // The types of version 1; 0.137 is held to the same answers.
  const connect = (options: { maxRetries?: number; isBearer?: boolean } = {}) =>
    new Sdk({
      baseURL: scene.running.url,
      ...(options.isBearer === true ? { authToken: KEY, apiKey: null } : { apiKey: KEY, authToken: null }),
      maxRetries: options.maxRetries ?? 2,
    }) as Anthropic1;
  const ask = (model: string) => ({ model, max_tokens: 2_048, messages: [...MESSAGES] });

  describe.each(modes)("%s", (model) => {
    test("Messages, whole, by either credential", async () => {
      for (const isBearer of [false, true]) {
        const answer = await connect({ isBearer }).messages.create({
          ...ask(model),
          system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
          metadata: { user_id: "u" },
        });
        readMessage(answer);
        expect(answer.stop_reason).toBe("end_turn");
        expect(textOf(answer)).toBeTruthy();
        expect(answer.usage.output_tokens).toBe(scene.billedOutputTokens);
        expect(answer._request_id).toMatch(/^req_/);
      }
      expect(scene.arkPath).toMatch(model === "verbatim" ? /\/messages$/ : /\/chat\/completions$/);
    });

    test("Messages, streamed, each event in its order", async () => {
      const stream = await connect().messages.create({ ...ask(model), stream: true });
      const events: RawMessageStreamEvent[] = [];
      for await (const event of stream) events.push(event);
      expect(checkMessageEvents(events).outputTokens).toBe(scene.billedOutputTokens);
    });

    test("Messages, the helper that collects a stream", async () => {
      const stream = connect().messages.stream(ask(model));
      let text = "";
      stream.on("text", (delta) => {
        text += delta;
      });
      const final = await stream.finalMessage();
      readMessage(final);
      expect(textOf(final)).toBe(text);
      expect(text).toBeTruthy();
    });

    test("Messages, a loop over a tool, whole and streamed", async () => {
      const first = await connect().messages.create({ ...ask(model), tools: [TOOL] });
      expect(first.stop_reason).toBe("tool_use");
      const call = first.content.find((block) => block.type === "tool_use");
      if (call === undefined) throw new Error("no tool was called");
      expect(call.input).toHaveProperty("city");
      const next: MessageParam[] = [
        ...MESSAGES,
        { role: "assistant", content: first.content },
        { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: "Rain." }] },
      ];
      const final = await connect()
        .messages.stream({ ...ask(model), tools: [TOOL], messages: next })
        .finalMessage();
      expect(textOf(final)).toBeTruthy();
    });

    test("Messages, a streamed call of the tool that was asked for", async () => {
      const stream = connect().messages.stream({
        ...ask(model),
        tools: [TOOL],
        tool_choice: { type: "tool", name: WEATHER.name },
      });
      const final = await stream.finalMessage();
      expect(final.stop_reason).toBe("tool_use");
      const call = final.content.find((block) => block.type === "tool_use");
      expect([call?.name, call?.input]).toEqual([WEATHER.name, { city: expect.any(String) }]);
    });

    test("Messages, thoughts with a signature, given back in the next turn", async () => {
      const asked = {
        ...ask(model),
        max_tokens: 8_192,
        thinking: { type: "enabled" as const, budget_tokens: 2_048 },
      };
      const stream = connect().messages.stream(asked);
      const first = await stream.finalMessage();
      const thought = first.content.find((block) => block.type === "thinking");
      expect([thought?.thinking, thought?.signature]).toEqual([
        expect.stringMatching(/./),
        expect.stringMatching(/./),
      ]);
      const next: MessageParam[] = [
        ...MESSAGES,
        { role: "assistant", content: first.content },
        { role: "user", content: "Go on." },
      ];
      const second = await connect().messages.create({ ...asked, messages: next });
      expect(textOf(second)).toBeTruthy();
      const plain = await connect().messages.create({ ...ask(model), thinking: { type: "disabled" } });
      expect(plain.content.map(({ type }) => type)).toEqual(["text"]);
    });

    test("Messages, count_tokens, near what the call is billed for", async () => {
      const messages: MessageParam[] = [{ role: "user", content: `${QUESTION} `.repeat(200) }];
      const question = { model, messages, tools: [TOOL] };
      // What is translated is counted by an estimate, which has learned from calls of that kind.
      await connect().messages.create({ ...question, max_tokens: 64 });
      const billed = scene.simulator.bill.at(-1)?.promptTokens ?? Number.NaN;
      const counted = await connect().messages.countTokens(question);
      expect(counted.input_tokens).toBeGreaterThan(billed * (model === "verbatim" ? 0.99 : 0.7));
      expect(counted.input_tokens).toBeLessThan(billed * 1.5);
    });

    test("Messages, betas that are not known, and fields that Ark has not", async () => {
      const answer = await connect().beta.messages.create({
        ...ask(model),
        betas: ["interleaved-thinking-2025-05-14", "some-beta-2030-01-01"],
        context_management: { edits: [{ type: "clear_tool_uses_20250919" }] },
      });
      expect(answer.content.length).toBeGreaterThan(0);
    });

    test("Messages, errors: Ark's own once, a 429 repeated, in Anthropic's shape", async () => {
      const before = scene.simulator.requests.length;
      scene.simulator.script({ kind: "error", code: "InputTextSensitiveContentDetected" });
      await expect(connect().messages.create(ask(model))).rejects.toMatchObject({
        status: 400,
        requestID: expect.stringMatching(/^req_/),
        error: { type: "error", error: { message: expect.stringMatching(/./) } },
      });
      expect(scene.simulator.requests.length).toBe(before + 1);
      scene.simulator.script({ kind: "error", code: "ServerOverloaded", retryAfter: "1" });
      expect(textOf(await connect().messages.create(ask(model)))).toBeTruthy();
      await expect(connect().messages.create({ ...ask(model), max_tokens: -1 })).rejects.toMatchObject({
        status: 400,
      });
    });

    test("Messages, an abort reaches Ark within 250 ms", async () => {
      scene.simulator.script({ kind: "drip", bytes: 200, everyMs: 20 });
      const stream = await connect().messages.create({ ...ask(model), stream: true });
      for await (const _event of stream) {
        stream.controller.abort();
        break;
      }
      await scene.simulator.waitFor((ark) => ark.openRequests === 0, 250);
      expect(scene.simulator.bill.at(-1)?.ended).toBe("aborted");
    });

    test("Messages, a cut stream is never taken for a whole one", async () => {
      const sdk = connect({ maxRetries: 0 });
      const asked = { ...ask(model), max_tokens: 16, thinking: { type: "disabled" as const } };
      for await (const _event of await sdk.messages.create({ ...asked, stream: true }));
      // What lacks only its blank line has come.
      const length = (await scene.arkAnswerBytes()) - "\n\n".length;
      for (const afterBytes of cutPlaces(length)) {
        scene.simulator.script({ kind: afterBytes % 2 === 0 ? "close" : "reset", afterBytes });
        let isWhole = false;
        try {
          for await (const event of await sdk.messages.create({ ...asked, stream: true })) {
            if (event.type === "message_stop") isWhole = true;
          }
        } catch {
          isWhole = false;
        }
        expect(isWhole, `cut after ${afterBytes} bytes`).toBe(false);
      }
    });
  });

  test("the models, as a page of them and by name", async () => {
    const names: string[] = [];
    for await (const { id } of connect().models.list()) names.push(id);
    expect(names).toContain("translated");
    expect((await connect().models.retrieve("translated")).type).toBe("model");
  });
});
