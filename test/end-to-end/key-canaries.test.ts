/** Proves that no secret of keys or clients gets into a log, a metric, an error, a row or a file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { UNLIMITED } from "../../src/core/limits.ts";
import { createSimulator } from "../../src/simulator/index.ts";
import { type Answered, callGateway, chatBodyFor } from "../support/gateway-call.ts";
import { ARK_KEY, chatWith, type KeyedGateway, startKeyedGateway } from "../support/keyed-gateway.ts";
import { until } from "../support/raw-origin.ts";
import { untilQuiet } from "../support/reconcile.ts";
import { filesBelow, secretsIn } from "../support/secrets.ts";
import { spawnGatewayIn } from "../support/spawned-gateway.ts";

const MODEL = "deepseek-v3";
const ADMIN_KEY = "Kanarienvogel-Gimpel-Zeisig-1";
const READ_KEY = "Rohrdommel-Wiedehopf-Bussard-2";
const ONCE = "Eichelhaeher-Mauersegler-3";
const PREFIX = "sk-vp-";
const MOMENT_MS = 5_000;

/** The random part: the prefix is everybody's. */
function partOf(secret: string): string {
  expect(secret.startsWith(PREFIX)).toBe(true);
  return secret.slice(PREFIX.length);
}

/** What a slip of the hand makes of a key: all of it but for a digit. */
function mistyped(secret: string): string {
  return `${secret.slice(0, -1)}${secret.endsWith("a") ? "b" : "a"}`;
}

type Place = readonly [string, Buffer | string];

function saidBy(answers: readonly Answered[]): string {
  return answers.map(({ rawHeaders, text }) => `${rawHeaders.join("\n")}\n${text}`).join("\n");
}

/** Every ending that a call with a key of the gateway's own can have. */
async function callAll(gateway: KeyedGateway, secret: string): Promise<Answered[]> {
  const answers: Answered[] = [];
  const call = async (more: object = {}, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await chatWith(gateway, secret, chatBodyFor(MODEL, more), headers).catch(() => null);
    if (answer !== null) answers.push(answer);
  };
  await call({}, { "idempotency-key": `${ONCE}-whole` });
  await call({}, { "idempotency-key": `${ONCE}-whole` });
  await call({ user: "else" }, { "idempotency-key": `${ONCE}-whole` });
  await call({ stream: true }, { "idempotency-key": `${ONCE}-stream` });
  await call({ model: "no-such-model" }, { "idempotency-key": `${ONCE}-refused` });
  await call({ stream: "what" }, { "idempotency-key": ONCE.repeat(12) });
  gateway.simulator.script(
    { kind: "error", code: "AuthenticationError" },
    { kind: "error", code: "InternalServiceError" },
    { kind: "reset" },
    { kind: "truncate", afterBytes: 100 },
    { kind: "error_event", code: "InternalServiceError" },
  );
  for (let fault = 0; fault < 5; fault++) {
    await call(
      { stream: fault > 2 },
      {
        "idempotency-key": `${ONCE}-fault-${fault}`,
        // A broken answer ends its connection: the next call must not take it.
        connection: "close",
      },
    );
  }
  gateway.simulator.clearScript();
  const path = "/v1/chat/completions";
  const body = JSON.stringify(chatBodyFor(MODEL));
  const wrong = mistyped(secret);
  for (const headers of [
    { authorization: `Bearer ${wrong}` },
    { authorization: `Bearer "${secret}"` },
    { authorization: `Basic ${btoa(`:${secret}`)}` },
    { authorization: secret },
    { "x-api-key": wrong },
    { "api-key": secret },
    { cookie: `key=${secret}` },
    { "x-unknown": secret, referer: `http://x/${secret}`, "user-agent": secret },
  ]) {
    const sent = { "content-type": "application/json", "idempotency-key": ONCE, ...headers };
    answers.push(
      await callGateway(gateway, { method: "POST", path: `${path}?key=${secret}`, body, headers: sent }),
    );
  }
  answers.push(await chatWith(gateway, secret, { ...chatBodyFor(MODEL), [secret]: 1, user: secret }));
  return answers;
}

/** Everything that the admin API says, to good keys and to bad ones, but for a key that was just made. */
async function administer(gateway: KeyedGateway, secret: string, id: string): Promise<Answered[]> {
  const answers: Answered[] = [];
  const ask = async (line: string, key: string, body?: object): Promise<Answered> => {
    const [method = "", path = ""] = line.split(" ");
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return callGateway({ port: gateway.controlPort }, { method, path, headers, ...sent });
  };
  const paths = [
    "keys",
    `keys/${id}`,
    "usage",
    "requests",
    "models",
    "targets",
    "config",
    "audit",
    "nothing",
  ];
  for (const key of [ADMIN_KEY, READ_KEY, secret, mistyped(secret), `${ADMIN_KEY}x`, `${READ_KEY}x`]) {
    for (const path of paths) answers.push(await ask(`GET /admin/${path}`, key));
    answers.push(await ask(`GET /admin/requests?key_id=${key}`, ADMIN_KEY));
    answers.push(await ask(`GET /admin/keys/${key}`, READ_KEY));
  }
  const explained = { key_id: id, body: chatBodyFor(MODEL) };
  answers.push(await ask("POST /admin/explain", ADMIN_KEY, explained));
  answers.push(await ask(`PATCH /admin/keys/${id}`, ADMIN_KEY, { name: "renamed", owner: "team" }));
  answers.push(await ask(`PATCH /admin/keys/${id}`, READ_KEY, { name: "no" }));
  answers.push(await ask(`POST /admin/keys/${id}/revoke`, secret));
  return answers;
}

