/** Proves what a configuration resolves to: which of the four places holds, and what follows from what. */
import { describe, expect, test } from "vitest";
import { exampleModels } from "../../../src/config/defaults.ts";
import { maskedSettings } from "../../../src/config/masked.ts";
import { readConfig } from "../../../src/config/read-config.ts";
import { repairs } from "../../../src/core/changes.ts";
import { bad, good, linesOf } from "./reading.ts";

const MINUTE_MS = 60_000;
const alias = (text: string, name: string, environment = {}) =>
  good(text, environment).config.models.find((model) => model.alias === name);

describe("defaults", () => {
  test("nothing configured is the first proxy's table on port 5000", () => {
    const reading = readConfig({ environment: {}, flags: {}, workingFolder: "/nowhere" });
    if (reading.kind === "broken") expect.fail("the defaults are broken");
    const { config } = reading;
    expect(config.server).toMatchObject({ host: "0.0.0.0", port: 5_000, bodyBytesMax: 67_108_864 });
    expect(config.server).toMatchObject({ inFlightMax: 9_000, corsOrigins: [] });
    expect(config.server).toMatchObject({ requestHeadersTimeoutMs: 10_000, requestBodyTimeoutMs: 60_000 });
    expect(config.server.drainTimeoutMs).toBe(31 * MINUTE_MS);
    expect(config.control).toEqual({ host: "127.0.0.1", port: 5_001, adminKey: null, readKey: null });
    expect(config.auth).toEqual({ mode: "passthrough" });
    const unlimited = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null, budgets: [] };
    expect(config.limits).toEqual({ keyDefaults: unlimited, total: unlimited, queue: null });
    expect(config.models.map((model) => model.limits)).toEqual(Array(4).fill(unlimited));
    expect(config.upstreams).toEqual([
      {
        name: "ark",
        kind: "ark",
        baseUrl: "https://ark.cn-beijing.volces.com/api/v3",
        anthropicBaseUrl: "https://ark.cn-beijing.volces.com/api/compatible",
        apiKeys: [],
      },
    ]);
    expect(config.models.map((model) => [model.alias, model.targets[0]?.model])).toEqual([...exampleModels]);
    expect(config.models.every((model) => model.isExample && model.price === null)).toBe(true);
    expect(config.defaultModel).toBe("deepseek-r1");
    expect(config.passthroughModels).toContain("*-######");
    expect(repairs.filter((repair) => !config.repairs.has(repair))).toEqual(["strip_unsupported"]);
    expect(config.responses).toEqual({ store: "memory" });
    expect(config.reasoning).toEqual({ memory: true });
    expect(config.models.every(({ speaks, compat }) => speaks.size === 1 && compat === "verbatim")).toBe(
      true,
    );
    expect(config.timeouts).toEqual({
      dnsMs: 5_000,
      connectMs: 10_000,
      tlsMs: 10_000,
      bodyWriteMs: 60_000,
      firstByteMs: 30 * MINUTE_MS,
      firstTokenMs: null,
      betweenChunksMs: 10 * MINUTE_MS,
      totalMs: 31 * MINUTE_MS,
      writeStallMs: 60_000,
    });
    expect(config.heartbeat).toEqual({ everyMs: 15_000, beforeFirstByte: true });
    expect(config.retries).toEqual({ attemptsMax: 2 });
    expect(config.ledger).toEqual({
      folder: "/nowhere/data",
      durability: "process",
      retentionMs: 90 * 86_400_000,
      clientLoss: { kind: "cancel" },
      onFailure: "refuse",
      billColumns: {},
    });
    expect(config.log).toEqual({ level: "info", format: "json" });
    expect(reading.warnings).toEqual([]);
  });

  test("the configuration is frozen to its leaves", () => {
    const { config } = good("");
    const isFrozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(config)).toBe(true);
  });
});

