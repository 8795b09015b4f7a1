/** Writes docs/clients.md out of the results of the real clients' tests and of the runs by hand. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { clientNames } from "../src/commands/connect/client-names.ts";
import { clients, setupOf } from "../src/commands/connect/clients.ts";

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../test/clients/${path}`, import.meta.url), "utf8"));

/** How a test's model is spoken to, as test/clients names it. */
const ways = ["verbatim", "compat", "translated"] as const;
const wayTexts = { verbatim: "verbatim", compat: "with `compat: openai`", translated: "translated" } as const;

const resultSchema = z.strictObject({
  client: z.string().min(1),
  way: z.enum(ways).nullable(),
  what: z.string().min(1),
  passed: z.boolean(),
});
type Result = z.infer<typeof resultSchema>;

const handSchema = z.strictObject({
  client: z.string().min(1),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  ran: z.string().min(1),
  works: z.string().min(1),
  fails: z.string().min(1),
});

const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()) });

export function clientResults(): readonly Result[] {
  return z.array(resultSchema).parse(read("results.json"));
}

/** The packages of each client that is tested, as test/clients/package.json names them. */
export const packagesOf: { readonly [client: string]: readonly string[] } = {
  "openai 6": ["openai-6"],
  "openai 7": ["openai-7"],
  "Anthropic SDK 0.137": ["anthropic-0"],
  "Anthropic SDK 1": ["anthropic-1"],
  "AI SDK 7, @ai-sdk/openai": ["ai", "@ai-sdk/openai"],
  "AI SDK 7, @ai-sdk/openai-compatible": ["ai", "@ai-sdk/openai-compatible"],
  "AI SDK 7, @ai-sdk/anthropic": ["ai", "@ai-sdk/anthropic"],
  "AI SDK 7, @ai-sdk/deepseek": ["ai", "@ai-sdk/deepseek"],
  "LangChain, @langchain/openai": ["@langchain/openai"],
  "OpenAI Agents, @openai/agents": ["@openai/agents"],
};

const wantsStream = "Its helper `responses.stream()`, where Ark speaks Responses: only with `compat: openai`";
const wantsAnnotations =
  "Responses, where Ark speaks them: only with `compat: openai` (it wants each text's `annotations`)";
const repeats =
  "It repeats a 429 whatever `x-should-retry` says; translated, an account in arrears is told as one";

/** What a client cannot do here, and why. */
const limitsOf: { readonly [client: string]: string } = {
  "openai 6": wantsStream,
  "openai 7": wantsStream,
  "LangChain, @langchain/openai": wantsAnnotations,
  "AI SDK 7, @ai-sdk/openai": `${wantsAnnotations}. ${repeats}`,
  "AI SDK 7, @ai-sdk/anthropic": repeats,
  "AI SDK 7, @ai-sdk/openai-compatible": "It shows usage only with `includeUsage: true`",
};

/** The versions that are asked for, without the aliases that let two stand side by side. */
export function versionsOf(client: string): readonly string[] {
  const { dependencies } = manifestSchema.parse(read("package.json"));
  return (packagesOf[client] ?? []).map((name) => (dependencies[name] ?? "").replace(/^npm:.*@/, ""));
}

/** Such as `Responses` of `Responses, whole`. */
function doorOf({ what }: Result): string {
  return what.slice(0, what.indexOf(","));
}

const doors = ["chat", "Responses", "Responses over a WebSocket", "Messages"] as const;

/** Chat is never translated, so its tests need not say how it is spoken. */
function wayOf(result: Result): Result["way"] {
  return result.way ?? (doorOf(result) === "chat" ? "verbatim" : null);
}

