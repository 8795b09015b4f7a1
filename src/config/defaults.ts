/** What is in force where nobody says otherwise, in the words of the configuration file. */

export const defaults = {
  server: {
    /** Loopback instead, where whoever reaches the gateway could spend its Ark key. */
    host: "0.0.0.0",
    port: 5000,
    body_bytes_max: "64MiB",
    bodies_bytes_max: "1GiB",
    in_flight_max: 9_000,
    cors: [],
  },
  control: { host: "127.0.0.1", port: 5001 },
  /** `keys` instead, where the gateway holds an Ark key. */
  auth: { mode: "passthrough" },
  upstream: { kind: "ark", base_url: "https://ark.cn-beijing.volces.com/api/v3", api_keys: "" },
  default_model: "deepseek-r1",
  passthrough_models: [
    "ep-*",
    "doubao-*",
    "deepseek-v4-*",
    "glm-*",
    "kimi-*",
    "minimax-*",
    "seed-*",
    "dola-*",
    "ark-code-latest",
    "*-######",
  ],
  timeouts: {
    dns: "5s",
    connect: "10s",
    tls: "10s",
    body_write: "60s",
    first_byte: "30m",
    first_token: null,
    between_chunks: "10m",
    total: "31m",
    write_stall: "60s",
    request_headers: "10s",
    request_body: "60s",
    drain: "31m",
  },
  heartbeat: { every: "15s", before_first_byte: true },
  compat: "verbatim",
  responses: { store: "memory" },
  reasoning: { memory: true },
  retries: { attempts_max: 2 },
  ledger: {
    durability: "process",
    retention: "90d",
    client_loss: "cancel",
    on_failure: "refuse",
    drain_for: "30s",
    drain_tokens_max: 8_192,
    drains_max: 100,
  },
  limits: {
    requests_per_minute: null,
    tokens_per_minute: null,
    concurrent: null,
    queue: null,
    total: { requests_per_minute: null, tokens_per_minute: null, concurrent: null, budgets: [] },
  },
  log: { level: "info", format: "json" },
} as const;

/** Of `limits.queue`, where there is one. */
export const queueDefaults = { waiting_max: 1_000, wait_max: "60s" } as const;

export const DEFAULT_HOST_WITH_KEY = "127.0.0.1";
export const DEFAULT_UPSTREAM_NAME = "ark";
/** In the working folder. */
export const DEFAULT_DATA_FOLDER = "data";
export const DEFAULT_CONFIG_FILE = "volcano-proxy.yaml";

/** The first proxy's table. Its endpoint ids belong to somebody's account; they show the shape. */
export const exampleModels: ReadonlyMap<string, string> = new Map([
  ["deepseek-r1", "ep-20250218144306-sshj5"],
  ["deepseek-v3", "ep-20250218170310-pvmdb"],
  ["deepseek-r1-distill-qwen-7b", "ep-20250218182157-7rdv4"],
  ["deepseek-r1-distill-qwen-32b", "ep-20250218182233-vxkqv"],
]);

const exampleIds: ReadonlySet<string> = new Set(exampleModels.values());

/** Whether the endpoint id is one of the default table's, whoever wrote it into the configuration. */
export function isExampleId(model: string): boolean {
  return exampleIds.has(model);
}
