/**
 * Odd bodies through the whole gateway: refused before anything of them reaches Ark, or passed on untouched.
 */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Answered, CALLER_KEY, callChat, callGateway } from "../support/gateway-call.ts";
import { RawHttpClient } from "../support/raw-http-client.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const V3 = "ep-20250218170310-pvmdb";
const LIMIT = 1_024;
const MIB = 1_048_576;

let running: RunningGateway;
let small: RunningGateway;

beforeAll(async () => {
  running = await startGateway();
  small = await startGateway({ settings: { server: { body_bytes_max: LIMIT } } });
});

afterAll(() => Promise.all([running.close(), small.close()]));

/** Refused with that code in OpenAI's shape; nothing reached Ark, and nothing will be billed. */
async function expectRefusal(body: string | Buffer, code: string, param: unknown): Promise<void> {
  const { simulator, ledger } = running;
  const [requests, rows] = [simulator.requests.length, ledger.rows().length];
  const answer = await callChat(running, body);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toEqual({
    error: { message: expect.stringMatching(/.{20,}/), type: "invalid_request_error", param, code },
  });
  expect(answer.header("x-should-retry")).toBe("false");
  expect([simulator.requests.length, ledger.rows().length]).toEqual([requests, rows]);
  expect(running.accessLines.at(-1)).toMatchObject({ status: 400, outcome: "refused", error: code });
}

/** Passed on byte for byte, to the model that the gateway booked. */
async function expectUntouched(body: string | Buffer, model = V3): Promise<Answered> {
  const answer = await callChat(running, body);
  expect(answer.status).toBeLessThan(500);
  expect(answer.header("x-volcano-target")).toBe(`ark/${model}`);
  expect(answer.changes).toEqual([]);
  expect(running.simulator.requests.at(-1)?.body.equals(Buffer.from(body))).toBe(true);
  return answer;
}

const MESSAGES = '"messages":[{"role":"user","content":"hi"}]';
const GOOD = `{"model":"${V3}",${MESSAGES}}`;
const withMember = (member: string) => `{"model":"${V3}",${MESSAGES},${member}}`;
const bytes = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));
const inText = (...raw: readonly number[]) => bytes(`{"model":"${V3}","x":"`, raw, '"}');
const utf32 = (text: string) => {
  const points = [...text].map((character) => character.codePointAt(0) ?? 0);
  return Buffer.from(Uint32Array.from(points).buffer);
};
const nested = (depth: number) => withMember(`"x":${"[".repeat(depth)}${"]".repeat(depth)}`);

