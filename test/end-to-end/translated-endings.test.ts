/** A translation of what Ark should not have sent: refused, told, and billed by what Ark said of its bill. */
import { expect, onTestFinished, test } from "vitest";
import { assembleResponse } from "../support/assembled-response.ts";
import { CHAT_MODEL, callDoor, type Way } from "../support/door-calls.ts";
import { doorManners } from "../support/door-manners.ts";
import type { ObservedCall } from "../support/observed-call.ts";
import { answer, answering, openRawOrigin } from "../support/raw-origin.ts";
import { startGateway } from "../support/running-gateway.ts";

const WAY: Way = { door: "messages", model: CHAT_MODEL, how: "translated" };
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const USAGE = { prompt_tokens: 9, completion_tokens: 5 };

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function chunk(delta: object): string {
  return event({ model: "m", choices: [{ index: 0, delta }] });
}

/** Ark's bytes as they are, for one call; of a stream, the rest once the client has some of it. */
async function callAgainst(bytes: string, rest: string | null = null, way = WAY): Promise<ObservedCall> {
  const hasSome = Promise.withResolvers<void>();
  const origin = await openRawOrigin(async (connection) => {
    await connection.request();
    await connection.write(bytes);
    if (rest === null) return;
    await hasSome.promise;
    await connection.write(rest);
    connection.end();
  });
  const running = await startGateway({ baseUrl: origin.url });
  onTestFinished(() => running.close());
  const call = callDoor(running, way, { stream: rest !== null });
  if (rest !== null) {
    await call.caller.until(() => call.caller.text.includes("one"), "a part of the stream");
    hasSome.resolve();
  }
  await call.caller.until(() => call.caller.parser.answers[0]?.isComplete === true, "an answer");
  return call;
}

test("an event that cannot be read ends the stream: without it, the answer would only look whole", async () => {
  const call = await callAgainst(
    HEAD + chunk({ content: "one " }),
    `data: {"choices":[{"delta":{"content":"two "}\n\n${chunk({ content: "three" })}`,
  );
  const { text } = call.caller.answer;
  expect(doorManners.messages.codeOfStream(text)).toBe("upstream_invalid");
  expect(text).not.toContain("message_stop");
  expect(await call.row()).toMatchObject({
    state: "partial",
    // Ark's doing, and not the gateway's.
    cause: "US",
    errorCode: "upstream_invalid",
  });
});

test("what came before it in the same piece is given, and the events are numbered through", async () => {
  const flaw = chunk({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] });
  const way: Way = { ...WAY, door: "responses" };
  const call = await callAgainst(HEAD + chunk({ content: "one " }), chunk({ content: "two " }) + flaw, way);
  const response = assembleResponse(call.caller.answer.text);
  expect(response).toMatchObject({
    status: "failed",
    error: { code: "upstream_invalid" },
    output: [{ type: "message", content: [{ text: "one two " }] }],
  });
});

test("it does so too where all of the stream has come before it is read", async () => {
  const data = ["{", JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] }), "[DONE]"];
  const stream = data.map((text) => `data: ${text}\n\n`).join("");
  const origin = await openRawOrigin(answering(answer(stream, "content-type: text/event-stream\r\n")));
  const running = await startGateway({ baseUrl: origin.url });
  onTestFinished(() => running.close());
  const call = callDoor(running, WAY, { stream: true });
  await call.caller.untilComplete();
  const { status, text } = call.caller.answer;
  expect([status, doorManners.messages.codeOfError(JSON.parse(text))]).toEqual([502, "upstream_invalid"]);
  expect(await call.row()).toMatchObject({ state: "failed", errorCode: "upstream_invalid" });
});

test("a stream that breaks off, and whose last event is wrong too, ends in why it broke", async () => {
  const flaw = chunk({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] }).trimEnd();
  const long = HEAD.replace("connection: close", "content-length: 100000");
  const call = await callAgainst(long + chunk({ content: "one two three" }), flaw);
  expect(doorManners.messages.codeOfStream(call.caller.answer.text)).toBe("upstream_truncated");
  expect(await call.row()).toMatchObject({ state: "partial", cause: "US", provenance: "counted" });
});

test("a whole answer that cannot be translated is billed as it says", async () => {
  const message = { role: "assistant", content: "", tool_calls: [{ function: { name: "look" } }] };
  const body = { choices: [{ index: 0, message, finish_reason: "tool_calls" }], usage: USAGE };
  const call = await callAgainst(answer(JSON.stringify(body)));
  expect(call.caller.answer.status).toBe(502);
  expect(doorManners.messages.codeOfError(JSON.parse(call.caller.answer.text))).toBe("upstream_invalid");
  expect(await call.row()).toMatchObject({
    state: "failed",
    provenance: "upstream_final",
    usage: { inputTokens: 9, outputTokens: 5 },
  });
});
