/** The schema of the configuration file: every setting with its bounds, its meaning and what it expects. */
import { z } from "zod";
import { repairs } from "../core/changes.ts";
import { protocols } from "../core/protocols.ts";
import { billColumnsSchema } from "./bill-columns.ts";
import { authModes, compats, responsesStores } from "./config.ts";
import { expecting, section } from "./expectations.ts";
import { limitsSchema, modelLimitsSchema } from "./limit-settings.ts";
import { priceSchema } from "./price-settings.ts";
import {
  durationSchema,
  optionalDurationSchema,
  retentionSchema,
  sizeSchema,
  tokensMaxSchema,
} from "./quantity-schemas.ts";
import { upstreamNameSchema, upstreamSection } from "./upstream-schemas.ts";

const visibleText = /^[\x21-\x7e]{1,256}$/;
const HOST = /^(?=.{1,253}$)[A-Za-z0-9:]([A-Za-z0-9.:_-]*[A-Za-z0-9:])?$/;

export const portSchema = expecting(
  z.int().min(0).max(65_535),
  "a port from 0 to 65535 (0 takes a free one)",
  " 0 到 65535 的端口（0 为自动选取空闲端口）",
);

export const hostSchema = expecting(
  z.string().regex(HOST),
  "an address or host name to listen on, such as 127.0.0.1",
  "监听的地址或主机名，例如 127.0.0.1",
);

function originOf(text: string): string | null {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : null;
}

const corsOriginSchema = expecting(
  z.string().refine((text) => text === "*" || originOf(text) === text),
  "an origin such as https://chat.example.com, or *",
  "来源，例如 https://chat.example.com，或 *",
);

export const aliasSchema = expecting(
  z.string().regex(visibleText),
  "1 to 256 visible ASCII characters without blanks",
  " 1 到 256 个可见 ASCII 字符，不含空白",
);

export const upstreamModelSchema = expecting(
  z.string().regex(visibleText),
  "an endpoint id (ep-...) or a dated model id",
  "接入点 ID（ep-...）或带日期的模型 ID",
);

const flagSchema = expecting(z.boolean(), "true or false", " true 或 false");

const repairNames = repairs.flatMap((repair) => [repair, `-${repair}`] as const);
const repairSchema = expecting(
  z.enum(repairNames),
  `one of ${repairs.join(", ")}, or one of them with a hyphen before it`,
  `以下之一：${repairs.join("、")}，或在其前加连字符`,
);

const modelTimeouts = {
  dns: durationSchema.optional().describe("Until the upstream's name is an address."),
  connect: durationSchema.optional().describe("Until the TCP connection to the upstream stands."),
  tls: durationSchema.optional().describe("Until the TLS handshake is done."),
  body_write: durationSchema.optional().describe("Until the request has been written to the upstream."),
  first_byte: durationSchema.optional().describe("From the request's last byte to the answer's head."),
  first_token: optionalDurationSchema
    .optional()
    .describe("From the answer's head to its first event; null: bounded by between_chunks alone."),
  between_chunks: durationSchema.optional().describe("Between two pieces of the answer."),
  total: durationSchema.optional().describe("Over the whole call to the upstream."),
  write_stall: durationSchema.optional().describe("For a client that reads nothing of what waits for it."),
};

const targetSchema = section({
  upstream: upstreamNameSchema.optional().describe("A name from `upstreams`. Default: the first of them."),
  model: upstreamModelSchema.describe("What the upstream reads in `model`."),
});

