/** Who may open a WebSocket on the data plane, and what everybody else is answered. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import type { RawAnswer } from "../support/raw-http-client.ts";
import { handshake, RawSocket } from "../support/raw-socket.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

let keyed: KeyedGateway;
let secret: string;

beforeAll(async () => {
  keyed = await startKeyedGateway({ settings: { server: { cors: ["https://chat.example"] } } });
  ({ secret } = await keyed.newKey());
});

afterAll(() => keyed.close());

async function ask(bytes: string, gateway: RunningGateway = keyed): Promise<RawAnswer> {
  const socket = new RawSocket(gateway.port);
  onTestFinished(() => socket.close());
  await socket.send(bytes);
  return socket.answer();
}

function bearer(key = secret): string {
  return `Authorization: Bearer ${key}`;
}

function codeOf({ body }: RawAnswer): string {
  return (JSON.parse(body) as { error: { code: string } }).error.code;
}

describe("who comes in", () => {
  test.each([
    ["Bearer", (key: string) => `Authorization: Bearer ${key}`],
    ["bearer", (key: string) => `authorization: bearer ${key}`],
    ["x-api-key", (key: string) => `X-Api-Key: ${key}`],
  ])("a good key as %s", async (_name, carry) => {
    const answer = await ask(handshake([carry(secret)]));
    expect(answer.status).toBe(101);
    expect(answer.headers.get("sec-websocket-accept")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect([...answer.headers.keys()].sort()).toEqual(["connection", "sec-websocket-accept", "upgrade"]);
  });

  test.each(["/v1/responses", "/responses", "/v1/v1/responses", "/v1/responses?a=b", "//v1/responses"])(
    "at %s",
    async (path) => {
      expect((await ask(handshake([bearer()], path))).status).toBe(101);
    },
  );

  test.each([
    ["nothing", []],
    ["a key of nobody's", [`Authorization: Bearer sk-vp-${"a".repeat(32)}`]],
    ["Basic", [`Authorization: Basic ${Buffer.from(":x").toString("base64")}`]],
    ["a cookie", ["Cookie: authorization=Bearer x"]],
    ["a subprotocol", ["Sec-WebSocket-Protocol: openai-insecure-api-key.x"]],
  ])("not with %s: 401, as everywhere", async (_name, headers) => {
    const answer = await ask(handshake(headers));
    expect([answer.status, codeOf(answer)]).toEqual([401, "invalid_api_key"]);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test("not with a key that is revoked", async () => {
    const { record, secret: revoked } = await keyed.newKey();
    expect((await ask(handshake([bearer(revoked)]))).status).toBe(101);
    await keyed.desk.revoke(record.id, "test");
    expect((await ask(handshake([bearer(revoked)]))).status).toBe(401);
  });

  test("where every caller brings a key of Ark's, each of them", async () => {
    const open = await startGateway();
    onTestFinished(() => open.close());
    expect((await ask(handshake([bearer("ark-key")]), open)).status).toBe(101);
    expect((await ask(handshake([]), open)).status).toBe(401);
  });

  test("wrong keys are counted as those of a POST, and a good one is not held to them", async () => {
    const gateway = await startKeyedGateway();
    onTestFinished(() => gateway.close());
    const { secret: good } = await gateway.newKey();
    const wrong = handshake([bearer(`sk-vp-${"b".repeat(32)}`)]);
    const statuses: number[] = [];
    for (let times = 0; times < 40 && statuses.at(-1) !== 429; times++) {
      statuses.push((await ask(wrong, gateway)).status);
    }
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    const post = await ask(
      `POST /v1/responses HTTP/1.1\r\nHost: a\r\n${bearer(`sk-vp-${"c".repeat(32)}`)}\r\nContent-Length: 2\r\n\r\n{}`,
      gateway,
    );
    expect([post.status, codeOf(post)]).toEqual([429, "rate_limit_exceeded"]);
    expect((await ask(handshake([bearer(good)]), gateway)).status).toBe(101);
  });
});

describe("what is no handshake for this door", () => {
  const without = (name: string) =>
    handshake(["@"])
      .split("\r\n")
      .filter((line) => !line.startsWith(`${name}:`))
      .join("\r\n");

  test.each([
    ["GET without an Upgrade", `GET /v1/responses HTTP/1.1\r\nHost: a\r\n@\r\n\r\n`],
    ["an Upgrade to something else", handshake(["@"]).replace("WebSocket", "h2c")],
    ["another version", handshake(["@"]).replace("Version: 13", "Version: 8")],
    ["two versions", handshake(["@", "Sec-WebSocket-Version: 13"])],
    ["no version", without("Sec-WebSocket-Version")],
    ["no key", without("Sec-WebSocket-Key")],
    ["a short key", handshake(["@"]).replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==")],
    ["two keys", handshake(["@", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="])],
    ["no Connection: Upgrade", handshake(["@"]).replace("keep-alive, Upgrade", "keep-alive")],
  ])("%s: 405, and the connection goes on", async (_name, bytes) => {
    const socket = new RawSocket(keyed.port);
    onTestFinished(() => socket.close());
    const request = bytes.replace("@", bearer());
    for (let times = 0; times < 2; times++) {
      await socket.send(request);
      const answer = await socket.answer();
      expect([answer.status, codeOf(answer)]).toEqual([405, "method_not_allowed"]);
      expect(answer.headers.get("allow")).toBe("POST");
      expect(answer.headers.get("sec-websocket-version")).toBe("13");
      expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    }
    await socket.send(handshake([bearer()]));
    expect((await socket.answer()).status).toBe(101);
  });

  test("only those with a key hear of it", async () => {
    expect((await ask("GET /v1/responses HTTP/1.1\r\nHost: a\r\n\r\n")).status).toBe(401);
  });

  test.each([
    ["the models", "/v1/models", 200],
    ["a page for everybody", "/healthz", 200],
    ["another door", "/v1/chat/completions", 405],
    ["nothing", "/v1/realtime", 404],
    ["a trailing slash", "/v1/responses/", 404],
  ])("elsewhere an Upgrade is passed over: %s", async (_name, path, status) => {
    expect((await ask(handshake([bearer()], path))).status).toBe(status);
  });

  test.each([
    ["a doubled credential", handshake([]).replace("\r\n\r\n", "\r\n@\r\n@\r\n\r\n")],
    ["a body", handshake(["@", "Content-Length: 1"])],
    ["two hosts", handshake(["@", "Host: b"])],
    ["another host in the target", handshake(["@"], "http://b/v1/responses")],
    ["a target that climbs", handshake(["@"], "/v1/../v1/responses")],
  ])("%s is refused as ever", async (_name, bytes) => {
    const answer = await ask(bytes.replaceAll("@", bearer()));
    expect([answer.status, codeOf(answer)]).toEqual([400, "ambiguous_request"]);
  });

  test("HTTP/1.0 has no Upgrade", async () => {
    expect((await ask(handshake([bearer()]).replace("HTTP/1.1", "HTTP/1.0"))).status).toBe(405);
  });

  test("behind an answer that is still due, there is no place for another protocol", async () => {
    const socket = new RawSocket(keyed.port);
    onTestFinished(() => socket.close());
    const body = JSON.stringify({ model: "deepseek-v3", messages: [{ role: "user", content: "x" }] });
    const post =
      `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n${bearer()}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    await socket.send(post + handshake([bearer()]));
    expect((await socket.answer()).status).toBe(200);
    expect((await socket.answer()).status).toBe(405);
    await socket.send(handshake([bearer()]));
    expect((await socket.answer()).status).toBe(101);
  });
});

describe("pages", () => {
  test.each([
    ["of this machine", "http://localhost:3000", 101],
    ["that the operator names", "https://chat.example", 101],
    ["of the host that was asked, which some clients name", "http://a", 101],
    ["of the same by TLS", "https://a", 101],
    ["of another port", "http://a:81", 400],
    ["of elsewhere", "https://evil.example", 400],
    ["of nowhere", "null", 400],
  ])("%s", async (_name, origin, status) => {
    const answer = await ask(handshake([bearer(), `Origin: ${origin}`]));
    expect(answer.status).toBe(status);
    if (status === 400) expect(codeOf(answer)).toBe("invalid_request");
  });

  test("where the gateway lends its Ark key, the host that was asked is no recommendation", async () => {
    const lender = await startGateway({
      environment: { ARK_API_KEY: "the-gateways-own" },
      settings: { auth: { mode: "passthrough" } },
    });
    onTestFinished(() => lender.close());
    expect((await ask(handshake([bearer(), "Origin: http://a"]), lender)).status).toBe(400);
    expect((await ask(handshake([bearer(), "Origin: http://127.0.0.1:8080"]), lender)).status).toBe(101);
    expect((await ask(handshake([bearer()]), lender)).status).toBe(101);
  });
});

test("a gateway that is stopping opens none, and says so", async () => {
  const gateway = await startKeyedGateway();
  const { secret: good } = await gateway.newKey();
  const stopped = gateway.gateway.stop({ lagMs: 60_000, deadlineMs: 60_000 });
  const answer = await ask(handshake([bearer(good)]), gateway);
  expect([answer.status, codeOf(answer)]).toEqual([503, "shutting_down"]);
  expect(answer.headers.get("retry-after")).toBe("1");
  await gateway.close();
  await stopped;
});
