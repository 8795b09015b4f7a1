/** Who may come in before there are keys, and whose credential Ark sees. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Gateway } from "../../src/app.ts";
import { readConfigBytes } from "../../src/config/read-config.ts";
import { CALLER_KEY, callChat, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const OWN_KEYS = ["own-ark-key-number-one", "own-ark-key-number-two"];
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let passing: RunningGateway;
let holding: RunningGateway;

beforeAll(async () => {
  passing = await startGateway({ simulator: { keys: [CALLER_KEY] } });
  holding = await startGateway({
    simulator: { keys: OWN_KEYS },
    environment: { ARK_API_KEY: OWN_KEYS.join(",") },
    settings: { auth: { mode: "passthrough" } },
  });
});

afterAll(() => Promise.all([passing.close(), holding.close()]));

function authorizationAtArk({ simulator }: RunningGateway): string | null {
  return simulator.requests.at(-1)?.header("authorization") ?? null;
}

describe("a gateway without a key of its own", () => {
  test.each([
    ["Bearer", { authorization: `Bearer ${CALLER_KEY}` }],
    ["bearer, in any case and with more blanks", { authorization: `bEARER   ${CALLER_KEY} ` }],
    ["x-api-key", { "x-api-key": CALLER_KEY }],
  ])("passes the caller's on: %s", async (_name, headers) => {
    const answer = await callGateway(passing, {
      method: "POST",
      path: "/v1/chat/completions",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(chatBodyFor("deepseek-v3")),
    });
    expect(answer.status).toBe(200);
    expect(authorizationAtArk(passing)).toBe(`Bearer ${CALLER_KEY}`);
    expect(passing.simulator.requests.at(-1)?.header("x-api-key")).toBeNull();
  });

  test("gives Ark's refusal of the caller's key as it is", async () => {
    const answer = await callChat(passing, chatBodyFor("deepseek-v3"), {
      headers: { authorization: "Bearer not-the-key" },
    });
    expect(answer.status).toBe(401);
    expect(answer.error).toMatchObject({ code: "AuthenticationError", type: "Unauthorized", param: "" });
    expect(answer.header("x-volcano-error")).toBe("invalid_api_key");
    expect(answer.header("x-should-retry")).toBe("false");
  });
});

describe("a gateway that lends its own key to everybody", () => {
  test("keeps the caller's, whatever it is, and shows its own in turn", async () => {
    const seen: (string | null)[] = [];
    for (let call = 0; call < 4; call++) {
      const answer = await callChat(holding, chatBodyFor("deepseek-v3"), {
        headers: { authorization: "Bearer whatever-the-caller-has" },
      });
      expect(answer.status).toBe(200);
      seen.push(authorizationAtArk(holding));
      const headers = holding.simulator.requests.at(-1)?.rawHeaders.join("\n");
      expect(headers).not.toContain("whatever-the-caller-has");
    }
    const [one, two] = OWN_KEYS.map((key) => `Bearer ${key}`);
    expect(seen).toEqual(seen[0] === one ? [one, two, one, two] : [two, one, two, one]);
  });

  test.each([
    ["AuthenticationError", 401],
    ["AccessDenied", 403],
  ] as const)("does not let Ark's %s (%d) look like the caller's fault", async (code, status) => {
    holding.simulator.script({ kind: "error", code, status });
    const answer = await callChat(holding, chatBodyFor("deepseek-v3"));
    expect(answer.status).toBe(502);
    expect(answer.error).toMatchObject({ code: "upstream_auth", type: "server_error" });
    expect(answer.error["message"]).toContain("ARK_API_KEY");
    expect(answer.header("x-should-retry")).toBe("false");
    expect(answer.text).not.toMatch(/own-ark-key|ark-key-of-a-caller/);
    expect(holding.events.at(-1)).toMatchObject({ level: "warn", fields: { code: "upstream_auth" } });
  });

  test("listens on loopback alone, and cannot be told otherwise", async () => {
    const read = (environment: Record<string, string>) =>
      readConfigBytes(
        { environment: { PORT: "0", CONTROL_PORT: "0", ...environment }, flags: {}, workingFolder: "." },
        "test.yaml",
        Buffer.from("auth: { mode: passthrough }"),
      );
    const open = read({});
    expect(open.kind === "ok" && open.config.server.host).toBe("0.0.0.0");
    const held = read({ ARK_API_KEY: "own-ark-key-number-one" });
    if (held.kind !== "ok") throw new Error("the configuration should be good");
    const gateway = new Gateway({ config: held.config, log: silent, accessLog: null, environment: {} });
    const { data, control } = await gateway.listen();
    expect([data.host, control.host]).toEqual(["127.0.0.1", "127.0.0.1"]);
    await gateway.stop({ lagMs: 0, deadlineMs: 0 });
    const exposed = read({ ARK_API_KEY: "own-ark-key-number-one", HOST: "0.0.0.0" });
    expect(exposed.kind).toBe("broken");
  });
});

describe("without a usable credential", () => {
  const credentials: readonly (readonly [string, Record<string, string>])[] = [
    ["none", {}],
    ["an empty one", { authorization: "Bearer " }],
    ["an empty x-api-key", { "x-api-key": "" }],
    ["no scheme", { authorization: CALLER_KEY }],
    ["another scheme", { authorization: `Basic ${CALLER_KEY}` }],
    ["a blank inside", { authorization: `Bearer a b` }],
    ["bytes beyond ASCII", { authorization: "Bearer k\u00e9y" }],
    ["one of 4,097 bytes", { authorization: `Bearer ${"k".repeat(4_097)}` }],
    ["a query instead of a header", { "x-query": "key=1" }],
  ];
  const paths = ["/v1/chat/completions", "/v1/models", "/v1/models/deepseek-r1"] as const;

  test.each(credentials)(
    "%s: 401 on every path, before the body is read, always in the same words",
    async (_n, headers) => {
      for (const own of [passing, holding]) {
        const before = own.simulator.requests.length;
        for (const path of paths) {
          const isChat = path === paths[0];
          const answer = await callGateway(own, {
            method: isChat ? "POST" : "GET",
            path: `${path}?key=${CALLER_KEY}`,
            headers: { ...headers, "content-type": "application/json" },
            ...(isChat ? { body: '{"model":' } : {}),
          });
          expect([answer.status, answer.header("www-authenticate")]).toEqual([401, "Bearer"]);
          expect(answer.header("x-should-retry")).toBe("false");
          expect(answer.error).toEqual({
            message:
              "No usable API key came with this request. Send your Ark key as 'Authorization: Bearer <key>'.",
            type: "authentication_error",
            param: null,
            code: "invalid_api_key",
          });
        }
        expect(own.simulator.requests).toHaveLength(before);
      }
    },
  );
});
