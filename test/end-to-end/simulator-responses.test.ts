/** The simulated Responses over the wire: chains, what is stored for whom, the bill, and what goes wrong. */
import { describe, expect, test } from "vitest";
import type { BillLine, Fault } from "../../src/simulator/index.ts";
import { at, type RunningSimulator, startSimulator } from "../support/running-simulator.ts";
import {
  deleteResponse,
  eventOrder,
  RESPONSES_PATH,
  respond,
  responseEvents,
  weatherFunction,
} from "../support/simulated-responses.ts";

const noThoughts = { thinking: { type: "disabled" } };

type Created = {
  readonly id: string;
  readonly output: readonly { readonly id: string }[];
  readonly usage: { readonly input_tokens: number; readonly input_tokens_details: { cached_tokens: number } };
};

async function create(
  simulator: RunningSimulator,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Created> {
  const { status, text } = await respond(simulator, more);
  if (status !== 200) throw new Error(text);
  return JSON.parse(text) as Created;
}

function user(content: string): Record<string, unknown> {
  return { role: "user", content };
}

async function lastLine(simulator: RunningSimulator, lines = 1): Promise<BillLine> {
  await simulator.ark.waitFor(({ bill }) => bill.length >= lines);
  const line = simulator.ark.bill.at(-1);
  if (line === undefined) throw new Error("The bill is empty");
  return line;
}

describe("a chain", () => {
  test("reads, and pays for, the whole conversation", async () => {
    const simulator = await startSimulator();
    const first = await create(simulator, { input: [user("第一个问题")] });
    const second = await create(simulator, { input: [user("第二个")], previous_response_id: first.id });
    const third = await create(simulator, { input: "三", previous_response_id: second.id });
    const spelled = [user("第一个问题"), ...first.output, user("第二个"), ...second.output, user("三")];
    const whole = await create(simulator, { input: spelled });
    expect(third.usage.input_tokens).toBe(whole.usage.input_tokens);
    expect(third).toMatchObject({ previous_response_id: second.id });
  });

  test("does not carry instructions on", async () => {
    const simulator = await startSimulator();
    const instructions = "Answer in one word and no more.";
    const first = await create(simulator, { input: "a", instructions });
    const second = await create(simulator, { input: "b", previous_response_id: first.id });
    const spelled = [user("a"), ...first.output, user("b")];
    const plain = await create(simulator, { input: spelled });
    const told = await create(simulator, { input: spelled, instructions });
    expect(second.usage.input_tokens).toBe(plain.usage.input_tokens);
    expect(told.usage.input_tokens).toBeGreaterThan(plain.usage.input_tokens);
    const items = await simulator.get(`${RESPONSES_PATH}/${first.id}/input_items`);
    expect(items.text).not.toContain("one word");
  });

  test("finds its long beginning in the cache", async () => {
    const simulator = await startSimulator();
    const first = await create(simulator, { input: "很长的开头，".repeat(600) });
    expect(first.usage.input_tokens_details.cached_tokens).toBe(0);
    const second = await create(simulator, { input: "继续", previous_response_id: first.id });
    expect(second.usage.input_tokens_details.cached_tokens).toBeGreaterThanOrEqual(1_024);
    expect((await lastLine(simulator, 2)).cachedTokens).toBe(second.usage.input_tokens_details.cached_tokens);
  });

  test("goes round a tool: the call, its output, the answer", async () => {
    const simulator = await startSimulator();
    const tools = [weatherFunction];
    const first = await create(simulator, { tools, input: "天气?" });
    const call = first.output.at(-1);
    expect(call).toMatchObject({ type: "function_call" });
    const output = { type: "function_call_output", call_id: at(call, "call_id"), output: "5度" };
    const second = await create(simulator, { tools, input: [output], previous_response_id: first.id });
    expect(second.output.at(-1)).toMatchObject({ type: "message", status: "completed" });
  });

  test("may refer to an item of what is stored", async () => {
    const simulator = await startSimulator();
    const first = await create(simulator, noThoughts);
    const [item] = first.output;
    const reference = { type: "item_reference", id: item?.id };
    const referring = await create(simulator, { input: [user("a"), reference] });
    const spelled = await create(simulator, { input: [user("a"), item] });
    expect(referring.usage.input_tokens).toBe(spelled.usage.input_tokens);
    const other = await respond(simulator, { input: [reference] }, { key: "another" });
    expect(other.status).toBe(400);
  });
});

describe("what is stored", () => {
  test("is shown again, byte for byte", async () => {
    const simulator = await startSimulator();
    const whole = (await respond(simulator, { tools: [weatherFunction] })).text;
    const { id } = JSON.parse(whole);
    const shown = await simulator.get(`${RESPONSES_PATH}/${id}?include[]=reasoning.encrypted_content`);
    expect(shown.status).toBe(200);
    expect(shown.text).toBe(whole);
    const streamed = (await respond(simulator, { stream: true })).text;
    const last = responseEvents(streamed).at(-1)?.data["response"];
    const again = (await simulator.get(`${RESPONSES_PATH}/${String(at(last, "id"))}`)).text;
    expect(streamed).toContain(`"response":${again},"sequence_number"`);
  });

  test("is not there before it is all said", async () => {
    const simulator = await startSimulator({ chunkIntervalMs: 40, replyTokens: 10 });
    const answer = await fetch(`http://127.0.0.1:${simulator.port}${RESPONSES_PATH}`, {
      method: "POST",
      headers: { authorization: "Bearer test-key" },
      body: JSON.stringify({ model: "doubao-seed-2-0-lite-260215", input: "a", stream: true, ...noThoughts }),
    });
    let text = "";
    let early: number | null = null;
    for await (const piece of answer.body ?? []) {
      text += Buffer.from(piece).toString();
      const id = /"id":"(resp_[^"]+)"/.exec(text)?.[1];
      if (early === null) early = (await simulator.get(`${RESPONSES_PATH}/${id}`)).status;
    }
    expect(early).toBe(404);
    const id = /"id":"(resp_[^"]+)"/.exec(text)?.[1];
    expect((await simulator.get(`${RESPONSES_PATH}/${id}`)).status).toBe(200);
  });

  test("is deleted once, and for good", async () => {
    const simulator = await startSimulator();
    const { id } = await create(simulator);
    const deleted = await deleteResponse(simulator, id);
    expect(deleted).toEqual({ status: 200, text: `{"id":"${id}","object":"response","deleted":true}` });
    const gone = await simulator.get(`${RESPONSES_PATH}/${id}`);
    expect(gone.status).toBe(404);
    expect(at(JSON.parse(gone.text), "error")).toMatchObject({ code: "NotFound.Response", type: "NotFound" });
    expect((await deleteResponse(simulator, id)).status).toBe(404);
    expect((await simulator.get(`${RESPONSES_PATH}/${id}/input_items`)).status).toBe(404);
    const next = await respond(simulator, { previous_response_id: id });
    expect(next.status).toBe(400);
    expect(at(JSON.parse(next.text), "error")).toMatchObject({
      code: "InvalidParameter.PreviousResponseNotFound",
      param: "previous_response_id",
    });
  });

  test("is one key's alone", async () => {
    const simulator = await startSimulator();
    const { id } = await create(simulator);
    const path = `${RESPONSES_PATH}/${id}`;
    for (const key of ["another", null]) {
      const status = key === null ? 401 : 404;
      expect((await simulator.get(path, key)).status).toBe(status);
      expect((await simulator.get(`${path}/input_items`, key)).status).toBe(status);
    }
    expect((await deleteResponse(simulator, id, "another")).status).toBe(404);
    const other = await respond(simulator, { previous_response_id: id }, { key: "another" });
    expect(other.status).toBe(400);
    expect((await simulator.get(path)).status).toBe(200);
  });

  test("lists what came in and what went before, the newest first", async () => {
    const simulator = await startSimulator();
    const first = await create(simulator, { ...noThoughts, input: "一" });
    const second = await create(simulator, { ...noThoughts, input: "二", previous_response_id: first.id });
    const listOf = async (query: string): Promise<{ data: Record<string, unknown>[]; last_id: string }> =>
      JSON.parse((await simulator.get(`${RESPONSES_PATH}/${second.id}/input_items${query}`)).text);
    const list = await listOf("");
    const texts = list.data.map((item) => at(item, "content", 0, "text"));
    expect(texts).toEqual(["二", at(first.output, 0, "content", 0, "text"), "一"]);
    expect(list.data.map((item) => item["role"])).toEqual(["user", "assistant", "user"]);
    expect(list.last_id).toMatch(/^msg_02/);
    const page = await listOf(`?order=asc&limit=1&after=${list.last_id}`);
    expect(page.data).toEqual([list.data[1]]);
    const wrong = await simulator.get(`${RESPONSES_PATH}/${second.id}/input_items?limit=101`);
    expect(wrong.status).toBe(400);
  });

  test("ends when it expires, by default after three days", async () => {
    let nowS = 1_790_000_000;
    const simulator = await startSimulator({ wallMs: () => nowS * 1_000 });
    const usual = await create(simulator);
    const brief = await create(simulator, { expire_at: nowS + 60 });
    expect(usual).toMatchObject({ expire_at: nowS + 259_200 });
    expect(brief).toMatchObject({ expire_at: nowS + 60 });
    const statusOf = async ({ id }: Created): Promise<number> =>
      (await simulator.get(`${RESPONSES_PATH}/${id}`)).status;
    nowS += 59;
    expect(await statusOf(brief)).toBe(200);
    nowS += 1;
    expect([await statusOf(brief), await statusOf(usual)]).toEqual([404, 200]);
  });

  test("is the newest so many", async () => {
    const simulator = await startSimulator({ responsesKeptMax: 2 });
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) ids.push((await create(simulator)).id);
    const statuses = ids.map(async (id) => (await simulator.get(`${RESPONSES_PATH}/${id}`)).status);
    expect(await Promise.all(statuses)).toEqual([404, 200, 200]);
  });

  test("is stored unasked on the standard and coding entries, and only when asked on the plan's", async () => {
    const simulator = await startSimulator({ planKeys: ["plan"] });
    const stored: [string, boolean][] = [];
    for (const [entry, key] of [
      ["v3", "k"],
      ["coding/v3", "k"],
      ["plan/v3", "plan"],
    ] as const) {
      const path = `/api/${entry}/responses`;
      const model = entry === "v3" ? "doubao-seed-2-0-lite-260215" : "doubao-seed-2.0-lite";
      for (const store of [undefined, true, false]) {
        const answer = JSON.parse((await respond(simulator, { model, store }, { path, key })).text);
        const { status } = await simulator.get(`${path}/${answer.id}`, key);
        expect(status).toBe(answer.store ? 200 : 404);
        expect("expire_at" in answer).toBe(answer.store);
        stored.push([entry, answer.store]);
      }
    }
    expect(stored.map(([, store]) => store)).toEqual([
      ...[true, true, false],
      ...[true, true, false],
      ...[false, true, false],
    ]);
    expect((await respond(simulator, {}, { key: "plan" })).status).toBe(401);
  });
});