test("calls whole, streamed, refused, in line and revoked, and all of the admin API", {
  timeout: 60_000,
}, async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), "key-canaries-"));
  onTestFinished(() => rmSync(dataFolder, { recursive: true, force: true }));
  const gateway = await startKeyedGateway({
    dataFolder,
    environment: { VOLCANO_PROXY_ADMIN_KEY: ADMIN_KEY, VOLCANO_PROXY_READ_KEY: READ_KEY },
    settings: { limits: { queue: { waiting_max: 10, wait_max: "1s" } } },
  });
  const { record, secret } = await gateway.newKey({ name: "canary" });
  const other = await gateway.newKey({ limits: { ...UNLIMITED, requestsPerMinute: 1, concurrent: 1 } });
  const answers = await callAll(gateway, secret);
  answers.push(...(await administer(gateway, secret, record.id)));

  const busy = await Promise.all(
    [1, 2].map(() => chatWith(gateway, other.secret, chatBodyFor(MODEL, { max_completion_tokens: 5 }))),
  );
  answers.push(...busy);
  const rotated = await gateway.desk.rotate(record.id, 60_000, "test");
  const next = rotated?.secret ?? "";
  for (const one of [secret, next]) answers.push(await chatWith(gateway, one, chatBodyFor(MODEL)));
  const inFlight = chatWith(gateway, next, chatBodyFor(MODEL, { stream: true }), {
    "idempotency-key": `${ONCE}-last`,
  });
  await gateway.desk.revoke(record.id, "test");
  answers.push(await inFlight);
  for (const one of [secret, next]) answers.push(await chatWith(gateway, one, chatBodyFor(MODEL)));

  await untilQuiet(gateway);
  const statuses = new Set(answers.map(({ status }) => status));
  for (const status of [200, 400, 401, 404, 409, 422, 429, 502]) expect(statuses).toContain(status);
  const canaries = [secret, next, other.secret].map(partOf).concat(ADMIN_KEY, READ_KEY, ONCE);
  const heard = gateway.simulator.requests.map(({ path, rawHeaders }) => `${path}\n${rawHeaders.join("\n")}`);
  const outside: Place[] = [
    ["answers", saidBy(answers)],
    ["access log", JSON.stringify(gateway.accessLines)],
    ["event log", gateway.eventLines.join("")],
    ["events", inspect(gateway.events, { depth: null })],
    ["metrics", await gateway.metrics()],
    ["rows", JSON.stringify(gateway.ledger.rows())],
    ["what Ark is asked", heard.join("\n")],
  ];
  await gateway.close();
  const files = filesBelow(dataFolder);
  expect(files.map(([name]) => name)).toContain("ledger.sqlite");
  expect(gateway.ledger.rows().some(({ opened }) => opened.idempotency !== null)).toBe(true);
  for (const place of [...outside, ...files]) expect(secretsIn([place], canaries)).toEqual([]);
});

test("a gateway of its own process, by the local key, the first key, and its files while it runs", {
  timeout: 60_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "key-canaries-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const ark = createSimulator({ keys: [ARK_KEY] });
  const { url } = await ark.listen();
  onTestFinished(() => ark.close());
  const gateway = await spawnGatewayIn(folder, ark, url, {
    ARK_API_KEY: ARK_KEY,
    VOLCANO_PROXY_ADMIN_KEY: ADMIN_KEY,
  });
  const control = join("data", "control.json");
  const readControl = (): string =>
    filesBelow(folder)
      .find(([name]) => name === control)?.[1]
      .toString() ?? "";
  await until(() => readControl() !== "", "the control file", MOMENT_MS);
  const { token, url: controlUrl }: { token: string; url: string } = JSON.parse(readControl());
  const port = Number(new URL(controlUrl).port);
  const first = /sk-vp-[a-z2-7]{32}/.exec(gateway.output)?.[0] ?? "";
  const answers: Answered[] = [];
  for (const key of [token, `${token}x`, ADMIN_KEY, first]) {
    for (const path of ["keys", "audit", "config", "requests"]) {
      answers.push(
        await callGateway({ port }, { path: `/admin/${path}`, headers: { authorization: `Bearer ${key}` } }),
      );
    }
  }
  answers.push(await chatWith(gateway, first, chatBodyFor(MODEL), { "idempotency-key": ONCE }));
  answers.push(await chatWith(gateway, token, chatBodyFor(MODEL)));
  answers.push(await chatWith(gateway, ADMIN_KEY, chatBodyFor(MODEL)));
  expect(answers.map(({ status }) => status).slice(-3)).toEqual([200, 401, 401]);
  const isLogged = (): boolean => gateway.lines.filter(({ message }) => message === "request").length === 3;
  await until(isLogged, "three lines of the access log", MOMENT_MS);
  const canaries = [partOf(first), token, ADMIN_KEY, ONCE];
  const metrics = await callGateway({ port }, { path: "/metrics" });
  const said: Place[] = [
    ["answers", saidBy(answers)],
    ["metrics", metrics.text],
  ];
  // The first key is shown once, to whoever starts the gateway, and in no line of the log.
  expect(gateway.output.split(first).length).toBe(2);
  said.push(["log", JSON.stringify(gateway.lines)], ["output", gateway.output.replace(first, "")]);
  const running = filesBelow(folder).filter(([name]) => name !== control);
  gateway.signal("SIGTERM");
  expect((await gateway.exited(MOMENT_MS)).code).toBe(0);
  const left = filesBelow(folder);
  expect(left.map(([name]) => name)).not.toContain(control);
  for (const place of [...said, ...running, ...left]) expect(secretsIn([place], canaries)).toEqual([]);
});