describe("what is not JSON", () => {
  const bodies: readonly (readonly [string, string | Buffer])[] = [
    ["nothing", ""],
    ["blanks", " \n"],
    ["half an object", GOOD.slice(0, -1)],
    ["two documents", GOOD + GOOD],
    ["two documents on lines", `${GOOD}\n${GOOD}`],
    ["a trailing comma", GOOD.replace(/}$/, ",}")],
    ["garbage behind it", `${GOOD}x`],
    ["a null byte behind it", `${GOOD}\0`],
    ["a byte order mark", `\ufeff${GOOD}`],
    ["a byte order mark behind blanks", ` \ufeff${GOOD}`],
    ["UTF-16", Buffer.from(GOOD, "utf16le")],
    ["UTF-16 with a mark", Buffer.from(`\ufeff${GOOD}`, "utf16le")],
    ["UTF-16, the other way round", Buffer.from(GOOD, "utf16le").swap16()],
    ["UTF-32", utf32(GOOD)],
    ["a lone continuation byte", inText(0x80)],
    ["a cut character", inText(0xe6, 0xa8)],
    ["an overlong slash", inText(0xc0, 0xaf)],
    ["an overlong quote", inText(0xc0, 0xa2)],
    ["a surrogate in UTF-8", inText(0xed, 0xa0, 0x80)],
    ["beyond Unicode", inText(0xf4, 0x90, 0x80, 0x80)],
    ["latin-1", inText(0xe9)],
    ["a raw control character", inText(0x0a)],
    ["a raw null", inText(0x00)],
    ["an array", `[${GOOD}]`],
    ["a string", `"${V3}"`],
    ["null", "null"],
    ["a number", "7"],
    ["a form", "model=deepseek-v3&stream=true"],
    ...[
      "NaN",
      "Infinity",
      "-Infinity",
      "0x1F",
      "010",
      "+1",
      ".5",
      "1.",
      "1e",
      "- 1",
      "1_000",
      "TRUE",
      "undefined",
    ].map((value) => [value, withMember(`"x":${value}`)] as const),
    ["single quotes", `{'model':'${V3}'}`],
    ["a key without quotes", `{model:"${V3}"}`],
    ["a comment", `{/* a */"model":"${V3}"}`],
    ["a bad escape", withMember('"x":"\\x41"')],
    ["half an escape", withMember('"x":"\\u12"')],
    ["two commas", withMember('"x":1,,"y":2')],
    ["no colon", withMember('"x"1')],
  ];
  test.each(bodies)("%s", (_name, body) => expectRefusal(body, "invalid_json", null));

  test("64 levels pass, one more does not, nor a million", async () => {
    await expectUntouched(nested(63));
    await expectRefusal(nested(64), "invalid_json", null);
    await expectRefusal(nested(1_000), "invalid_json", null);
    const started = performance.now();
    await expectRefusal(nested(5_000_000), "invalid_json", null);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("what two readers could read in two ways", () => {
  const members: readonly (readonly [string, string])[] = [
    ["model", '"model":"gpt-4o"'],
    ["model", `"model":"${V3}"`],
    ["model", '"Model":"gpt-4o"'],
    ["model", '"MODEL":null'],
    ["model", '"mod\\u0065l":"gpt-4o"'],
    ["model", '"\\u004dodel":"gpt-4o"'],
    ["model", '"model ":"gpt-4o"'],
    ["model", '" model":"gpt-4o"'],
    ["stream", '"stream":false,"stream":true'],
    ["stream", '"Stream":true'],
    ["stream", '"\\u0073tream":true'],
    ["stream", '"\u017ftream":true'],
    ["stream_options", '"stream_options":null,"stream_options":{}'],
    ["max_tokens", '"max_tokens":1,"max_tokens":2'],
    ["max_tokens", '"MAX_TOKENS":1'],
    ["max_tokens", '"max_to\u212aens":1'],
    ["max_completion_tokens", '"max_completion_tokens":1,"Max_Completion_Tokens":2'],
    ["messages", '"messages":[]'],
    ["messages", '"Messages":[]'],
    [
      "stream_options.include_usage",
      '"stream":true,"stream_options":{"include_usage":true,"include_usage":false}',
    ],
  ];
  test.each(members)("%s: %s", (param, member) => expectRefusal(withMember(member), "ambiguous_body", param));

  test("an escaped or twisted model alone is refused like one beside another", async () => {
    await expectRefusal(`{"Model":"${V3}"}`, "ambiguous_body", "model");
    await expectRefusal(`{"\\u006dodel":"${V3}"}`, "ambiguous_body", "model");
  });
});

describe("what cannot be", () => {
  const members: readonly (readonly [string, string])[] = [
    ...['"true"', "1", "0", '""', "[]", "{}"].map((value) => ["stream", value] as const),
    ...["-1", "1.5", '"5"', "true", "[]", "-1e3", "1e-1"].map((value) => ["max_tokens", value] as const),
    ...["-1", "0.5", "{}"].map((value) => ["max_completion_tokens", value] as const),
  ];
  test.each(members)("%s is %s", (name, value) => {
    return expectRefusal(withMember(`"${name}":${value}`), "invalid_request", name);
  });

  test.each(["true", "7", '"x"', "[]"])("stream_options of a stream is %s", (value) => {
    return expectRefusal(
      withMember(`"stream":true,"stream_options":${value}`),
      "invalid_request",
      "stream_options",
    );
  });

  test.each([
    ...["5", "true", "{}", "[]", '["deepseek-v3"]'],
    ...['"a\\nb"', '"a\\r\\nX-Injected: 1"', '"a\\u0000"', '"\\u007f"', '"\\u0085"', '"\\t"', '"\\ud83d"'],
    ...[`"${"m".repeat(257)}"`, `"${"模".repeat(86)}"`, `"${"m".repeat(10_240)}"`],
  ])("model is %s", (value) => expectRefusal(`{"model":${value},${MESSAGES}}`, "invalid_request", "model"));

  test.each([`{${MESSAGES}}`, `{"model":null,${MESSAGES}}`, `{"model":"",${MESSAGES}}`])(
    "there is no model in %s",
    (body) => expectRefusal(body, "missing_model", "model"),
  );
});

describe("what is odd and yet right goes on as it came", () => {
  const members: readonly (readonly [string, string])[] = [
    ["half a surrogate pair", '"x":"\\ud83d","\\udc00":1'],
    ["keys of Object.prototype", '"__proto__":{"model":"x"},"constructor":1,"prototype":null,"toString":2'],
    ["a prototype inside", '"x":{"__proto__":{"polluted":true}}'],
    ["array-index keys", Array.from({ length: 1_000 }, (_, index) => `"${index}":${index}`).join(",")],
    ["numbers beyond all", `"a":1e400,"b":-0,"c":${"9".repeat(400)},"d":0.${"1".repeat(400)},"e":1E-999`],
    ["a count that no integer holds", '"n":1000000000,"seed":-9223372036854775809'],
    ["unknown keys twice", '"x":1,"x":2,"X":3'],
    ["keys that only look like ours", '"models":3,"stream_":4,"m\u03bfdel":5,"mo del":6'],
    ["ours, but deeper", '"x":{"model":"gpt-4o","stream":true,"messages":[],"max_tokens":-1}'],
    [
      "null where null may be",
      '"stream":null,"stream_options":null,"max_tokens":null,"max_completion_tokens":null',
    ],
    ["bounds as odd numbers", '"max_tokens":1e2'],
    ["a bound of zero", '"max_completion_tokens":-0'],
    ["a URL that other gateways would call", '"api_base":"http://169.254.169.254/","custom_host":"x"'],
    ["DEL, U+2028 and noncharacters", '"x":"\u007f\u2028\ufffe\u{10ffff}"'],
  ];
  test.each(members)("%s", async (_name, member) => {
    await expectUntouched(withMember(member));
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("options of no stream are nobody's business", async () => {
    await expectUntouched(withMember('"stream_options":{"include_usage":7,"include_usage":8}'));
  });

  test("100,000 keys, and a string of 16 MiB", async () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `"k${index}":${index}`).join(",");
    await expectUntouched(withMember(keys));
    await expectUntouched(withMember(`"x":"${"模".repeat(Math.floor((16 * MIB) / 3))}"`));
  });

  test("nothing at all but a model", async () => {
    await expectUntouched(`{"model":"${V3}"}`);
  });
});

describe("content types", () => {
  const post = (headers: Record<string, string>, body: string | Buffer = GOOD) =>
    callGateway(running, {
      method: "POST",
      path: "/v1/chat/completions",
      headers: { authorization: `Bearer ${CALLER_KEY}`, ...headers },
      body,
    });

  async function expectUnsupported(headers: Record<string, string>, body?: string | Buffer): Promise<void> {
    const before = running.simulator.requests.length;
    const answer = await post(headers, body);
    expect([answer.status, answer.error["code"], answer.error["type"]]).toEqual([
      415,
      "unsupported_media_type",
      "invalid_request_error",
    ]);
    expect(running.simulator.requests).toHaveLength(before);
  }

  test("none is taken for JSON", async () => {
    expect((await post({})).status).toBe(200);
    expect(running.simulator.requests.at(-1)?.header("content-type")).toBe("application/json");
  });

  test.each([
    ...["application/json", "APPLICATION/JSON", "application/json; charset=utf-8"],
    ...['application/json;charset="UTF-8"', "application/json ; charset=utf-8"],
  ])("%s is JSON", async (type) => {
    expect((await post({ "content-type": type })).status).toBe(200);
    expect(running.simulator.requests.at(-1)?.header("content-type")).toBe("application/json");
  });

  test.each([
    ...["", "text/plain", "text/json", "application/x-www-form-urlencoded", "application/jsonp", "*/*"],
    ...["application/json\ta", "application/json a", "application/json, text/html", "application/json;"],
    ...["application/json; charset=utf-7", "application/json; charset=utf-16", "application/vnd.api+json"],
    ...["application/json; charset=utf-8; charset=utf-7", "application/json; boundary=x"],
    `multipart/form-data; boundary=${"x".repeat(8_000)}`,
  ])("%j is not", (type) => expectUnsupported({ "content-type": type }));

  test.each(["gzip", "br", "deflate", "zstd", "gzip, identity", "GZIP", "x-gzip", ""])(
    "a body in %j is not unpacked",
    (coding) => expectUnsupported({ "content-encoding": coding }, gzipSync(GOOD)),
  );

  test("identity is no coding", async () => {
    expect((await post({ "content-encoding": "Identity" })).status).toBe(200);
  });
});

describe("the bound on bytes", () => {
  const ofBytes = (count: number) => {
    const [start, end] = [`{"model":"${V3}",${MESSAGES},"x":"`, '"}'];
    return start + "x".repeat(count - start.length - end.length) + end;
  };

  test("n bytes pass and n + 1 do not", async () => {
    expect((await callChat(small, ofBytes(LIMIT))).status).toBe(200);
    const before = small.simulator.requests.length;
    const answer = await callChat(small, ofBytes(LIMIT + 1));
    expect([answer.status, answer.error["code"]]).toEqual([413, "body_too_large"]);
    expect(answer.error["message"]).toContain(String(LIMIT));
    expect(answer.header("connection")).toBe("close");
    expect(small.simulator.requests).toHaveLength(before);
    expect(small.ledger.rows()).toHaveLength(before);
  });

  test("in chunks as well, where nobody has said how many there will be", async () => {
    for (const [count, status] of [
      [LIMIT, 200],
      [LIMIT + 1, 413],
    ] as const) {
      const client = open(small);
      await client.send(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
      for (const piece of ofBytes(count).match(/.{1,100}/gs) ?? []) {
        await client.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      }
      await client.send("0\r\n\r\n");
      expect((await client.answer()).status).toBe(status);
    }
  });
});

const HEAD = [
  "POST /v1/chat/completions HTTP/1.1",
  "Host: gateway",
  `Authorization: Bearer ${CALLER_KEY}`,
  "Content-Type: application/json",
  "",
].join("\r\n");

function open({ port }: RunningGateway): RawHttpClient {
  const client = new RawHttpClient(port);
  onTestFinished(() => client.close());
  return client;
}

describe("Expect: 100-continue", () => {
  const expecting = (head: string, length: number, expectation = "100-continue") =>
    `${head}Expect: ${expectation}\r\nContent-Length: ${length}\r\n\r\n`;

  test("is met once key, type and size are known to be good", async () => {
    const client = open(small);
    await client.send(expecting(HEAD, GOOD.length, "100-Continue"));
    expect((await client.answer()).status).toBe(100);
    await client.send(GOOD);
    expect((await client.answer()).status).toBe(200);
  });

  const refused: readonly (readonly [string, string, number])[] = [
    ["no key", expecting(HEAD.replace(/Authorization.*\r\n/, ""), GOOD.length), 401],
    ["another type", expecting(HEAD.replace("application/json", "text/plain"), GOOD.length), 415],
    ["a coding", expecting(`${HEAD}Content-Encoding: gzip\r\n`, GOOD.length), 415],
    ["too large", expecting(HEAD, LIMIT + 1), 413],
    ["no such path", expecting(HEAD.replace("/v1/chat", "/v1/nothing"), GOOD.length), 404],
    ["another method", expecting(HEAD.replace("POST", "PUT"), GOOD.length), 405],
    ["another expectation", expecting(HEAD, GOOD.length, "201-created"), 417],
    ["ambiguous framing", expecting(`${HEAD}Host: other\r\n`, GOOD.length), 400],
  ];
  test.each(refused)("is not, and the connection closes: %s", async (_name, head, status) => {
    const client = open(small);
    const before = small.simulator.requests.length;
    await client.send(head);
    const answer = await client.answer();
    expect([answer.status, answer.headers.get("connection")]).toEqual([status, "close"]);
    await client.ended();
    expect(client.received).toBe("");
    expect(small.simulator.requests).toHaveLength(before);
  });

  test("a promise of chunks is met, and their bytes are counted", async () => {
    const client = open(small);
    await client.send(`${HEAD}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n`);
    expect((await client.answer()).status).toBe(100);
    await client.send(`401\r\n${"x".repeat(LIMIT + 1)}\r\n0\r\n\r\n`);
    expect((await client.answer()).status).toBe(413);
    await client.ended();
  });
});

describe("odd names of models", () => {
  const R1 = "ep-20250218144306-sshj5";
  const names = [
    ...["../../etc/passwd", "..", "%2e%2e%2f", "{{7*7}}", "#{7*7}", "' OR 1=1--", "%_", "<script>"],
    ...[
      "😀",
      "模型",
      "\u202egpt-4o",
      "deepseek\u2010v3",
      "d\u0435epseek-v3",
      "a\u2028b",
      '"',
      "\\",
      ",",
      "a -> b",
    ],
    ...[
      " ",
      "  deepseek-v3",
      "deepseek-v3 ",
      "null",
      "__proto__",
      "constructor",
      "x".repeat(256),
      "😀".repeat(64),
      "a\u00a0b",
      "\u00e9",
    ],
  ];

  test.each(names)("%j falls back, is said in one safe header, and is no path", async (name) => {
    const answer = await callChat(running, JSON.stringify({ model: name, messages: [] }));
    const sent = running.simulator.requests.at(-1);
    expect([sent?.path, sent?.body.toString()]).toEqual([
      "/api/v3/chat/completions",
      JSON.stringify({ model: R1, messages: [] }),
    ]);
    const said = answer.header("x-volcano-model-fallback") ?? "";
    expect(said).toMatch(/^[\x20-\x7e]{1,540}$/);
    expect(said.endsWith(" -> deepseek-r1")).toBe(true);
    const encoded = said.slice(0, -" -> deepseek-r1".length);
    const isCut = encoded.length >= 512 && name.length !== encoded.length;
    if (isCut) expect(name.startsWith(decodeURIComponent(encoded.slice(0, 504)))).toBe(true);
    else expect(decodeURIComponent(encoded)).toBe(name);
    expect(running.accessLines.at(-1)).toMatchObject({ fallback_from: name, model: "deepseek-r1" });
  });

  test.each(["ep-../../x", "ep-😀", "doubao-\u202ex", 'ep-"x"', "ep-{{7*7}}"])(
    "%j is Ark's to judge: it stands in the body, and safely in headers",
    async (name) => {
      const body = JSON.stringify({ model: name, messages: [] });
      const answer = await callChat(running, body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(running.simulator.requests.at(-1)?.path).toBe("/api/v3/chat/completions");
      expect(running.simulator.requests.at(-1)?.body.toString()).toBe(body);
      expect(decodeURIComponent(answer.header("x-volcano-model") ?? "")).toBe(name);
      expect(decodeURIComponent(answer.header("x-volcano-target") ?? "")).toBe(`ark/${name}`);
    },
  );
});