describe("the bill", () => {
  test.each([false, true])("has what the answer says, streamed: %s", async (stream) => {
    const simulator = await startSimulator({ replyTokens: 40 });
    const { text } = await respond(simulator, { stream }, { headers: { "x-client-request-id": "mine" } });
    const response = stream ? responseEvents(text).at(-1)?.data["response"] : JSON.parse(text);
    const usage = at(response, "usage");
    const line = await lastLine(simulator);
    expect(line).toMatchObject({
      api: "responses",
      clientRequestId: "mine",
      stream,
      status: 200,
      ended: "complete",
      promptTokens: at(usage, "input_tokens"),
      cachedTokens: 0,
      completionTokens: at(usage, "output_tokens"),
      reasoningTokens: at(usage, "output_tokens_details", "reasoning_tokens"),
    });
    expect(line.completionTokens).toBe(line.reasoningTokens + 40);
    expect(at(usage, "total_tokens")).toBe(line.promptTokens + line.completionTokens);
    expect(at(response, "id")).toBe(`resp_${line.requestId}`);
  });

  test("has no line for what is only looked at", async () => {
    const simulator = await startSimulator();
    const { id } = await create(simulator);
    await simulator.get(`${RESPONSES_PATH}/${id}`);
    await deleteResponse(simulator, id);
    expect(simulator.ark.bill).toHaveLength(1);
  });

  test("has what was said until the client left", async () => {
    const simulator = await startSimulator({ chunkIntervalMs: 5, replyTokens: 1_000 });
    const leaving = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${simulator.port}${RESPONSES_PATH}`, {
      method: "POST",
      headers: { authorization: "Bearer test-key" },
      body: JSON.stringify({ model: "doubao-seed-2-0-lite-260215", input: "a", stream: true }),
      signal: leaving.signal,
    });
    await answer.body?.getReader().read();
    leaving.abort();
    const line = await lastLine(simulator);
    expect(line.ended).toBe("aborted");
    expect(line.completionTokens).toBeLessThan(1_000);
  });

  test("has the same answer for the same request, whichever way it is sent", async () => {
    const texts = new Set<unknown>();
    for (let run = 0; run < 2; run++) {
      const simulator = await startSimulator({ seed: 5 });
      const whole = await create(simulator, noThoughts);
      const streamed = responseEvents((await respond(simulator, { ...noThoughts, stream: true })).text);
      texts.add(at(whole.output, 0, "content", 0, "text"));
      texts.add(at(streamed.at(-1)?.data["response"], "output", 0, "content", 0, "text"));
    }
    expect(texts.size).toBe(1);
  });
});

describe("what goes wrong", () => {
  async function faulted(fault: Fault, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const simulator = await startSimulator({ replyTokens: 12 });
    simulator.ark.script(fault);
    return (await respond(simulator, { ...noThoughts, ...more })).text;
  }

  const streamed = { stream: true };

  test("an error in the midst of a stream goes on counting", async () => {
    const simulator = await startSimulator();
    simulator.ark.script({ kind: "error_event", afterEvents: 6, code: "ServerOverloaded" });
    const { text } = await respond(simulator, { ...noThoughts, stream: true });
    const events = responseEvents(text);
    expect(events).toHaveLength(7);
    expect(events.at(-1)).toMatchObject({
      event: "error",
      data: { type: "error", code: "ServerOverloaded", param: "", sequence_number: 6 },
    });
    expect(text).not.toContain("[DONE]");
    const line = await lastLine(simulator);
    expect(line).toMatchObject({ ended: "fault", completionTokens: 2 });
  });

  test("a response that fails says so, and has no output", async () => {
    const text = await faulted({ kind: "error_event", afterEvents: 5, failed: true }, streamed);
    const last = responseEvents(text).at(-1);
    expect(last?.event).toBe("response.failed");
    expect(last?.data["sequence_number"]).toBe(5);
    expect(last?.data["response"]).toMatchObject({
      object: "response",
      status: "failed",
      output: [],
      error: { code: "InternalServiceError", message: expect.stringContaining("Request id: 02") },
    });
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("the end is missing", async () => {
    const open = await faulted({ kind: "omit_done" }, streamed);
    expect(open).not.toContain("[DONE]");
    expect(eventOrder(responseEvents(open)).at(-1)).toBe("completed");
    const cut = await faulted({ kind: "omit_done", andFinish: true }, streamed);
    expect(eventOrder(responseEvents(cut)).at(-1)).toBe("output_item.done");
  });

  test("the usage is missing, wrong, or told twice", async () => {
    const usageOf = async (variant: "missing" | "negative" | "text", stream: boolean): Promise<unknown> => {
      const text = await faulted({ kind: "usage", variant }, { stream });
      const response = stream ? responseEvents(text).at(-1)?.data["response"] : JSON.parse(text);
      expect(response).toMatchObject({ status: "completed", store: true });
      return at(response, "usage");
    };
    for (const stream of [false, true]) {
      expect(await usageOf("missing", stream)).toBeUndefined();
      expect(await usageOf("negative", stream)).toMatchObject({ input_tokens: -1, output_tokens: 12 });
      expect(await usageOf("text", stream)).toMatchObject({ input_tokens: "5" });
    }
    const twice = responseEvents(await faulted({ kind: "usage", variant: "decreasing" }, streamed));
    const outputs = twice
      .filter(({ event }) => event === "response.completed")
      .map(({ data }) => at(data, "response", "usage", "output_tokens"));
    expect(outputs).toEqual([12, 6]);
  });

  test("a usage in the tools that come back is let alone", async () => {
    const properties = { usage: { type: "string" } };
    const tools = [{ ...weatherFunction, parameters: { type: "object", properties } }];
    const answer = JSON.parse(await faulted({ kind: "usage", variant: "missing" }, { tools }));
    expect(answer.tools).toEqual(tools);
    expect(answer).not.toHaveProperty("usage");
  });

  test("the arguments of a call are cut", async () => {
    const text = await faulted({ kind: "broken_arguments" }, { tools: [weatherFunction] });
    const call = at(JSON.parse(text), "output", 0, "arguments");
    expect(() => JSON.parse(String(call))).toThrow();
  });

  test("a line of a stream is very long, and still an event", async () => {
    const text = await faulted({ kind: "long_line", afterEvents: 5, bytes: 100_000 }, streamed);
    const long = responseEvents(text)[5];
    expect(long?.event).toBe("response.output_text.delta");
    expect(String(long?.data["delta"])).toHaveLength(100_000);
  });

  test("another answer stands in its place", async () => {
    const simulator = await startSimulator();
    simulator.ark.script({ kind: "error", code: "QuotaExceeded" });
    const { status, text } = await respond(simulator);
    expect(status).toBe(429);
    expect(at(JSON.parse(text), "error", "code")).toBe("QuotaExceeded");
    expect(await lastLine(simulator)).toMatchObject({ api: "responses", status: 429, ended: "refused" });
  });

  test("the connection is cut", async () => {
    const simulator = await startSimulator({ replyTokens: 50 });
    simulator.ark.script({ kind: "reset", afterBytes: 3_000 });
    await expect(respond(simulator, { ...noThoughts, stream: true })).rejects.toThrow();
    const line = await lastLine(simulator);
    expect(line.ended).toBe("fault");
    expect(line.completionTokens).toBeGreaterThan(0);
    expect(line.completionTokens).toBeLessThan(50);
  });
});
