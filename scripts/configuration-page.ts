/** Writes docs/configuration.md out of the schema, the defaults and the list of variables. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { arkCatalogue } from "../src/config/ark-models.ts";
import { defaults, exampleModels } from "../src/config/defaults.ts";
import { environmentVariables } from "../src/config/environment.ts";
import { configSchema } from "../src/config/schema.ts";
import { expectationAt } from "../src/config/schema-walk.ts";
import type { Path } from "../src/config/yaml-tree.ts";

type Shape = Readonly<Record<string, z.core.$ZodType>>;

function inner(schema: z.core.$ZodType): z.core.$ZodType {
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
  return wraps ? inner(schema.unwrap()) : schema;
}

function descriptionOf(schema: z.core.$ZodType): string {
  return (schema instanceof z.ZodType ? schema.description : undefined) ?? "";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function code(value: unknown): string {
  return `\`${typeof value === "string" && value !== "" ? value : JSON.stringify(value)}\``;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(cell).join(" | ")} |`;
}

function defaultOf(values: unknown, name: string): string {
  if (typeof values !== "object" || values === null || !Object.hasOwn(values, name)) return "";
  const value = Reflect.get(values, name);
  // Its settings have rows of their own.
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return "";
  return Array.isArray(value) && value.length > 3 ? "see below" : code(value);
}

function variableFor(setting: string): string {
  const found = environmentVariables.find((variable) => variable.setting === setting);
  return found === undefined ? "" : code(found.name);
}

/** One row per setting of a section. `shown` is the path that people read, `path` the one in the schema. */
function rowsOf(shape: Shape, path: Path, shown: string, values: unknown): readonly string[] {
  return Object.entries(shape).map(([name, schema]) => {
    const setting = `${shown}${name}`;
    const expects = expectationAt(configSchema, [...path, name]).en;
    const variable = variableFor(setting) || variableFor(`${name} of the first upstream`);
    return row([code(setting), expects, defaultOf(values, name), variable, descriptionOf(schema)]);
  });
}

const TABLE_HEAD = ["| setting | expects | default | environment | meaning |", "|---|---|---|---|---|"];

function sectionOf(name: string, schema: z.core.$ZodType, values: unknown): readonly string[] {
  const body = inner(schema);
  const title = [`### ${code(name)}`, "", descriptionOf(schema), "", ...TABLE_HEAD];
  if (body instanceof z.ZodObject) return [...title, ...settingRows(body.shape, [name], name, values), ""];
  if (!(body instanceof z.ZodRecord)) return [];
  const entry = inner(body.valueType as z.core.$ZodType);
  const shape = entry instanceof z.ZodUnion ? entry.options.find(isObjectSchema) : entry;
  if (!(shape instanceof z.ZodObject)) return [];
  return [...title, ...settingRows(shape.shape, [name, "NAME"], `${name}.NAME`, values), ""];
}

/** The settings of a section, then those of the sections in it. */
function settingRows(shape: Shape, path: Path, shown: string, values: unknown): readonly string[] {
  const nested = Object.entries(shape).flatMap(([name, schema]) =>
    // These are the rows of the section `timeouts` again.
    name === "timeouts"
      ? []
      : nestedRows(schema, [...path, name], `${shown}.${name}`, memberOf(values, name)),
  );
  return [...rowsOf(shape, path, `${shown}.`, values), ...nested];
}

function memberOf(values: unknown, name: string): unknown {
  return typeof values === "object" && values !== null ? Reflect.get(values, name) : undefined;
}

function isObjectSchema(schema: z.core.$ZodType): schema is z.ZodObject {
  return schema instanceof z.ZodObject;
}

function nestedRows(schema: z.core.$ZodType, path: Path, shown: string, values: unknown): readonly string[] {
  const body = inner(schema);
  if (body instanceof z.ZodUnion) {
    return body.options.flatMap((option) => nestedRows(option, path, shown, values));
  }
  if (body instanceof z.ZodObject) return settingRows(body.shape, path, shown, values);
  if (!(body instanceof z.ZodArray) || !isObjectSchema(body.element)) return [];
  return settingRows(body.element.shape, [...path, 0], `${shown}[0]`, null);
}

function settingsTables(): readonly string[] {
  const shape: Shape = configSchema.shape;
  const plain = Object.entries(shape).filter(([, schema]) => {
    const body = inner(schema);
    return !(body instanceof z.ZodObject || body instanceof z.ZodRecord);
  });
  const sections = Object.entries(shape).flatMap(([name, schema]) =>
    sectionOf(name, schema, name === "upstreams" ? defaults.upstream : Reflect.get(defaults, name)),
  );
  return [
    ...sections,
    "### Names",
    "",
    ...TABLE_HEAD,
    ...rowsOf(Object.fromEntries(plain), [], "", defaults),
    "",
    `\`passthrough_models\` are ${defaults.passthrough_models.map(code).join(", ")} by default.`,
  ];
}

function variablesTable(): readonly string[] {
  const rows = environmentVariables.map(({ name, setting, meaning }) =>
    row([code(name), meaning, setting === null ? "" : setting.includes(" ") ? setting : code(setting)]),
  );
  return ["| variable | meaning | stands for |", "|---|---|---|", ...rows];
}

function aliasTable(): readonly string[] {
  const rows = [...exampleModels].map(([alias, model]) => row([code(alias), code(model)]));
  return ["| alias | example endpoint |", "|---|---|", ...rows];
}

