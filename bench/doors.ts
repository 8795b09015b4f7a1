/** `npm run bench:doors`: what each door costs a request and a chunk in processor time, by itself. */
import { parseArgs } from "node:util";
import { defaultRepairs } from "../src/core/changes.ts";
import { systemClock } from "../src/core/clock.ts";
import { type KeyId, newRequestId } from "../src/core/ids.ts";
import type { Memories } from "../src/core/memories.ts";
import { type Protocol, protocols } from "../src/core/protocols.ts";
import { RememberedThoughts } from "../src/memory/reasoning-memory.ts";
import { MemoryResponseStore } from "../src/memory/response-store.ts";
import { SealedTexts } from "../src/memory/seal.ts";
import type { CallContext, Door, Passage, TargetTraits } from "../src/protocols/door.ts";
import { doors } from "../src/protocols/index.ts";
import { readArkError } from "../src/upstreams/ark/error-codes.ts";
import { splice } from "../src/wire/json-splice.ts";

const USAGE = `npm run bench:doors -- [--rounds 7] [--chunks 200000]

Drives the doors' own code with the same conversation and the same words, one chunk a push, and prints the
median of all rounds, in microseconds of this process: reading a request and making what goes to Ark of it, a
short one and an agent's of some 60 kB with its tools, and a chunk of a stream, as Ark sends it and as it is
translated. What the pipeline adds is alike for all doors (npm run bench).`;

const memories: Memories = {
  reasoning: new RememberedThoughts({ clock: systemClock }),
  responses: new MemoryResponseStore({ clock: systemClock }),
  seal: new SealedTexts(Buffer.alloc(32, 7)),
};

function contextNow(): CallContext {
  const startedAtWallMs = Date.now();
  return { requestId: newRequestId(startedAtWallMs), keyId: "ark-0" as KeyId, startedAtWallMs, memories };
}

function targetThat(speaks: readonly Protocol[]): TargetTraits {
  return {
    model: "ep-20250218170310-pvmdb",
    speaks: new Set(speaks),
    repairs: defaultRepairs,
    fillsRequired: false,
    readError: readArkError,
  };
}

const TEXT =
  "Explain in plain words how a byte-for-byte relay keeps a prompt cache warm, and what breaks it. ".repeat(
    5,
  );
const turns = [
  { role: "user", content: TEXT },
  { role: "assistant", content: "A prefix that stays the same byte for byte is found again." },
  { role: "user", content: TEXT },
];
const common = { model: "deepseek-v3", stream: true, temperature: 0.7 };
const bodies: Readonly<Record<Protocol, Buffer>> = {
  chat: Buffer.from(JSON.stringify({ ...common, messages: [{ role: "system", content: TEXT }, ...turns] })),
  messages: Buffer.from(JSON.stringify({ ...common, max_tokens: 4_096, system: TEXT, messages: turns })),
  responses: Buffer.from(JSON.stringify({ ...common, store: false, instructions: TEXT, input: turns })),
};

/** The same turn of an agent in each protocol: eight tools, and thirty calls of one with their outputs. */
function agentBodies(): Readonly<Record<Protocol, Buffer>> {
  const parameters = { type: "object", properties: { command: { type: "string", description: TEXT } } };
  const tools = Array.from({ length: 8 }, (_, index) => ({ name: `tool_${index}`, description: TEXT }));
  const calls = Array.from({ length: 30 }, (_, index) => `call_${index}`);
  const input = { command: "cat notes.txt" };
  const output = TEXT.repeat(3);
  const name = "tool_1";
  const chatCall = (id: string) => {
    return { id, type: "function", function: { name, arguments: JSON.stringify(input) } };
  };
  const chat = {
    ...common,
    messages: [
      { role: "system", content: TEXT },
      ...turns,
      ...calls.flatMap((id) => [
        { role: "assistant", content: null, tool_calls: [chatCall(id)] },
        { role: "tool", tool_call_id: id, content: output },
      ]),
    ],
    tools: tools.map((tool) => ({ type: "function", function: { ...tool, parameters } })),
  };
  const messages = {
    ...common,
    max_tokens: 4_096,
    system: TEXT,
    messages: [
      ...turns,
      ...calls.flatMap((id) => [
        { role: "assistant", content: [{ type: "tool_use", id, name, input }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: output }] },
      ]),
    ],
    tools: tools.map((tool) => ({ ...tool, input_schema: parameters })),
  };
  const responses = {
    ...common,
    store: false,
    instructions: TEXT,
    input: [
      ...turns,
      ...calls.flatMap((id) => [
        { type: "function_call", call_id: id, name, arguments: JSON.stringify(input) },
        { type: "function_call_output", call_id: id, output },
      ]),
    ],
    tools: tools.map((tool) => ({ type: "function", ...tool, parameters, strict: false })),
  };
  const bytes = (body: object) => Buffer.from(JSON.stringify(body));
  return { chat: bytes(chat), messages: bytes(messages), responses: bytes(responses) };
}
const agents = agentBodies();

