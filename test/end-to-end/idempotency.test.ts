/** Idempotency-Key: a request that is sent again makes no second call to Ark. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UNLIMITED } from "../../src/core/limits.ts";
import { type Answered, chatBodyFor } from "../support/gateway-call.ts";
import { chatWith, type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";

const BODY = chatBodyFor("deepseek-v3");
let gateway: KeyedGateway;

beforeAll(async () => {
  gateway = await startKeyedGateway();
});

afterAll(() => gateway.close());

function send(secret: string, key: string, body: object = BODY): Promise<Answered> {
  return chatWith(gateway, secret, body, { "idempotency-key": key });
}

describe("the same Idempotency-Key", () => {
  test("is answered once: later 409 with the first request's id, another body 422", async () => {
    const { secret } = await gateway.newKey();
    const calls = gateway.simulator.requests.length;
    const first = await send(secret, "one");
    expect(first.status).toBe(200);
    const again = await send(secret, "one");
    expect(again.status).toBe(409);
    expect(again.error).toMatchObject({ code: "request_already_done", param: "idempotency-key" });
    expect(again.header("x-volcano-first-request-id")).toBe(first.header("x-request-id"));
    expect(again.header("x-should-retry")).toBe("false");
    const other = await send(secret, "one", chatBodyFor("deepseek-r1"));
    expect([other.status, other.error["code"]]).toEqual([422, "idempotency_mismatch"]);
    expect(gateway.simulator.requests.length).toBe(calls + 1);
  });

  test("belongs to its key: another caller's is another request", async () => {
    const [one, two] = [await gateway.newKey(), await gateway.newKey()];
    expect((await send(one.secret, "shared")).status).toBe(200);
    expect((await send(two.secret, "shared")).status).toBe(200);
  });

  test("makes one call of fifty at the same time", async () => {
    const { secret } = await gateway.newKey();
    const calls = gateway.simulator.requests.length;
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(secret, "at once")));
    const good = answers.filter(({ status }) => status === 200);
    const rest = answers.filter(({ status }) => status !== 200);
    expect(good.length).toBe(1);
    expect(new Set(rest.map(({ status }) => status))).toEqual(new Set([409]));
    expect(new Set(rest.map((answer) => answer.header("x-volcano-first-request-id")))).toEqual(
      new Set([good[0]?.header("x-request-id")]),
    );
    expect(gateway.simulator.requests.length).toBe(calls + 1);
  });

  test("is free again where nothing was sent to Ark", async () => {
    const { secret } = await gateway.newKey({ models: ["deepseek-v3"] });
    expect((await send(secret, "refused", chatBodyFor("deepseek-r1"))).status).toBe(404);
    expect((await send(secret, "refused")).status).toBe(200);
  });

  test("is free again where a limit had refused it", async () => {
    const limits = { ...UNLIMITED, requestsPerMinute: 1 };
    const { record, secret } = await gateway.newKey({ limits });
    expect((await send(secret, "let in")).status).toBe(200);
    expect((await send(secret, "limited")).status).toBe(429);
    await gateway.desk.change(record.id, { limits: UNLIMITED }, "test");
    expect((await send(secret, "limited")).status).toBe(200);
    expect((await send(secret, "limited")).status).toBe(409);
  });

  test.each(["", "k".repeat(256)])("is refused where it is none: %#", async (key) => {
    const { secret } = await gateway.newKey();
    const answer = await send(secret, key);
    expect([answer.status, answer.error["param"]]).toEqual([400, "idempotency-key"]);
  });

  test("may be 255 characters long", async () => {
    const { secret } = await gateway.newKey();
    expect((await send(secret, "k".repeat(255))).status).toBe(200);
  });
});