function introduction(example: string): readonly string[] {
  return [
    "# Configuration",
    "",
    "<!-- Generated by `npm run docs` from src/config/schema.ts; a test fails when it is stale. -->",
    "",
    "Nothing needs to be configured. What is, comes from four places; the first that speaks holds: the command line",
    "(`--port`, `--host`, `--control-port`, `--config`), the environment, the file, the defaults.",
    "",
    "`volcano-proxy check` prints what the configuration resolves to, with secrets masked, and every error with file,",
    "line and column.",
    "",
    "## The file",
    "",
    "`--config FILE`, else `VOLCANO_PROXY_CONFIG`, else `volcano-proxy.yaml` in the working folder if there is one. The",
    "first line names the JSON Schema for editors; `config.schema.json` ships with the package.",
    "",
    "```yaml",
    example.trimEnd(),
    "```",
    "",
    `- \`\${NAME}\` and \`\${NAME:-default}\` take values from the environment; the default stands in for a variable that is`,
    "  unset or empty. Inside `[]` and `{}` put quotes around them. `$${` stands for the characters themselves.",
    "- Durations have a unit: `250ms`, `5s`, `10m`, `72h`. Sizes too: `512KiB`, `64MiB`; a bare number is bytes.",
    "- A name that is not known is an error, which names the nearest one that is. So is a name without a value.",
    "- A saved change and SIGHUP are taken over without dropping a request; hosts, ports, `request_headers`,",
    "  `request_body`, and of the ledger `durability`, `on_failure` and `retention` wait for the next start. While the file is",
    "  broken, half-written, missing or unreadable, the old configuration stays in force, and one line in the log",
    "  says why.",
    "",
    "## Aliases",
    "",
    "`models` is laid over the default table, and `VOLCANO_PROXY_MODELS` over both. An alias takes an endpoint id or a",
    "model id (`fast: doubao-seed-2-0-lite-260428`), settings with `targets`, or `null`, which takes it out of the table.",
    "",
    ...aliasTable(),
    "",
    "These endpoints are examples of somebody's account: Ark answers 404 for them. Set your own, or take today's models:",
    "`volcano-proxy models` names them.",
    "",
    "## Prices",
    "",
    "Where a target is one of Ark's model ids, its list price holds (`models.yaml`, version",
    `\`${arkCatalogue().priceVersion}\`). An endpoint id (\`ep-...\`) does not say its model: \`price\` names the model, or`,
    "gives figures or tiers.",
    "",
    "```yaml",
    "models:",
    "  fast:",
    "    targets: [{ model: ep-20260101000000-abcde }]",
    "    price: doubao-seed-2-0-lite-260428",
    "  own:",
    "    targets: [{ model: ep-20260101000000-fghij }]",
    "    price:",
    "      - { up_to_input_tokens: 32768, input: 0.6, cached_input: 0.12, output: 3.6 }",
    "      - { input: 0.9, cached_input: 0.18, output: 5.4 }",
    "```",
    "",
    "The first tier that a call fits into, by its whole input (and output, where that is bounded), prices all of",
    "its tokens; the last one prices what fits into none. Where cached input has no price it costs what input",
    "costs. A call whose price is not known has a cost that is not known, which is not the same as 0; so has one",
    "of the fast tier or with audio. Batch calls and the storage of explicit caches are not told apart yet.",
    "",
  ];
}

function access(): readonly string[] {
  return [
    "## Who may reach it",
    "",
    "| `auth.mode` | who may come in | what Ark is shown |",
    "|---|---|---|",
    "| `passthrough` | whoever has a key; it is Ark that judges it | the caller's own key, or the gateway's where it holds one |",
    "| `keys` | whoever has a key of the gateway's own (`sk-...`) | the gateway's Ark key |",
    "| `both` | a credential that begins with `sk-` must be such a key, any other is taken for an Ark key | the gateway's Ark key, or the caller's |",
    "",
    "Without `auth.mode` it is `keys` once an upstream has `api_keys`, else `passthrough`. With `keys`, each upstream that",
    "calls can reach must have `api_keys`. [Keys, limits and budgets](keys.md) says how to make keys and what they may hold.",
    "",
    `The gateway listens on \`${defaults.server.host}\`, because each caller brings a key. Where it holds an Ark key and is told`,
    "`auth.mode: passthrough`, whoever reaches it could spend that key: then it listens on `127.0.0.1`, and any other host",
    "is an error.",
    "",
    "## How much may be used",
    "",
    "```yaml",
    "limits:",
    "  requests_per_minute: 60                   # of each key that sets no limit of its own",
    "  tokens_per_minute: 200000",
    "  concurrent: 10",
    "  queue: { waiting_max: 1000, wait_max: 60s }",
    "  total:                                    # of the whole gateway",
    "    budgets: [{ cny: 2000, per: month }]",
    "models:",
    "  deepseek-v3:",
    "    targets: [{ model: deepseek-v4-flash-ga-260731 }]",
    "    limits: { concurrent: 50, budgets: [{ tokens: 50000000, per: day }] }",
    "```",
    "",
    "A call must fit into the limits of its key, of its alias and of the whole gateway. [Keys, limits and",
    "budgets](keys.md) says how they are counted and what a refusal means.",
    "",
  ];
}

/** The whole page. */
export function configurationPage(): string {
  const example = readFileSync(new URL("../examples/volcano-proxy.yaml", import.meta.url), "utf8");
  const lines = [
    ...introduction(example),
    ...access(),
    "## Environment",
    "",
    ...variablesTable(),
    "",
    "`HTTPS_PROXY`, `NO_PROXY` and `NODE_EXTRA_CA_CERTS` work as everywhere.",
    "",
    "## Settings",
    "",
    ...settingsTables(),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}