describe("precedence", () => {
  test("flag beats environment beats file beats default", () => {
    const text = "server: { port: 1, host: 127.0.0.2 }\ncontrol: { port: 2, host: 127.0.0.3 }";
    const environment = { PORT: "3", HOST: "127.0.0.4", CONTROL_PORT: "4", CONTROL_HOST: "127.0.0.5" };
    const flags = { port: 5, host: "127.0.0.6", controlPort: 6 };
    expect(good(text).config).toMatchObject({
      server: { port: 1, host: "127.0.0.2" },
      control: { port: 2, host: "127.0.0.3" },
    });
    expect(good(text, environment).config).toMatchObject({
      server: { port: 3, host: "127.0.0.4" },
      control: { port: 4, host: "127.0.0.5" },
    });
    expect(good(text, environment, flags).config).toMatchObject({
      server: { port: 5, host: "127.0.0.6" },
      control: { port: 6, host: "127.0.0.5" },
    });
  });

  test("an empty variable counts as unset", () => {
    expect(good("server: { port: 1 }", { PORT: "", ARK_API_KEY: "", LOG_LEVEL: "" }).config.server.port).toBe(
      1,
    );
  });

  test("the environment speaks of the first upstream", () => {
    const text =
      "upstreams: { one: { api_keys: a }, two: { base_url: 'https://b.example/v3', api_keys: [b, c] } }";
    const environment = { ARK_BASE_URL: "https://c.example/api/v3//", ARK_API_KEY: "d, e,d" };
    expect(good(text, environment).config.upstreams).toEqual([
      {
        name: "one",
        kind: "ark",
        baseUrl: "https://c.example/api/v3",
        anthropicBaseUrl: "https://c.example/api/compatible",
        apiKeys: ["d", "e"],
      },
      {
        name: "two",
        kind: "ark",
        baseUrl: "https://b.example/v3",
        anthropicBaseUrl: null,
        apiKeys: ["b", "c"],
      },
    ]);
  });

  test("log level and format come from the environment", () => {
    const { log } = good("", { LOG_LEVEL: "trace", LOG_FORMAT: "pretty" }).config;
    expect(log).toEqual({ level: "trace", format: "pretty" });
  });

  test.each([
    [{ PORT: "65536" }, "environment: PORT: expected a port"],
    [{ PORT: "5000x" }, "environment: PORT: expected a port"],
    [{ CONTROL_PORT: "-1" }, "environment: CONTROL_PORT: expected a port"],
    [{ HOST: "a b" }, "environment: HOST: expected an address"],
    [{ ARK_BASE_URL: "ark.example" }, "environment: ARK_BASE_URL: expected an http(s) URL"],
    [{ VOLCANO_PROXY_MODELS: "fast" }, "environment: VOLCANO_PROXY_MODELS: expected alias=model"],
    [{ VOLCANO_PROXY_MODELS: "fast=" }, "environment: VOLCANO_PROXY_MODELS: expected alias=model"],
    [{ VOLCANO_PROXY_MODELS: "a=b,a=c" }, "environment: VOLCANO_PROXY_MODELS: expected alias=model"],
    [{ LOG_LEVEL: "loud" }, "environment: LOG_LEVEL: expected one of fatal, error"],
    [{ LOG_FORMAT: "xml" }, "environment: LOG_FORMAT: expected json or pretty"],
    [{ PORT: "5001" }, "environment: PORT: the data plane and the control plane cannot share port 5001"],
  ])("%j is wrong", (environment, problem) => {
    expect(bad("", environment).join("\n")).toContain(problem);
  });

  test("a flag is checked too", () => {
    expect(bad("", {}, { port: 65_536 })[0]).toContain("command line: --port: expected a port");
    expect(bad("", {}, { host: "a b" })[0]).toContain("command line: --host: expected an address");
  });
});

