/** Proves what a configuration resolves to: which of the four places holds, and what follows from what. */
import { describe, expect, test } from "vitest";
import { exampleModels } from "../../../src/config/defaults.ts";
import { maskedSettings } from "../../../src/config/masked.ts";
import { readConfig } from "../../../src/config/read-config.ts";
import { bad, good } from "./reading.ts";

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
    expect(config.control).toEqual({ host: "127.0.0.1", port: 5_001 });
    expect(config.upstreams).toEqual([
      { name: "ark", kind: "ark", baseUrl: "https://ark.cn-beijing.volces.com/api/v3", apiKeys: [] },
    ]);
    expect(config.models.map((model) => [model.alias, model.targets[0]?.model])).toEqual([...exampleModels]);
    expect(config.models.every((model) => model.isExample && model.price === null)).toBe(true);
    expect(config.defaultModel).toBe("deepseek-r1");
    expect(config.passthroughModels).toContain("*-######");
    expect([...config.repairs]).toEqual(["developer_role", "both_token_limits"]);
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
      { name: "one", kind: "ark", baseUrl: "https://c.example/api/v3", apiKeys: ["d", "e"] },
      { name: "two", kind: "ark", baseUrl: "https://b.example/v3", apiKeys: ["b", "c"] },
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
  test("with a key of its own the gateway listens on loopback", () => {
    expect(good("", { ARK_API_KEY: "k" }).config.server.host).toBe("127.0.0.1");
    expect(good("upstreams: { ark: { api_keys: k } }").config.server.host).toBe("127.0.0.1");
    expect(good("").config.server.host).toBe("0.0.0.0");
  });

  test.each(["127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"])("%s is loopback", (host) => {
    expect(good(`server: { host: "${host}" }`, { ARK_API_KEY: "k" }).config.server.host).toBe(host);
  });

  test.each(["0.0.0.0", "::", "10.0.0.1", "example.com", "::ffff:10.0.0.1", "localhost.example"])(
    "%s with a key is an error that says what to do",
    (host) => {
      const [problem] = bad(`server: { host: "${host}" }`, { ARK_API_KEY: "k" });
      expect(problem).toContain("volcano-proxy.yaml:1:17: server.host: the gateway holds an Ark key");
      expect(problem).toContain("use 127.0.0.1");
      expect(good(`server: { host: "${host}" }`).config.server.host).toBe(host);
    },
  );

  test("wherever the host comes from", () => {
    expect(bad("", { ARK_API_KEY: "k", HOST: "::" })[0]).toContain("environment: HOST: the gateway holds");
    expect(bad("", { ARK_API_KEY: "k" }, { host: "::" })[0]).toContain(
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

  test("prices are whole micro-yuan, from the file or from Ark's list where it has one price", () => {
    const own =
      "models: { fast: { targets: [{ model: m }], price: { input: 0.15, cached_input: 0.03, output: 1.5 } } }";
    expect(alias(own, "fast")?.price).toEqual({ input: 150_000, cachedInput: 30_000, output: 1_500_000 });
    expect(alias("models: { fast: deepseek-v4-flash-ga-260731 }", "fast")?.price).toEqual({
      input: 3_000_000,
      cachedInput: 100_000,
      output: 9_000_000,
    });
    expect(alias("models: { fast: doubao-seed-2-0-lite-260428 }", "fast")?.price).toBeNull();
    expect(alias("models: { fast: ep-mine }", "fast")?.price).toBeNull();
  });

  test("repairs are added and, with a hyphen, taken away", () => {
    const repairs = (list: string) => [
      ...(alias(`models: { fast: { targets: [{ model: m }], repairs: ${list} } }`, "fast")?.repairs ?? []),
    ];
    expect(repairs("[]")).toEqual(["developer_role", "both_token_limits"]);
    expect(repairs("[-developer_role]")).toEqual(["both_token_limits"]);
    expect(repairs("[-developer_role, -both_token_limits]")).toEqual([]);
    expect(repairs("[developer_role]")).toEqual(["developer_role", "both_token_limits"]);
  });

  test("the default model may be null, and any alias", () => {
    expect(good("default_model: null").config.defaultModel).toBeNull();
    expect(good("default_model: fast\nmodels: { fast: m }").config.defaultModel).toBe("fast");
    expect(good("default_model: fast", { VOLCANO_PROXY_MODELS: "fast=m" }).config.defaultModel).toBe("fast");
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
    "  price: { input: 0.3, output: 0.6 } } }",
    "server: { body_bytes_max: 1000000, cors: ['*'] }",
    "timeouts: { drain: 90s, first_token: 4m }",
  ].join("\n");

  test("read again, resolve to the same", () => {
    const { config } = good(text);
    expect(good(JSON.stringify(maskedSettings(config))).config).toEqual(config);
  });

  test("show three characters of a key at most, and of a short one none", () => {
    const { config } = good("", { ARK_API_KEY: "ark-0123456789abcdef,shortkey" });
    const printed = JSON.stringify(maskedSettings(config));
    expect(printed).toContain('"ark…(20)","…(8)"');
    expect(printed).not.toContain("0123");
    expect(printed).not.toContain("short");
  });
});