/** The ways in which all of a client's tests at a door passed; empty where it was not tried. */
function doorCell(results: readonly Result[], door: string): string {
  const tried = results.filter((result) => doorOf(result) === door);
  const cells = ways.flatMap((way) => {
    const ofWay = tried.filter((result) => wayOf(result) === way);
    if (ofWay.length === 0) return [];
    const failed = ofWay.filter(({ passed }) => !passed);
    const text = wayTexts[way];
    return [failed.length === 0 ? text : `${text}: ${failed.length} of ${ofWay.length} fail`];
  });
  return cells.join(", ");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [row(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(row), ""];
}

function testedTable(results: readonly Result[]): readonly string[] {
  const rows = Object.keys(packagesOf).map((client) => {
    const own = results.filter((result) => result.client === client);
    const cells = doors.map((door) => doorCell(own, door));
    return [client, versionsOf(client).join(" with "), ...cells, limitsOf[client] ?? "nothing was found"];
  });
  return table(["client", "version", ...doors, "what does not work, and why"], rows);
}

/** What was called at each door, each once: `Responses: whole; streamed, each event in its order`. */
function runText(results: readonly Result[]): string {
  const named = [...new Set(results.map(doorOf))].toSorted();
  const parts = named.map((door) => {
    const whats = results.filter((result) => doorOf(result) === door).map(({ what }) => what);
    return `${door}: ${[...new Set(whats)].map((what) => what.slice(door.length + 2)).join("; ")}.`;
  });
  return parts.join(" ");
}

/** Clients that did the same stand together. */
function whatWasRun(results: readonly Result[]): readonly string[] {
  const groups = Map.groupBy(Object.keys(packagesOf), (client) =>
    runText(results.filter((result) => result.client === client)),
  );
  return [...groups].map(([text, names]) => `- **${names.join("**, **")}**. ${text}`);
}

function handTable(): readonly string[] {
  const rows = z
    .array(handSchema)
    .parse(read("by-hand.json"))
    .map(({ client, version, day, ran, works, fails }) => [client, version, day, ran, works, fails]);
  return table(["client", "version", "day", "what was run", "what works", "what does not, and why"], rows);
}

function connectTable(): readonly string[] {
  const model = {
    name: "m",
    contextTokens: null,
    outputTokensMax: null,
    seesImages: false,
    leavesFieldsOut: false,
  };
  const origin = "https://HOST";
  const rows = clientNames.map((name) => {
    const client = clients[name];
    const { files, command } = setupOf(client, { origin, key: null, keyText: "k", model });
    const place =
      command === null
        ? files.map(({ paths }) => `\`~/${paths.at(-1)}\``).join(", ")
        : `by \`${command.slice(0, 2).join(" ")}\``;
    return [
      `\`${name}\``,
      client.title,
      `\`${client.baseUrl(origin.toLowerCase()).replace("host", "HOST")}\``,
      place,
    ];
  });
  return table(["`connect`", "client", "base URL", "`--write` changes"], rows);
}

/** The whole page. */
export function clientsPage(): string {
  const results = clientResults();
  const lines = [
    "# Clients",
    "",
    "What was run against the gateway, and how far it went. Written by `npm run docs` out of `test/clients/results.json`, which each",
    "`npm run test:system` writes, and out of `test/clients/by-hand.json`.",
    "",
    "**verbatim**: Ark speaks the client's protocol for the model, and the client's bytes go to Ark as they are. **translated**: it does",
    "not, and the gateway goes between the protocol and Ark's chat. **with `compat: openai`**: verbatim, and the model's setting `compat`",
    "has the fields filled in on the way back that OpenAI guarantees and Ark leaves out. Which models speak what, `volcano-proxy models`",
    "prints.",
    "",
    "## Tested at every change",
    "",
    "With the clients' own packages, unchanged, and the simulated Ark behind the gateway.",
    "",
    ...testedTable(results),
    "What each of them did, whatever the way:",
    "",
    ...whatWasRun(results),
    "",
    "## Run by hand",
    "",
    "Programs too large for that: installed, set up by `volcano-proxy connect CLIENT --write`, and given a task, in a network with nothing",
    "in it but the gateway and the simulated Ark.",
    "",
    ...handTable(),
    "## How to point a client here",
    "",
    "`volcano-proxy connect CLIENT` prints the settings, with the model's true context window; `--write` puts them where the client keeps",
    "them. What else is there stays, the file as it was is kept beside it, and a file that cannot be changed without losing something (JSON",
    "with comments or a name that stands twice, no UTF-8) is left alone, and what was to be written is printed. Without `--key` no key is",
    "written; with it, other users of the machine may no longer read the file.",
    "",
    ...connectTable(),
    "Whoever types the base URL wrongly is served all the same: each path answers with and without `/v1`, under `/v1/v1` and",
    "`/anthropic/v1`.",
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}
