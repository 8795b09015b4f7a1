/** A gateway with keys of its own: who comes in, with what, and what Ark and the ledger see of it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callChat, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import {
  ARK_KEY,
  chatWith,
  getWith,
  type KeyedGateway,
  PLAIN_DRAFT,
  startKeyedGateway,
} from "../support/keyed-gateway.ts";
import { startGateway } from "../support/running-gateway.ts";

let gateway: KeyedGateway;

beforeAll(async () => {
  gateway = await startKeyedGateway({ settings: { default_model: null } });
});

afterAll(() => gateway.close());

function authorizationAtArk(): string | null {
  return gateway.simulator.requests.at(-1)?.header("authorization") ?? null;
}

describe("a key of the gateway's own", () => {
  test.each(["authorization", "x-api-key"] as const)("opens as %s, and stays here", async (carrier) => {
    const { record, secret } = await gateway.newKey();
    const value = carrier === "authorization" ? `Bearer ${secret}` : secret;
    const answer = await callGateway(gateway, {
      method: "POST",
      path: "/v1/chat/completions",
      headers: { [carrier]: value, "content-type": "application/json" },
      body: JSON.stringify(chatBodyFor("deepseek-v3")),
    });
    expect(answer.status).toBe(200);
    expect(authorizationAtArk()).toBe(`Bearer ${ARK_KEY}`);
    expect(gateway.simulator.requests.at(-1)?.rawHeaders.join("\n")).not.toContain(secret);
    expect(gateway.ledger.rows().at(-1)?.opened.keyId).toBe(record.id);
  });

  test("is refused at once when it is revoked", async () => {
    const { record, secret } = await gateway.newKey();
    expect((await chatWith(gateway, secret, chatBodyFor("deepseek-v3"))).status).toBe(200);
    await gateway.desk.revoke(record.id, "test");
    const answer = await chatWith(gateway, secret, chatBodyFor("deepseek-v3"));
    expect(answer.status).toBe(401);
    expect(answer.error).toMatchObject({ code: "invalid_api_key", type: "authentication_error" });
  });

  test("goes on opening until its overlap is over when it is rotated", async () => {
    const { record, secret } = await gateway.newKey();
    const rotated = await gateway.desk.rotate(record.id, 60_000, "test");
    for (const one of [secret, rotated?.secret ?? ""]) {
      expect((await chatWith(gateway, one, chatBodyFor("deepseek-v3"))).status).toBe(200);
    }
    const again = await gateway.desk.rotate(record.id, 0, "test");
    expect((await chatWith(gateway, secret, chatBodyFor("deepseek-v3"))).status).toBe(401);
    expect((await chatWith(gateway, again?.secret ?? "", chatBodyFor("deepseek-v3"))).status).toBe(200);
  });

  test("tells no difference between wrong, unknown and revoked", async () => {
    const { record, secret } = await gateway.newKey();
    await gateway.desk.revoke(record.id, "test");
    const refused = await Promise.all(
      [secret, `${secret.slice(0, -1)}x`, "sk-nobody", "' OR 1=1 --", '{"$gt":""}', "__proto__"].map((one) =>
        chatWith(gateway, one, chatBodyFor("deepseek-v3")),
      ),
    );
    expect(new Set(refused.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(refused[0]?.status).toBe(401);
  });
});

describe("the models of a key", () => {
  test("are all it sees: one that is not its own is not there", async () => {
    const { secret } = await gateway.newKey({ models: ["deepseek-r1*"] });
    expect((await chatWith(gateway, secret, chatBodyFor("deepseek-r1"))).status).toBe(200);
    const forbidden = await chatWith(gateway, secret, chatBodyFor("deepseek-v3"));
    const missing = await chatWith(gateway, secret, chatBodyFor("deepseek-v9"));
    expect([forbidden.status, missing.status]).toEqual([404, 404]);
    expect(forbidden.text.replaceAll("deepseek-v3", "X")).toBe(missing.text.replaceAll("deepseek-v9", "X"));
    expect(forbidden.error["message"]).not.toContain("distill-llama");
    const list = JSON.parse((await getWith(gateway, secret, "/v1/models")).text);
    const ids: string[] = list.data.map(({ id }: { id: string }) => id);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.filter((id) => !id.startsWith("deepseek-r1"))).toEqual([]);
    expect((await getWith(gateway, secret, "/v1/models/deepseek-v3")).status).toBe(404);
    expect((await getWith(gateway, secret, "/v1/models/deepseek-r1")).status).toBe(200);
  });

  test("count for what serves, not for a made-up name that falls back to it", async () => {
    const falling = await startKeyedGateway();
    try {
      const { secret } = await falling.newKey({ models: ["gpt-*", "deepseek-v3"] });
      expect((await chatWith(falling, secret, chatBodyFor("gpt-4o"))).status).toBe(404);
      expect((await chatWith(falling, secret, chatBodyFor("deepseek-v3"))).status).toBe(200);
    } finally {
      await falling.close();
    }
  });
});

describe("both", () => {
  test("lets callers' own Ark keys through beside its own, and never lends them the gateway's", async () => {
    const mixed = await startKeyedGateway({
      settings: { auth: { mode: "both" } },
      simulator: { keys: [ARK_KEY, "an-ark-key-of-a-caller"] },
    });
    try {
      const { secret } = await mixed.newKey();
      expect((await chatWith(mixed, secret, chatBodyFor("deepseek-v3"))).status).toBe(200);
      expect(mixed.simulator.requests.at(-1)?.header("authorization")).toBe(`Bearer ${ARK_KEY}`);
      expect((await chatWith(mixed, "an-ark-key-of-a-caller", chatBodyFor("deepseek-v3"))).status).toBe(200);
      expect(mixed.simulator.requests.at(-1)?.header("authorization")).toBe("Bearer an-ark-key-of-a-caller");
      const foreign = await chatWith(mixed, "not-good-at-ark", chatBodyFor("deepseek-v3"));
      expect(foreign.status).toBe(401);
      expect(foreign.error["code"]).toBe("AuthenticationError");
      expect((await chatWith(mixed, "sk-not-ours", chatBodyFor("deepseek-v3"))).error["code"]).toBe(
        "invalid_api_key",
      );
      expect(mixed.simulator.requests.length).toBe(3);
    } finally {
      await mixed.close();
    }
  });

  test("says to a key of its own where it has nothing to show to Ark, and asks nobody", async () => {
    const keyless = await startGateway({ settings: { auth: { mode: "both" } } });
    const { secret } = await keyless.desk.create(PLAIN_DRAFT, "test");
    const answer = await chatWith(keyless, secret, chatBodyFor("deepseek-v3"));
    expect([answer.status, answer.error["code"]]).toEqual([502, "upstream_auth"]);
    expect(answer.header("x-should-retry")).toBe("false");
    expect(keyless.simulator.requests.length).toBe(0);
    expect(keyless.ledger.rows()).toEqual([]);
    await keyless.close();
  });
});

describe("wrong keys", () => {
  test("are refused by address before long, while good ones from there go on", async () => {
    const own = await startKeyedGateway();
    try {
      const { secret } = await own.newKey();
      const statuses: number[] = [];
      for (let call = 0; call < 40; call++) {
        const answer = await chatWith(own, `sk-vp-${call}`, chatBodyFor("deepseek-v3"));
        statuses.push(answer.status);
        if (answer.status === 429) expect(Number(answer.header("retry-after"))).toBeGreaterThan(0);
      }
      expect(new Set(statuses)).toEqual(new Set([401, 429]));
      expect((await chatWith(own, secret, chatBodyFor("deepseek-v3"))).status).toBe(200);
      expect(
        (await callChat(own, chatBodyFor("deepseek-v3"), { headers: { authorization: "" } })).status,
      ).toBe(401);
      expect(own.ledger.rows().length).toBe(1);
    } finally {
      await own.close();
    }
  });
});

describe("a passing gateway", () => {
  test("lets everybody in still, and knows them by fingerprints", async () => {
    const passing = await startGateway();
    try {
      expect((await chatWith(passing, "sk-whatever", chatBodyFor("deepseek-v3"))).status).toBe(200);
      expect(passing.ledger.rows().at(-1)?.opened.keyId).toMatch(/^ark-/);
    } finally {
      await passing.close();
    }
  });
});

describe("what an alias stands for", () => {
  test("is the alias by its endpoint's id too: its limits and its price hold", async () => {
    const endpoint = "ep-20250218170310-pvmdb";
    const limited = await startKeyedGateway({
      settings: {
        models: { "deepseek-v3": { limits: { requests_per_minute: 1 }, price: { input: 2, output: 8 } } },
      },
    });
    try {
      const { secret } = await limited.newKey();
      expect((await chatWith(limited, secret, chatBodyFor(endpoint))).header("x-volcano-model")).toBe(
        "deepseek-v3",
      );
      expect((await chatWith(limited, secret, chatBodyFor("deepseek-v3"))).status).toBe(429);
      expect((await chatWith(limited, secret, chatBodyFor(endpoint))).status).toBe(429);
      expect(limited.ledger.rows().map(({ opened }) => [opened.alias, opened.price === null])).toEqual([
        ["deepseek-v3", false],
      ]);
    } finally {
      await limited.close();
    }
  });

  test("a key of the gateway does not go to Ark where everybody's own keys do", async () => {
    const passing = await startGateway();
    try {
      for (const left of ["sk-vp-left-over", '"sk-vp-left-over"']) {
        const answer = await chatWith(passing, left, chatBodyFor("deepseek-v3"));
        expect([answer.status, answer.error["code"]]).toEqual([401, "invalid_api_key"]);
      }
      expect(passing.simulator.requests.length).toBe(0);
    } finally {
      await passing.close();
    }
  });
});
