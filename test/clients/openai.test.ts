/** OpenAI's own SDK, versions 6 and 7, unchanged against the gateway: whole, streamed, tools, errors, cuts. */
import { OpenAI as OpenAI6 } from "openai-6";
import { OpenAI as OpenAI7 } from "openai-7";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const MESSAGES = [{ role: "user" as const, content: "Tell me about tides." }];
const TOOLS = [
  {
    type: "function" as const,
    function: {
      name: "get_weather",
      description: "The weather in a city",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  },
];

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway({ simulator: { requestsKeptMax: 100_000 } });
});

afterAll(async () => {
  await running.close();
});

beforeEach(() => {
  running.simulator.clearScript();
});

describe.each([
  ["openai 6", OpenAI6],
  ["openai 7", OpenAI7],
] as const)("%s", (_name, Sdk) => {
  // The types of 7, which is stricter; version 6 is held to the same answers.
  const connect = (options: { maxRetries?: number } = {}) =>
    new Sdk({
      baseURL: `${running.url}/v1`,
      apiKey: "sk-callers-own",
      maxRetries: options.maxRetries ?? 2,
    }) as OpenAI7;

  test("chat, a whole answer, with usage and the request's id", async () => {
    const answer = await connect().chat.completions.create({ model: "deepseek-v3", messages: MESSAGES });
    expect(answer.choices[0]?.message.content).toBeTruthy();
    expect(answer.usage?.completion_tokens).toBe(running.simulator.bill.at(-1)?.completionTokens);
    expect(answer._request_id).toMatch(/^req_/);
  });

  test("chat, a stream, which shows usage only where it was asked for", async () => {
    for (const wantsUsage of [false, true]) {
      const stream = await connect().chat.completions.create({
        model: "deepseek-v3",
        messages: MESSAGES,
        stream: true,
        ...(wantsUsage ? { stream_options: { include_usage: true } } : {}),
      });
      let text = "";
      let finish: string | null = null;
      const usages: number[] = [];
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? "";
        finish = chunk.choices[0]?.finish_reason ?? finish;
        if (chunk.choices.length === 0) usages.push(chunk.usage?.completion_tokens ?? -1);
      }
      expect(text).toBeTruthy();
      expect(finish).toBe("stop");
      expect(usages).toEqual(wantsUsage ? [running.simulator.bill.at(-1)?.completionTokens] : []);
    }
  });

  test("chat, tools, whole and streamed, with arguments that parse", async () => {
    const question = {
      model: "doubao-seed-2-0-lite-260428",
      messages: MESSAGES,
      tools: TOOLS,
      tool_choice: { type: "function" as const, function: { name: "get_weather" } },
    };
    const whole = await connect().chat.completions.create(question);
    const call = whole.choices[0]?.message.tool_calls?.[0];
    if (call?.type !== "function") throw new Error("no tool call came");
    expect(call.function.name).toBe("get_weather");
    expect(JSON.parse(call.function.arguments)).toHaveProperty("city");

    const stream = await connect().chat.completions.create({ ...question, stream: true });
    let text = "";
    let name = "";
    let finish: string | null = null;
    for await (const { choices } of stream) {
      const delta = choices[0]?.delta.tool_calls?.[0];
      name += delta?.function?.name ?? "";
      text += delta?.function?.arguments ?? "";
      finish = choices[0]?.finish_reason ?? finish;
    }
    expect(name).toBe("get_weather");
    expect(JSON.parse(text)).toHaveProperty("city");
    expect(finish).toBe("tool_calls");
  });

  test("chat, the helper that collects a stream", async () => {
    const runner = connect().chat.completions.stream({ model: "deepseek-r1", messages: MESSAGES });
    const final = await runner.finalChatCompletion();
    expect(final.choices[0]?.finish_reason).toBe("stop");
  });

  test("the models, listed, and one found, also one whose name has a slash", async () => {
    const names: string[] = [];
    for await (const model of connect().models.list()) names.push(model.id);
    expect(names).toContain("deepseek-r1");
    expect((await connect().models.retrieve("deepseek-r1")).id).toBe("deepseek-r1");
    await expect(connect().models.retrieve("no/such")).rejects.toMatchObject({ status: 404 });
  });

  test("chat, Ark's own error reaches the caller as Ark wrote it, and is not repeated", async () => {
    const before = running.simulator.requests.length;
    const question = {
      model: "deepseek-v3",
      messages: MESSAGES,
      max_tokens: -1,
    };
    await expect(connect().chat.completions.create(question)).rejects.toMatchObject({
      status: 400,
      code: "invalid_request",
      param: "max_tokens",
    });
    expect(running.simulator.requests.length).toBe(before);

    running.simulator.script({ kind: "error", code: "InternalServiceError" });
    await expect(
      connect().chat.completions.create({ model: "deepseek-v3", messages: MESSAGES }),
    ).rejects.toMatchObject({ status: 500, code: "InternalServiceError" });
    expect(running.simulator.requests.length).toBe(before + 1);
  });

  test("chat, a 429 is repeated after its retry-after, and then succeeds", async () => {
    const before = running.simulator.requests.length;
    running.simulator.script({
      kind: "error",
      code: "RateLimitExceeded.EndpointRPMExceeded",
      retryAfter: "1",
    });
    const answer = await connect().chat.completions.create({ model: "deepseek-v3", messages: MESSAGES });
    expect(answer.choices).toHaveLength(1);
    expect(running.simulator.requests.length).toBe(before + 2);
  });

  test("chat, an abort reaches Ark within 250 ms", async () => {
    running.simulator.script({ kind: "drip", bytes: 200, everyMs: 20 });
    const stream = await connect().chat.completions.create({
      model: "deepseek-r1",
      messages: MESSAGES,
      stream: true,
    });
    for await (const _chunk of stream) {
      stream.controller.abort();
      break;
    }
    await running.simulator.waitFor((ark) => ark.openRequests === 0, 250);
    expect(running.simulator.bill.at(-1)?.ended).toBe("aborted");
  });

  test("chat, a stream that is cut at any byte ends in an error, never in a success", async () => {
    const sdk = connect({ maxRetries: 0 });
    const question = { model: "deepseek-v3", messages: MESSAGES, max_tokens: 4, stream: true as const };
    let length = 0;
    const whole = await sdk.chat.completions.create(question).asResponse();
    length = (await whole.text()).length;
    for (let afterBytes = 0; afterBytes < length; afterBytes++) {
      running.simulator.script({ kind: afterBytes % 2 === 0 ? "close" : "reset", afterBytes });
      let failure: unknown = null;
      try {
        for await (const _chunk of await sdk.chat.completions.create(question));
      } catch (error) {
        failure = error;
      }
      expect(failure, `cut after ${afterBytes} bytes`).toMatchObject({ code: "upstream_truncated" });
    }
  });
});
