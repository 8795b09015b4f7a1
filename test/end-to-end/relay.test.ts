/**
 * The spine: what a client sends reaches Ark, and what Ark answers reaches the client, whole and streamed.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const KEY = { authorization: "Bearer ark-key-of-a-caller", "content-type": "application/json" };

let running: RunningGateway;

beforeAll(async () => {
  running = await startGateway();
});

afterAll(async () => {
  await running.close();
});

function chat(body: string): Promise<Response> {
  return fetch(`${running.url}/v1/chat/completions`, { method: "POST", headers: KEY, body });
}

describe("a whole answer", () => {
  test("comes byte for byte, with the caller's key passed on and the alias replaced", async () => {
    const body = '{ "model" : "deepseek-r1", "messages":[{"role":"user","content":"hi 你好"}], "x":1e400 }';
    const answer = await chat(body);
    expect(answer.status).toBe(200);
    const sent = running.simulator.requests.at(-1);
    expect(sent?.path).toBe("/api/v3/chat/completions");
    expect(sent?.body.toString()).toBe(body.replace("deepseek-r1", "ep-20250218144306-sshj5"));
    expect(answer.headers.get("x-volcano-changes")).toBe("model");
    expect(answer.headers.get("x-volcano-model-fallback")).toBeNull();
    expect(await answer.text()).toContain('"object":"chat.completion"');
  });
});

describe("a stream", () => {
  test("ends in [DONE], and hides the usage that was asked for on the quiet", async () => {
    const answer = await chat('{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}');
    const text = await answer.text();
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(text).not.toContain('"choices":[]');
    expect(answer.headers.get("x-volcano-model-fallback")).toBe("gpt-4o -> deepseek-r1");
    const bill = running.simulator.bill.at(-1);
    const row = running.ledger.rows().at(-1);
    expect(row?.settled?.usage?.outputTokens).toBe(bill?.completionTokens);
    expect(row?.settled?.usage?.inputTokens).toBe(bill?.promptTokens);
  });
});