const modelSettings = section({
  targets: expecting(
    z.array(targetSchema).length(1),
    "a list with exactly one target (routing over several targets is not built yet)",
    "恰好含一个目标的列表（尚不支持在多个目标之间路由）",
  )
    .optional()
    .describe("Where the alias goes. May be left out for an alias of the default table."),
  timeouts: section(modelTimeouts).optional().describe("Timeouts that differ for this alias."),
  price: priceSchema
    .optional()
    .describe(
      "What the model costs. Default: Ark's list price where the target is a known model id; else unknown.",
    ),
  limits: modelLimitsSchema.optional().describe("What may be used of this alias, by all callers together."),
  speaks: expecting(
    z.array(z.enum(protocols)).min(1).max(protocols.length),
    `a list out of ${protocols.join(", ")}`,
    `由 ${protocols.join("、")} 组成的列表`,
  )
    .optional()
    .describe(
      [
        "Which protocols the target speaks itself; a call in another one is translated into chat.",
        "Default: what Ark's model of that id speaks; for an endpoint id, chat.",
      ].join(" "),
    ),
  compat: expecting(z.enum(compats), compats.join(" or "), ` ${compats.join(" 或 ")}`)
    .optional()
    .describe("openai: what OpenAI's schemas require of an answer and Ark leaves out is filled in."),
  repairs: expecting(z.array(repairSchema).max(32), "a list of repairs", "修补项列表")
    .optional()
    .describe("Repairs over and above the default ones, or, with a hyphen, without one of them."),
});

/** An endpoint id in short, null to remove an alias of the default table, or the settings of the alias. */
const modelSchema = expecting(
  z.union([upstreamModelSchema, z.null(), modelSettings]),
  "an endpoint id (ep-...), a model id, null, or settings with `targets`",
  "接入点 ID（ep-...）、模型 ID、null，或含 `targets` 的设置",
);

const serverSection = section({
  host: hostSchema
    .optional()
    .describe("Where clients reach the gateway; loopback where it would lend its Ark key to whoever comes."),
  port: portSchema.optional().describe("The port for clients."),
  body_bytes_max: sizeSchema.optional().describe("A larger request body is answered 413."),
  bodies_bytes_max: sizeSchema
    .optional()
    .describe("Bytes of all request bodies held at once; a body that goes beyond is answered 503."),
  in_flight_max: expecting(
    z.int().min(1).max(100_000),
    "a whole number from 1 to 100000",
    " 1 到 100000 的整数",
  )
    .optional()
    .describe("Requests in flight at once; one more is answered 503."),
  cors: expecting(z.array(corsOriginSchema).max(100), "a list of origins", "来源列表")
    .optional()
    .describe("Origins that may call from a browser, beside loopback ones; `*` for all."),
});

const ledgerSection = section({
  durability: expecting(z.enum(["process", "power"]), "process or power", " process 或 power")
    .optional()
    .describe(
      [
        "What a row outlives once its reply has ended. process: the gateway being killed;",
        "power: the machine losing power too, and a reply's end waits for the disk.",
      ].join(" "),
    ),
  retention: retentionSchema
    .optional()
    .describe("For so long each attempt has a row of its own; hourly and daily sums stay for ever."),
  client_loss: expecting(z.enum(["cancel", "drain"]), "cancel or drain", " cancel 或 drain")
    .optional()
    .describe(
      [
        "When a client leaves: cancel the call to Ark, or drain:",
        "read on for Ark's own count of tokens, which Ark bills.",
      ].join(" "),
    ),
  on_failure: expecting(z.enum(["refuse", "continue"]), "refuse or continue", " refuse 或 continue")
    .optional()
    .describe(
      [
        "While the ledger cannot be written: refuse requests with 503 `ledger_unavailable`,",
        "or continue and hold the rows in memory.",
      ].join(" "),
    ),
  drain_for: durationSchema
    .optional()
    .describe("With `client_loss: drain`: for so long after the client has left."),
  drain_tokens_max: tokensMaxSchema
    .optional()
    .describe("With `client_loss: drain`: for so many tokens after the client has left, as counted here."),
  drains_max: expecting(z.int().min(1).max(100_000), "a whole number from 1 to 100000", " 1 到 100000 的整数")
    .optional()
    .describe("With `client_loss: drain`: answers read on for at once; one more is cancelled."),
  bill_columns: billColumnsSchema
    .optional()
    .describe("What an exported bill calls its columns; those left out are looked for by `reconcile`."),
});

