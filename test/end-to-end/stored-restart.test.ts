/** `responses.store: disk` over the program's stop, its kill, and what may be left of its file. */
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSimulator, type Simulator } from "../../src/simulator/index.ts";
import { type Answered, CALLER_KEY, callGateway } from "../support/gateway-call.ts";
import { until } from "../support/raw-origin.ts";
import { type SpawnedGateway, spawnGatewayIn } from "../support/spawned-gateway.ts";

/** One that does not speak Responses: they are kept here, not at Ark. */
const MODEL = "agent";
const SETTINGS = `responses: { store: disk }\nmodels: { ${MODEL}: { targets: [{ model: doubao-seed-2-1-pro-260628 }], speaks: [chat] } }\n`;
const SECRET_WORDS = "the-harbour-at-dawn";
const OTHER_KEY = "11111111-2222-3333-4444-555555555555";
const EXIT_MS = 10_000;

let folder: string;
let simulator: Simulator;
let url: string;
let gateway: SpawnedGateway;

async function start(): Promise<void> {
  gateway = await spawnGatewayIn(folder, simulator, url);
}

async function restart(signal: "SIGTERM" | "SIGKILL", meanwhile: () => void = () => {}): Promise<void> {
  gateway.signal(signal);
  await gateway.exited(EXIT_MS);
  meanwhile();
  await start();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "stored-restart-"));
  writeFileSync(join(folder, "volcano-proxy.yaml"), SETTINGS);
  simulator = createSimulator();
  ({ url } = await simulator.listen());
  await start();
});

afterEach(async () => {
  gateway.signal("SIGKILL");
  await gateway.exited(EXIT_MS);
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

function file(): string {
  return join(folder, "data", "responses.sealed");
}

function call(method: string, path: string, body: object | null, key = CALLER_KEY): Promise<Answered> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return callGateway(gateway, { method, path, headers, ...(body && { body: JSON.stringify(body) }) });
}

function ask(input: string, more: object = {}, key = CALLER_KEY): Promise<Answered> {
  return call("POST", "/v1/responses", { model: MODEL, input, ...more }, key);
}

function shown(id: string, key = CALLER_KEY): Promise<Answered> {
  return call("GET", `/v1/responses/${id}`, null, key);
}

type Told = { readonly id: string; readonly text: string };

/** Asked, answered, and in the file. */
async function told(input: string, more: object = {}): Promise<Told> {
  const before = bytesInFile();
  const answer = await ask(input, more);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"object":"response"')]);
  await until(() => bytesInFile() > before, "the response in the file");
  return { id: JSON.parse(answer.text).id, text: answer.text };
}

function bytesInFile(): number {
  return statSync(file(), { throwIfNoEntry: false })?.size ?? 0;
}

function lastMessages(): { role: string; content: string }[] {
  return JSON.parse(simulator.requests.at(-1)?.body.toString() ?? "{}").messages;
}

test.each(["SIGTERM", "SIGKILL"] as const)("after %s what was kept is still its caller's", async (signal) => {
  const first = await told(`Tell me of ${SECRET_WORDS}.`);
  const second = await told("And then?", { previous_response_id: first.id });
  const bytes = readFileSync(file());
  expect([bytes.includes(SECRET_WORDS), bytes.includes(MODEL), bytes.includes(first.id)]).toEqual([
    false,
    false,
    false,
  ]);
  expect(statSync(file()).mode & 0o777).toBe(0o600);

  await restart(signal);
  expect((await shown(first.id)).text).toBe(first.text);
  expect((await shown(second.id)).text).toBe(second.text);
  const items = JSON.parse((await call("GET", `/v1/responses/${second.id}/input_items`, null)).text).data;
  expect(items.map(({ type }: { type: string }) => type)).toContain("message");

  const { text } = await told("Go on.", { previous_response_id: second.id });
  expect(JSON.parse(text).previous_response_id).toBe(second.id);
  const users = lastMessages().filter(({ role }) => role === "user");
  expect(users.map(({ content }) => content)).toEqual([`Tell me of ${SECRET_WORDS}.`, "And then?", "Go on."]);

  expect((await shown(first.id, OTHER_KEY)).status).toBe(404);
  const stolen = await ask("Go on.", { previous_response_id: first.id }, OTHER_KEY);
  expect([stolen.status, stolen.error["code"]]).toEqual([400, "previous_response_not_found"]);
});

test("what was deleted stays so", async () => {
  const { id } = await told("Hello.");
  const before = bytesInFile();
  expect((await call("DELETE", `/v1/responses/${id}`, null)).status).toBe(200);
  await until(() => bytesInFile() !== before, "the deletion in the file");
  await restart("SIGKILL");
  expect((await shown(id)).status).toBe(404);
});

test("a thought that was sealed before opens after", async () => {
  const include = ["reasoning.encrypted_content"];
  const answer = await ask("Think.", { store: false, include, reasoning: { effort: "high" } });
  const thoughts = JSON.parse(answer.text).output.filter(
    ({ type }: { type: string }) => type === "reasoning",
  );
  await restart("SIGTERM");
  const user = { role: "user", content: "And?" };
  const input = [...thoughts, { role: "assistant", content: "Well." }, user];
  expect((await call("POST", "/v1/responses", { model: MODEL, store: false, input })).status).toBe(200);
  const said = lastMessages().find(({ role }) => role === "assistant") as { reasoning_content?: string };
  expect(said.reasoning_content).toBe(thoughts[0].summary[0].text);
});

test.each<readonly [string, () => void, readonly boolean[]]>([
  ["torn in its last record", () => truncateSync(file(), bytesInFile() - 9), [true, false]],
  ["with garbage behind it", () => appendFileSync(file(), Buffer.alloc(5_000, 0xa5)), [true, true]],
  ["of garbage alone", () => writeFileSync(file(), Buffer.alloc(5_000, 0x5a)), [false, false]],
  ["that is gone", () => rmSync(file()), [false, false]],
  ["that is empty", () => truncateSync(file(), 0), [false, false]],
])("a file %s is survived, and written on", async (_what, damage, left) => {
  const ids = [(await told("One.")).id, (await told("Two.")).id];
  await restart("SIGKILL", damage);
  const found = await Promise.all(ids.map(async (id) => (await shown(id)).status === 200));
  expect(found).toEqual(left);
  const third = await told("Three.");
  await restart("SIGKILL");
  expect((await shown(third.id)).text).toBe(third.text);
});