const DELTA = " word of";
/** One event, with its name where the protocol has names. */
function eventOf(data: object, name: string | null): string {
  return `${name === null ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}

function named(data: { readonly type: string; readonly [member: string]: unknown }): string {
  return eventOf(data, data.type);
}

/** As Ark writes them (ark-api 4.4, 5.7, 6): the beginning of a stream, and one chunk of its text. */
const streams: Readonly<Record<Protocol, { readonly head: string; readonly chunk: string }>> = {
  chat: {
    head: "",
    chunk: eventOf(
      {
        choices: [{ delta: { content: DELTA, role: "assistant" }, index: 0 }],
        created: 1_790_000_000,
        id: "0217900000",
        model: "deepseek-v3-250324",
        service_tier: "default",
        object: "chat.completion.chunk",
        usage: null,
      },
      null,
    ),
  },
  messages: {
    head:
      named({
        type: "message_start",
        message: { id: "0217", content: [], usage: { input_tokens: 9 } },
      }) + named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    chunk: named({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: DELTA },
    }),
  },
  responses: {
    head: named({ type: "response.created", response: { id: "resp_0217" }, sequence_number: 0 }),
    chunk: named({
      type: "response.output_text.delta",
      content_index: 0,
      delta: DELTA,
      item_id: "msg_0217900000000",
      output_index: 0,
      sequence_number: 7,
    }),
  },
};

type Way = {
  readonly name: string;
  readonly door: Door;
  readonly body: Buffer;
  readonly agent: Buffer;
  readonly target: TargetTraits;
  readonly sent: Protocol;
};

function waysOf(door: Door): Way[] {
  const protocol = protocols.find((name) => name === door.name);
  if (protocol === undefined) return [];
  const body = bodies[protocol];
  const agent = agents[protocol];
  const verbatim = {
    name: `${protocol}, verbatim`,
    door,
    body,
    agent,
    target: targetThat(protocols),
    sent: protocol,
  };
  if (protocol === "chat") return [verbatim];
  return [
    verbatim,
    { name: `${protocol}, translated`, door, body, agent, target: targetThat(["chat"]), sent: "chat" },
  ];
}

function prepare({ door, body, target }: Omit<Way, "agent">): Extract<Passage, { kind: "upstream" }> {
  const passage = door.read(body).prepare(target, contextNow());
  if (passage.kind === "local") throw new TypeError(`${door.name} does not go to Ark`);
  return passage;
}

/** Microseconds of processor time, of this process with all its threads, for each of `times`. */
function timed(times: number, run: () => void): number {
  const before = process.cpuUsage();
  for (let index = 0; index < times; index++) run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

function requestUs(way: Way, requests: number): number {
  return timed(requests, () => {
    const { cargo } = prepare(way);
    splice(cargo.body, cargo.rewrite.splices);
  });
}

function chunkUs(way: Way, chunks: number): number {
  const tap = prepare(way).answers.openTap();
  const { head, chunk } = streams[way.sent];
  if (head !== "") tap.push(Buffer.from(head));
  const bytes = Buffer.from(chunk);
  let given = 0;
  const us = timed(chunks, () => {
    given += tap.push(bytes)?.length ?? 0;
  });
  if (given < chunks * DELTA.length) throw new Error(`${way.name} gave ${given} bytes for ${chunks} chunks`);
  return us;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

type Taken = { readonly request: number[]; readonly agent: number[]; readonly chunk: number[] };

/** One round after the other, each way in each of them; the first round warms up. */
function measure(ways: readonly Way[], rounds: number, chunks: number, taken: ReadonlyMap<Way, Taken>): void {
  for (let round = 0; round <= rounds; round++) {
    for (const way of ways) {
      const figures = [
        requestUs(way, chunks / 20),
        requestUs({ ...way, body: way.agent }, chunks / 100),
        chunkUs(way, chunks),
      ] as const;
      if (round === 0) continue;
      taken.get(way)?.request.push(figures[0]);
      taken.get(way)?.agent.push(figures[1]);
      taken.get(way)?.chunk.push(figures[2]);
    }
  }
}

function main(): void {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { rounds: text, chunks: text, help: { type: "boolean" } } });
  if (values.help === true) {
    console.log(USAGE);
    return;
  }
  const rounds = Number(values.rounds ?? 7);
  const chunks = Number(values.chunks ?? 200_000);
  const ways = doors.flatMap(waysOf);
  const taken = new Map<Way, Taken>(ways.map((way) => [way, { request: [], agent: [], chunk: [] }]));
  // Translations come last: the garbage that they leave is not to be others' to collect.
  const isVerbatim = (way: Way): boolean => way.sent === way.door.name;
  const translated = ways.filter((way) => !isVerbatim(way));
  for (const group of [ways.filter(isVerbatim), translated]) measure(group, rounds, chunks, taken);
  console.log("| way | us a request | us an agent's request | us a chunk |\n| --- | --- | --- | --- |");
  for (const [{ name }, figures] of taken) {
    const columns = [figures.request, figures.agent, figures.chunk].map((us) => median(us).toFixed(2));
    console.log(`| ${name} | ${columns.join(" | ")} |`);
  }
}

main();