describe("references to the environment", () => {
  const port = (value: string, environment = {}) =>
    good(`server:\n  port: ${value}\n`, environment).config.server.port;

  test("become what the setting is", () => {
    expect(port(`\${P}`, { P: "7" })).toBe(7);
    expect(port(`"\${P}"`, { P: "7" })).toBe(7);
    expect(port(`\${P:-8}`)).toBe(8);
    expect(port(`\${P:-8}`, { P: "" })).toBe(8);
    expect(port(`\${P}0\${Q:-1}`, { P: "7" })).toBe(701);
    const { heartbeat, defaultModel } = good(
      `default_model: \${D}\nheartbeat: { before_first_byte: '\${B}' }`,
      {
        B: "false",
        D: "null",
      },
    ).config;
    expect([heartbeat.beforeFirstByte, defaultModel]).toEqual([false, null]);
  });

  test("stay text where a text is wanted, and are not searched again", () => {
    const keys = (environment: object) =>
      good(`upstreams:\n  ark:\n    api_keys: \${K:-}\n`, { ...environment }).config.upstreams[0]?.apiKeys;
    expect(keys({ K: "12345" })).toEqual(["12345"]);
    expect(keys({ K: `\${HOME}` })).toEqual([`\${HOME}`]);
    expect(keys({})).toEqual([]);
  });

  test("stand for themselves after a second dollar", () => {
    expect(alias(`models:\n  fast: a$\${B}\n`, "fast")?.targets[0]?.model).toBe(`a\${B}`);
  });

  test.each([
    [`\${P}`, "the environment variable P is not set"],
    [`\${P`, `write \${NAME}`],
    [`\${1}`, `write \${NAME}`],
    [`\${P:-\${Q}}`, `write \${NAME}`],
    [`\${constructor}`, "the environment variable constructor is not set"],
  ])("%s is wrong", (value, problem) => {
    expect(bad(`server:\n  port: ${value}\n`)[0]).toContain(
      `volcano-proxy.yaml:2:9: server.port: ${problem}`,
    );
  });
});

describe("who may reach it", () => {
  const lent = "auth: { mode: passthrough }";

  test("a gateway that lends its key to whoever comes listens on loopback", () => {
    expect(good(lent, { ARK_API_KEY: "k" }).config.server.host).toBe("127.0.0.1");
    expect(good(`upstreams: { ark: { api_keys: k } }\n${lent}`).config.server.host).toBe("127.0.0.1");
    expect(good(lent).config.server.host).toBe("0.0.0.0");
    expect(good("", { ARK_API_KEY: "k" }).config.server.host).toBe("0.0.0.0");
    expect(good("auth: { mode: both }", { ARK_API_KEY: "k" }).config.server.host).toBe("0.0.0.0");
  });

  test.each(["127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"])("%s is loopback", (host) => {
    const text = `server: { host: "${host}" }\n${lent}`;
    expect(good(text, { ARK_API_KEY: "k" }).config.server.host).toBe(host);
  });

  test.each(["0.0.0.0", "::", "10.0.0.1", "example.com", "::ffff:10.0.0.1", "localhost.example"])(
    "%s with a key that is lent is an error that says what to do",
    (host) => {
      const text = `server: { host: "${host}" }\n${lent}`;
      const [problem] = bad(text, { ARK_API_KEY: "k" });
      expect(problem).toContain("volcano-proxy.yaml:1:17: server.host: the gateway holds an Ark key");
      expect(problem).toContain("set auth.mode to keys, use 127.0.0.1");
      expect(good(text).config.server.host).toBe(host);
      expect(good(`server: { host: "${host}" }`, { ARK_API_KEY: "k" }).config.server.host).toBe(host);
    },
  );

  test("wherever the host comes from", () => {
    expect(bad(lent, { ARK_API_KEY: "k", HOST: "::" })[0]).toContain("environment: HOST: the gateway holds");
    expect(bad(lent, { ARK_API_KEY: "k" }, { host: "::" })[0]).toContain(
      "command line: --host: the gateway holds",
    );
  });
});