export const configSchema = section({
  server: serverSection.optional().describe("The data plane: what clients talk to."),
  control: section({
    host: hostSchema.optional().describe("Where the control plane listens."),
    port: portSchema.optional().describe("The port of the control plane."),
  })
    .optional()
    .describe("The control plane: metrics and the admin API."),
  auth: section({
    mode: expecting(z.enum(authModes), `one of ${authModes.join(", ")}`, `以下之一：${authModes.join("、")}`)
      .optional()
      .describe(
        [
          "passthrough: the caller's credential goes to Ark as it is. keys: it must be a key of the gateway's own.",
          "both: what begins with sk- must be one, anything else goes to Ark.",
          "Default: keys once an upstream has `api_keys`.",
        ].join(" "),
      ),
  })
    .optional()
    .describe("Who may come in."),
  upstreams: expecting(z.record(upstreamNameSchema, upstreamSection), "upstreams by name", "以名称列出的上游")
    .optional()
    .describe("Who answers. The first one is the one for aliases and names that name none."),
  models: expecting(z.record(aliasSchema, modelSchema), "aliases with their targets", "别名及其目标")
    .optional()
    .describe("The alias table, laid over the default one. In an alias `*` is any text and `#` one digit."),
  responses: section({
    store: expecting(z.enum(responsesStores), "memory or disk", " memory 或 disk")
      .optional()
      .describe(
        [
          "Where responses that the gateway itself made are kept, for an hour: in memory, or also encrypted",
          "in a file of the data folder, so that they outlive a restart.",
        ].join(" "),
      ),
  })
    .optional()
    .describe("The Responses API for models that speak only chat."),
  reasoning: section({
    memory: flagSchema
      .optional()
      .describe("Remember thoughts by tool call, for the repair reasoning_replay; false remembers nothing."),
  })
    .optional()
    .describe("What thinking models want back in tool loops."),
  compat: expecting(z.enum(compats), compats.join(" or "), ` ${compats.join(" 或 ")}`)
    .optional()
    .describe(
      [
        "For every model that does not set its own, those that pass through among them.",
        "openai: what OpenAI's schemas require of an answer and Ark leaves out is filled in;",
        "the AI SDK, LangChain and Codex want it of Responses that go to Ark as they are.",
      ].join(" "),
    ),
  default_model: expecting(aliasSchema.nullable(), "an alias, or null", "别名或 null")
    .optional()
    .describe("The alias that serves unmapped names; null answers them with 404."),
  passthrough_models: expecting(z.array(aliasSchema).max(256), "a list of name patterns", "名称模式列表")
    .optional()
    .describe("Names that go to Ark as they are. `*` is any text and `#` one digit."),
  timeouts: section({
    ...modelTimeouts,
    request_headers: durationSchema.optional().describe("For a client to send its request's head."),
    request_body: durationSchema.optional().describe("For a client to send its request's body."),
    drain: durationSchema.optional().describe("For running requests to end after SIGTERM."),
  })
    .optional()
    .describe("How long each phase may wait. All but the last three can be set per alias."),
  heartbeat: section({
    every: durationSchema.optional().describe("A stream that is silent for so long gets a ping."),
    before_first_byte: flagSchema.optional().describe("Also before Ark's first byte."),
  })
    .optional()
    .describe("How silence on streams is bridged."),
  retries: section({
    attempts_max: expecting(z.int().min(1).max(10), "a whole number from 1 to 10", " 1 到 10 的整数")
      .optional()
      .describe("Calls to the upstream per request, only where no connection was made before."),
  })
    .optional()
    .describe("When a call is tried again."),
  ledger: ledgerSection.optional().describe("What is remembered of each call, and what a loss may cost."),
  limits: limitsSchema.optional().describe("How much may be used, and who waits."),
});

/** The configuration file as it was written, checked. */
export type Settings = z.infer<typeof configSchema>;
export type ModelSettings = NonNullable<Settings["models"]>[string];
export type LedgerSettings = NonNullable<Settings["ledger"]>;
export type TimeoutSettings = NonNullable<Settings["timeouts"]>;