describe("models", () => {
  test("are laid over the default table; null takes one out", () => {
    const text =
      "models: { deepseek-v3: ep-mine, deepseek-r1-distill-qwen-7b: null, 'gpt-4*': glm-5-2-260617 }";
    const { config } = good(text, { VOLCANO_PROXY_MODELS: "fast=ep-fast, deepseek-r1=ep-r1" });
    expect(config.models.map((model) => [model.alias, model.targets[0]?.model, model.isExample])).toEqual([
      ["deepseek-r1", "ep-r1", false],
      ["deepseek-v3", "ep-mine", false],
      ["deepseek-r1-distill-qwen-32b", "ep-20250218182233-vxkqv", true],
      ["gpt-4*", "glm-5-2-260617", false],
      ["fast", "ep-fast", false],
    ]);
  });

  test("an example id stays an example under another alias", () => {
    expect(alias("models: { mine: ep-20250218144306-sshj5 }", "mine")?.isExample).toBe(true);
  });

  test("an alias of the default table may be set without a target", () => {
    const model = alias("models: { deepseek-r1: { timeouts: { total: 2m } } }", "deepseek-r1");
    expect(model?.targets).toEqual([{ upstream: "ark", model: "ep-20250218144306-sshj5" }]);
    expect(model?.timeouts).toMatchObject({ totalMs: 2 * MINUTE_MS, firstByteMs: 30 * MINUTE_MS });
  });

  test("an alias's timeouts stand over the general ones, those over the defaults", () => {
    const text = [
      "timeouts: { dns: 1s, first_token: 9s }",
      "models: { fast: { targets: [{ model: m }], timeouts: { dns: 2s, first_token: null } } }",
    ].join("\n");
    expect(alias(text, "fast")?.timeouts).toMatchObject({
      dnsMs: 2_000,
      connectMs: 10_000,
      firstTokenMs: null,
    });
    expect(alias(text, "deepseek-r1")?.timeouts).toMatchObject({ dnsMs: 1_000, firstTokenMs: 9_000 });
  });

  test("repairs are added and, with a hyphen, taken away", () => {
    const inForce = (list: string) => [
      ...(alias(`models: { fast: { targets: [{ model: m }], repairs: ${list} } }`, "fast")?.repairs ?? []),
    ];
    const usual = repairs.filter((repair) => repair !== "strip_unsupported");
    expect(inForce("[]")).toEqual(usual);
    expect(inForce("[-developer_role]")).toEqual(usual.filter((repair) => repair !== "developer_role"));
    expect(inForce(`[${usual.map((repair) => `-${repair}`).join(", ")}]`)).toEqual([]);
    expect(inForce("[developer_role]")).toEqual(usual);
    expect(inForce("[strip_unsupported]")).toEqual(repairs);
  });

  test("speak what their target is known to, or what the file says", () => {
    const spoken = (model: string, more = "") => [
      ...(alias(`models: { fast: { targets: [{ model: ${model} }]${more} } }`, "fast")?.speaks ?? []),
    ];
    expect(spoken("ep-mine")).toEqual(["chat"]);
    expect(spoken("doubao-seed-2-0-lite-260215")).toEqual(["chat", "responses", "messages"]);
    expect(spoken("doubao-1-5-pro-32k-250115")).toEqual(["chat"]);
    expect(spoken("ep-mine", ", speaks: [chat, responses]")).toEqual(["chat", "responses"]);
    expect(alias("models: { fast: { targets: [{ model: m }], compat: openai } }", "fast")?.compat).toBe(
      "openai",
    );
  });

  test("fill in what OpenAI requires where the file says so, for all or for one", () => {
    const one = "one: { targets: [{ model: m }], compat: verbatim }";
    const { config } = good(`compat: openai\nmodels: { ${one}, two: m }`);
    const compats = new Map(config.models.map((model) => [model.alias, model.compat]));
    expect(config.compat).toBe("openai");
    expect(["one", "two", "deepseek-r1"].map((name) => compats.get(name))).toEqual([
      "verbatim",
      "openai",
      "openai",
    ]);
  });

  test("the default model may be null, and any alias", () => {
    expect(good("default_model: null").config.defaultModel).toBeNull();
    expect(good("default_model: fast\nmodels: { fast: m }").config.defaultModel).toBe("fast");
    expect(good("default_model: fast", { VOLCANO_PROXY_MODELS: "fast=m" }).config.defaultModel).toBe("fast");
  });
});

describe("prices", () => {
  const priceOf = (price: string) =>
    alias(`models: { fast: { targets: [{ model: ep-mine }], price: ${price} } }`, "fast")?.price ?? null;
  const anyLength = { inputTokensMax: null, outputTokensMax: null };

  test("are whole micro-yuan, and have a version that is made of the figures", () => {
    const price = priceOf("{ input: 0.15, cached_input: 0.03, output: 1.5 }");
    expect(price).toEqual({
      version: expect.stringMatching(/^config-[0-9a-f]{8}$/),
      tiers: [{ ...anyLength, input: 150_000, cachedInput: 30_000, output: 1_500_000 }],
    });
    const version = price?.version;
    expect(priceOf("[{ output: 1.5, cached_input: 0.03, input: 0.15 }]")?.version).toBe(version);
    const others = [
      "{ input: 0.15, cached_input: 0.03, output: 1.51 }",
      "{ input: 0.15, output: 1.5 }",
      "[{ up_to_input_tokens: 9, input: 0.15, cached_input: 0.03, output: 1.5 }]",
    ];
    const versions = others.map((other) => priceOf(other)?.version);
    expect(new Set([...versions, version]).size).toBe(others.length + 1);
  });

  test("may be tiers, by the length of the request and of the answer", () => {
    const tiers = [
      "{ up_to_input_tokens: 32768, up_to_output_tokens: 204, input: 0.8, output: 2 }",
      "{ up_to_input_tokens: 32768, input: 0.8, output: 8 }",
      "{ input: 1.2, cached_input: 0.16, output: 16 }",
    ];
    expect(priceOf(`[${tiers.join(", ")}]`)?.tiers).toEqual([
      { inputTokensMax: 32_768, outputTokensMax: 204, input: 800_000, cachedInput: null, output: 2_000_000 },
      { inputTokensMax: 32_768, outputTokensMax: null, input: 800_000, cachedInput: null, output: 8_000_000 },
      { ...anyLength, input: 1_200_000, cachedInput: 160_000, output: 16_000_000 },
    ]);
  });

  const tier = (bound: string) => `{ ${bound} input: 1, output: 1 }`;
  test.each([
    [tier("up_to_input_tokens: 9,"), tier("up_to_input_tokens: 9,")],
    [tier("up_to_input_tokens: 9,"), tier("up_to_input_tokens: 8,")],
    [tier(""), tier("up_to_input_tokens: 9,")],
    [tier(""), tier("")],
    [tier("up_to_input_tokens: 9,"), tier("up_to_input_tokens: 9, up_to_output_tokens: 9,")],
    [tier("up_to_input_tokens: 9,"), tier("up_to_output_tokens: 9,")],
  ])("tiers out of order are refused: %s, %s", (one, other) => {
    const text = `models: { fast: { targets: [{ model: a }], price: [${one}, ${other}] } }`;
    expect(bad(text)[0]).toContain("the narrower before the wider");
  });

  test("at most sixteen tiers", () => {
    const tiers = (count: number) =>
      `[${Array.from({ length: count }, (_, index) => tier(`up_to_input_tokens: ${index + 1},`)).join(", ")}]`;
    expect(priceOf(tiers(16))?.tiers).toHaveLength(16);
    expect(bad(`models: { fast: { targets: [{ model: a }], price: ${tiers(17)} } }`)[0]).toContain(
      "1 to 16 tiers",
    );
  });

  test("are Ark's where the target, or the price, is one of Ark's ids", () => {
    const flash = {
      version: "ark-2026-08-27",
      tiers: [{ ...anyLength, input: 3_000_000, cachedInput: 100_000, output: 9_000_000 }],
    };
    expect(alias("models: { fast: deepseek-v4-flash-ga-260731 }", "fast")?.price).toEqual(flash);
    expect(priceOf("deepseek-v4-flash-ga-260731")).toEqual(flash);
    expect(priceOf("doubao-seed-2-0-lite-260428")?.tiers).toHaveLength(3);
    expect(alias("models: { fast: doubao-seed-2-0-lite-260428 }", "fast")?.price?.tiers).toHaveLength(3);
  });

  test("the file's figures stand over Ark's, also where they say free", () => {
    const text = (price: string) =>
      `models: { fast: { targets: [{ model: glm-5-2-260617 }], price: ${price} } }`;
    const free = alias(text("{ input: 0, output: 0 }"), "fast")?.price;
    expect(free?.tiers).toEqual([{ ...anyLength, input: 0, cachedInput: null, output: 0 }]);
    expect(free?.version).toMatch(/^config-/);
  });

  test("are unknown where nobody says them", () => {
    expect(alias("models: { fast: ep-mine }", "fast")?.price).toBeNull();
    expect(alias("models: { fast: glm-4-7-251222 }", "fast")?.price).toBeNull();
  });
});

describe("the ledger", () => {
  const ledger = (settings: string, environment = {}) =>
    good(`ledger: ${settings}`, environment).config.ledger;

  test("what draining may cost is bounded, whether or not it is said", () => {
    expect(ledger("{ client_loss: drain }").clientLoss).toEqual({
      kind: "drain",
      forMs: 30_000,
      tokensMax: 8_192,
      drainsMax: 100,
    });
    const own = "{ client_loss: drain, drain_for: 1500ms, drain_tokens_max: 1, drains_max: 2 }";
    expect(ledger(own).clientLoss).toEqual({ kind: "drain", forMs: 1_500, tokensMax: 1, drainsMax: 2 });
    expect(ledger("{ drain_for: 1s }").clientLoss).toEqual({ kind: "cancel" });
  });

  test("retention is longer than a timer can wait", () => {
    const retentionDays = (text: string) => ledger(`{ retention: ${text} }`).retentionMs / 86_400_000;
    expect(["1d", "24h", "90d", "3650d"].map(retentionDays)).toEqual([1, 1, 90, 3_650]);
  });

  test("durability and what a failure does", () => {
    expect(ledger("{ durability: power, on_failure: continue }")).toMatchObject({
      durability: "power",
      onFailure: "continue",
    });
  });

  test("what a bill calls its columns", () => {
    expect(ledger("{ bill_columns: { model: 实例ID } }").billColumns).toEqual({ model: "实例ID" });
  });

  test("its folder is absolute, wherever it is named from", () => {
    const folder = (name: string) => {
      const source = { environment: { VOLCANO_PROXY_DATA: name }, flags: {}, workingFolder: "/srv/gateway" };
      const reading = readConfig(source);
      return reading.kind === "ok" ? reading.config.ledger.folder : linesOf(reading);
    };
    expect(folder("")).toBe("/srv/gateway/data");
    expect(folder("books")).toBe("/srv/gateway/books");
    expect(folder("../books/")).toBe("/srv/books");
    expect(folder("/var/lib/books")).toBe("/var/lib/books");
    expect(folder("a\0b")).toEqual(["environment: VOLCANO_PROXY_DATA: expected the path of a folder"]);
  });

  test("the admin key comes from the environment alone", () => {
    const key = "0123456789abcdef";
    expect(good("", { VOLCANO_PROXY_ADMIN_KEY: key }).config.control.adminKey).toBe(key);
    expect(good("", { VOLCANO_PROXY_ADMIN_KEY: "x".repeat(256) }).config.control.adminKey).toHaveLength(256);
    expect(good("", { VOLCANO_PROXY_ADMIN_KEY: "" }).config.control.adminKey).toBeNull();
    expect(bad(`control: { admin_key: ${key} }`)[0]).toContain("unknown setting `admin_key`");
  });
});

describe("warnings", () => {
  const kinds = (text: string, environment = {}) =>
    good(text, environment).warnings.map((warning) => warning.reason.kind);

  test.each([
    ["https://ark.cn-beijing.volces.com/api/coding/v3", ["plan-base-url"]],
    ["https://ark.cn-beijing.volces.com/api/plan/v3/", ["plan-base-url"]],
    ["https://ark.cn-beijing.volces.com/api/v3", []],
    ["https://ark.cn-beijing.volces.com/api/planning", []],
    ["http://ark.example/api/v3", ["key-in-the-clear"]],
    ["http://127.0.0.1:8080", []],
    ["http://[::1]:8080", []],
  ])("%s: %j", (baseUrl, warnings) => {
    expect(kinds("", { ARK_BASE_URL: baseUrl })).toEqual(warnings);
  });

  test("a control plane that others can reach, and a model that ends", () => {
    expect(kinds("", { CONTROL_HOST: "0.0.0.0" })).toEqual(["control-open"]);
    expect(kinds("models: { fast: doubao-seed-1-8-251228 }")).toEqual(["retiring-model"]);
  });
});

describe("the masked settings", () => {
  const text = [
    "upstreams: { ark: { base_url: 'https://ark.example/api/v3' } }",
    "models: { deepseek-v3: null, fast: { targets: [{ model: m }], repairs: [-developer_role], timeouts: { dns: 1.5s },",
    "  price: { input: 0.3, output: 0.6 } },",
    "  tiers: { targets: [{ model: m }], price: [{ up_to_input_tokens: 9, input: 0.1, output: 0 }] },",
    "  named: { targets: [{ model: ep-mine }], price: doubao-seed-1-8-251228, limits: { tokens_per_minute: 5 } }, listed: glm-5-2-260617 }",
    "server: { body_bytes_max: 1000000, cors: ['*'] }",
    "timeouts: { drain: 90s, first_token: 4m }",
    "ledger: { durability: power, retention: 400d, client_loss: drain, drain_for: 1m, on_failure: continue,",
    "  bill_columns: { day: 账单日期, cost: '应付金额(元)' } }",
    "limits: { requests_per_minute: 60, queue: { waiting_max: 7 }, total: { concurrent: 9,",
    "  budgets: [{ cny: 0.000001, per: all }, { tokens: 5, per: week }] } }",
  ].join("\n");

  test("read again, resolve to the same", () => {
    const { config } = good(text);
    expect(good(JSON.stringify(maskedSettings(config))).config).toEqual(config);
  });

  test("say whose price holds, by its id where it is Ark's", () => {
    const settings = maskedSettings(good(text).config) as { models: Record<string, { price?: unknown }> };
    expect(settings.models["named"]?.price).toBe("doubao-seed-1-8-251228");
    expect(settings.models["listed"]?.price).toBe("glm-5-2-260617");
    expect(settings.models["fast"]?.price).toEqual({ input: 0.3, output: 0.6 });
    expect(settings.models["tiers"]?.price).toEqual([{ up_to_input_tokens: 9, input: 0.1, output: 0 }]);
    expect(settings.models["deepseek-r1"]?.price).toBeUndefined();
  });

  test("do not show the admin key, nor the one for reading", () => {
    const { config } = good("", {
      VOLCANO_PROXY_ADMIN_KEY: "0123456789abcdef",
      VOLCANO_PROXY_READ_KEY: "fedcba9876543210123",
    });
    expect(JSON.stringify(maskedSettings(config))).not.toContain("0123");
  });

  test("show three characters of a key at most, and of a short one none", () => {
    const { config } = good("", { ARK_API_KEY: "ark-0123456789abcdef,shortkey" });
    const printed = JSON.stringify(maskedSettings(config));
    expect(printed).toContain('"ark…(20)","…(8)"');
    expect(printed).not.toContain("0123");
    expect(printed).not.toContain("short");
  });
});
