/** Proves that every kind of fault is told with its line, its column and what to do. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { placeText, reasonText } from "../../../src/config/problem.ts";
import { readConfig } from "../../../src/config/read-config.ts";
import { CONFIG_BYTES_MAX } from "../../../src/config/yaml-tree.ts";
import { bad, good, linesOf, read } from "./reading.ts";

describe("names", () => {
  test("an unknown setting names the nearest one", () => {
    expect(bad("server:\n  prot: 5000\n")).toEqual([
      "volcano-proxy.yaml:2:3: server.prot: unknown setting `prot`; the nearest known name is `port`",
    ]);
  });

  test("at every depth, also inside an alias", () => {
    const text = "models:\n  fast:\n    targets: [{ model: a }]\n    timeouts: { conect: 5s }\n";
    expect(bad(text)).toEqual([
      "volcano-proxy.yaml:4:17: models.fast.timeouts.conect: unknown setting `conect`; the nearest known name is `connect`",
    ]);
  });

  test("where none is near, the known ones are listed", () => {
    expect(bad("retries: { zzzzzz: 1 }")).toEqual([
      "volcano-proxy.yaml:1:12: retries.zzzzzz: unknown setting `zzzzzz`; known here: attempts_max",
    ]);
  });

  test.each(["workers: 1", "files_bytes_max: 1MiB"])(
    "what is not built yet is unknown: server %s",
    (setting) => {
      expect(bad(`server:\n  ${setting}\n`)[0]).toMatch(
        /^volcano-proxy.yaml:2:3: server\..*: unknown setting/,
      );
    },
  );

  test.each(["ledger: { sink: sqlite }", "limits: { budgets: [] }", "retries: { budget_ratio: 0.2 }"])(
    "nor is %s known",
    (text) => {
      expect(bad(text)[0]).toMatch(/unknown setting/);
    },
  );

  test("a name set twice, in any of YAML's two styles", () => {
    expect(bad("server: { port: 1, port: 2 }")).toEqual([
      "volcano-proxy.yaml:1:20: server.port: `port` is set twice; keep one",
    ]);
    expect(bad("models:\n  fast: a\n  'fast': b\n")[0]).toMatch(/:3:3: models.fast: `fast` is set twice/);
  });

  test("names that are no text, and a name that JavaScript keeps for itself", () => {
    expect(bad("[1]: 2")[0]).toMatch(/:1:1: the name of a setting must be text/);
    expect(bad("models: { __proto__: a }")[0]).toMatch(/:1:11: models.__proto__: the name must be/);
    expect(bad("models: { constructor: null }")[0]).toMatch(/null removes an alias/);
    expect(bad("models: { 'two words': a }")[0]).toMatch(/:1:11: models.two words: the name must be/);
  });
});

describe("values", () => {
  test.each([
    ["server: { port: 65536 }", "1:17: server.port: expected a port"],
    ["server: { port: -1 }", "1:17: server.port: expected a port"],
    ["server: { port: 80.5 }", "1:17: server.port: expected a port"],
    ['server: { port: "80" }', "1:17: server.port: expected a port"],
    ["server: { host: 'a b' }", "1:17: server.host: expected an address"],
    ["server: { body_bytes_max: 1023B }", "1:27: server.body_bytes_max: expected a size"],
    ["server: { body_bytes_max: 1023 }", "1:27: server.body_bytes_max: expected a size"],
    ["server: { body_bytes_max: 2GiB }", "1:27: server.body_bytes_max: expected a size"],
    ["server: { in_flight_max: 0 }", "1:26: server.in_flight_max: expected a whole number"],
    ["server: { cors: ['https://a.example/'] }", "1:18: server.cors[0]: expected an origin"],
    ["timeouts: { connect: 5 }", "1:22: timeouts.connect: expected a duration"],
    ["timeouts: { connect: 0s }", "1:22: timeouts.connect: expected a duration"],
    ["timeouts: { connect: 25d }", "1:22: timeouts.connect: expected a duration"],
    ["timeouts: { connect: null }", "1:22: timeouts.connect: expected a duration"],
    ["heartbeat: { before_first_byte: yes }", "1:33: heartbeat.before_first_byte: expected true or false"],
    ["retries: { attempts_max: 11 }", "1:26: retries.attempts_max: expected a whole number"],
    ["auth: { mode: key }", "1:15: auth.mode: expected one of passthrough, keys, both"],
    ["upstreams: { a: { kind: openai } }", "1:25: upstreams.a.kind: expected ark"],
    ["upstreams: {}", "1:12: upstreams: there must be at least one upstream"],
    ["models: { fast: 5 }", "1:17: models.fast: expected an endpoint id"],
    ["models: { fast: [a] }", "1:17: models.fast: expected an endpoint id"],
    ["models: { fast: {} }", "1:17: models.fast: there is no target"],
    [
      "models: { fast: { targets: [] } }",
      "1:28: models.fast.targets: expected a list with exactly one target",
    ],
    [
      "models: { fast: { targets: [{}] } }",
      "1:29: models.fast.targets[0].model: missing; expected an endpoint",
    ],
    [
      "models: { fast: { targets: [{ model: a }], price: { input: 1 } } }",
      "price.output: missing; expected CNY",
    ],
    [
      "models: { fast: { targets: [{ model: a }], price: doubao-seed-2-0-lite-260429 } }",
      "1:51: models.fast.price: no list price is known of `doubao-seed-2-0-lite-260429`; the nearest known name is `doubao-seed-2-0-lite-260428`",
    ],
    [
      "models: { fast: { targets: [{ model: a }], price: glm-4-7-251222 } }",
      "models.fast.price: no list price is known of `glm-4-7-251222`; or write `input` and `output` in CNY",
    ],
    [
      "models: { fast: { targets: [{ model: a }], price: [{ input: 1, output: 1, up_to_inputs: 5 }] } }",
      "models.fast.price[0].up_to_inputs: unknown setting `up_to_inputs`; the nearest known name is `up_to_input_tokens`",
    ],
    [
      "models: { fast: { targets: [{ model: a }], price: [{ up_to_input_tokens: 0, input: 1, output: 1 }] } }",
      "models.fast.price[0].up_to_input_tokens: expected a whole number of tokens from 1",
    ],
    [
      "models: { fast: { targets: [{ model: a }], price: [{ input: 1 }] } }",
      "models.fast.price[0].output: missing; expected CNY",
    ],
    ["models: { fast: { targets: [{ model: a }], price: [] } }", "models.fast.price: expected `input`,"],
    ["models: { fast: { targets: [{ model: a }], price: 5 } }", "models.fast.price: expected `input`,"],
    ["ledger: { durability: disk }", "1:23: ledger.durability: expected process or power"],
    ["ledger: { client_loss: keep }", "1:24: ledger.client_loss: expected cancel or drain"],
    ["ledger: { on_failure: stop }", "1:23: ledger.on_failure: expected refuse or continue"],
    [
      "ledger: { retention: 23h }",
      "1:22: ledger.retention: expected a duration from 1d to 3650d, such as 90d",
    ],
    ["ledger: { retention: 3650.001d }", "1:22: ledger.retention: expected a duration from 1d to 3650d"],
    ["ledger: { drain_for: 25d }", "1:22: ledger.drain_for: expected a duration such as 250ms"],
    ["ledger: { drain_tokens_max: 0 }", "1:29: ledger.drain_tokens_max: expected a whole number of tokens"],
    ["ledger: { drain_tokens_max: 1000000001 }", "1:29: ledger.drain_tokens_max: expected a whole number"],
    ["ledger: { drains_max: 100001 }", "1:23: ledger.drains_max: expected a whole number from 1 to 100000"],
    ["ledger: { bill_columns: { days: x } }", "unknown setting `days`; the nearest known name is `day`"],
    ["ledger: { bill_columns: { day: ' x' } }", "ledger.bill_columns.day: expected the head of a column"],
    ["ledger: { drain_form: 1s }", "unknown setting `drain_form`; the nearest known name is `drain_for`"],
    [
      "models: { fast: { targets: [{ model: a }], repairs: [x] } }",
      "repairs[0]: expected one of developer_role",
    ],
    ["models: { deepseek-r0: null }", "models.deepseek-r0: null removes an alias of the default table"],
    ["default_model: deepseek-r2", "1:16: default_model: the default model `deepseek-r2` is no alias"],
    [
      "models: { deepseek-r1: null }",
      "1:24: models.deepseek-r1: the default model `deepseek-r1` is no alias",
    ],
    [
      "control: { port: 5000 }",
      "1:18: control.port: the data plane and the control plane cannot share port 5000",
    ],
    ["server: 5", "1:9: server: expected settings by name"],
    ["5", "1:1: expected settings by name"],
  ])("%s", (text, problem) => {
    expect(bad(text).join("\n")).toContain(problem);
  });

  test("more than one target says that routing is not built yet", () => {
    const [problem] = bad("models:\n  fast:\n    targets:\n      - model: a\n      - model: b\n");
    expect(problem).toBe(
      "volcano-proxy.yaml:4:7: models.fast.targets: expected a list with exactly one target (routing over several targets is not built yet)",
    );
  });

  test("an unknown upstream names the nearest", () => {
    expect(bad("models: { fast: { targets: [{ upstream: arc, model: a }] } }")).toEqual([
      "volcano-proxy.yaml:1:41: models.fast.targets[0].upstream: no upstream is called `arc`; the nearest known name is `ark`",
    ]);
  });

  test("every fault is told, in the order of the lines", () => {
    const lines = bad("timeout: 5s\nserver:\n  port: x\n  hots: y\n", { PORT: "x" });
    expect(lines.map((line) => line.split(": ").slice(0, 2).join(" "))).toEqual([
      "volcano-proxy.yaml:1:1 timeout",
      "volcano-proxy.yaml:3:9 server.port",
      "volcano-proxy.yaml:4:3 server.hots",
      "environment PORT",
    ]);
  });

  test("a value is never repeated", () => {
    const secret = "ark-secret-value";
    const texts = [
      `upstreams: { ark: { base_url: "https://user:${secret}@ark.example" } }`,
      `upstreams: { ark: { base_url: "https://ark.example?key=${secret}" } }`,
      `upstreams: { ark: { api_keys: ["${secret} ${secret}"] } }`,
      `server: { port: ${secret} }`,
    ];
    for (const text of texts) expect(bad(text).join("\n")).not.toContain(secret);
  });

  test("a secret that is blank is refused, in each place where it may stand", () => {
    for (const keys of ['["a", ""]', '" "', '"a,,b"', '","', '["a,b"]']) {
      expect(bad(`upstreams: { ark: { api_keys: ${keys} } }`)[0]).toContain("expected keys without blanks");
    }
    for (const key of [" ", "a,", "a b"]) {
      expect(bad("", { ARK_API_KEY: key })).toEqual([
        "environment: ARK_API_KEY: expected keys without blanks, as a list or separated by commas; empty for none",
      ]);
    }
  });
});

describe("an admin key", () => {
  test.each([
    "0123456789abcde",
    "0123456789 abcdef",
    "密钥密钥密钥密钥密钥密钥密钥密钥",
    " ",
    "x".repeat(257),
  ])("%j is refused, and not repeated", (key) => {
    expect(bad("", { VOLCANO_PROXY_ADMIN_KEY: key })).toEqual([
      "environment: VOLCANO_PROXY_ADMIN_KEY: expected 16 to 256 visible ASCII characters without blanks",
    ]);
  });
});

describe("the file as a whole", () => {
  test("YAML that does not parse has its line", () => {
    expect(bad("server:\n  port: [1,\n")[0]).toMatch(/^volcano-proxy.yaml:3:1: YAML: /);
    expect(bad("a: 'b\n")[0]).toMatch(/^volcano-proxy.yaml:\d+:\d+: YAML: /);
    expect(bad("a: !!foo b\n")[0]).toMatch(/^volcano-proxy.yaml:1:4: YAML: /);
    expect(bad("a: *b\n")[0]).toMatch(/YAML/);
    expect(bad("---\n---\n")[0]).toMatch(/YAML/);
  });

  test("a reference inside braces that are YAML's own gets the hint that helps", () => {
    expect(bad(`server: { port: \${PORT:-1} }`)[0]).toContain(`put quotes around \${NAME}`);
  });

  test("a name without a value, as where a file is cut off", () => {
    expect(bad("server:\n  port: 1\nmodels:\n  deepseek-r1:\n")).toEqual([
      "volcano-proxy.yaml:4:15: models.deepseek-r1: no value follows; give one, or remove the line",
    ]);
    expect(bad("server:\n")[0]).toMatch(/:1:\d+: server: no value follows/);
  });

  test("bytes that are no UTF-8", () => {
    const bytes = Buffer.concat([Buffer.from("server:\n  host: "), Buffer.from([0xff]), Buffer.from("\n")]);
    const reading = readBytes(bytes);
    expect(reading).toEqual(["x.yaml:2:1: this line is not UTF-8; save the file as UTF-8"]);
  });

  test("the bound on its size: at it, and one byte over it", () => {
    const comment = `#${"x".repeat(CONFIG_BYTES_MAX - 1)}`;
    expect(read(comment).kind).toBe("ok");
    expect(bad(`${comment}x`)).toEqual([
      `volcano-proxy.yaml:1:1: the configuration is larger than ${CONFIG_BYTES_MAX} bytes`,
    ]);
  });

  test("the bounds on depth and on the number of values", () => {
    const nest = (depth: number): string => `models: ${"[".repeat(depth)}1${"]".repeat(depth)}`;
    expect(bad(nest(15))[0]).toContain("expected aliases");
    expect(bad(nest(16))[0]).toContain("nested too deeply");
    expect(bad("[".repeat(200_000))[0]).toContain("nested too deeply");
    const list = (count: number): string => `server: { cors: [${"1,".repeat(count)}] }`;
    expect(bad(list(19_997))[0]).toContain("expected a list of origins");
    expect(bad(list(19_998)).join("\n")).toContain("too many values");
  });

  test("YAML aliases work, and cannot be used to multiply", () => {
    const { config } = good("timeouts: { dns: &short 2s, connect: *short }");
    expect(config.timeouts.connectMs).toBe(2_000);
    const bomb = ["a: &a [1,1,1,1,1,1,1,1,1]", ..."bcdefgh".split("").map(bombLine)].join("\n");
    expect(bad(bomb).join("\n")).toContain("too many values");
    expect(bad("a: &a [*a]").join("\n")).toContain("nested too deeply");
  });

  test("an empty file, and one with nothing but comments, is the defaults", () => {
    expect(good("").config).toEqual(good("# nothing\n").config);
    expect(good("\ufeffserver: { port: 1 }").config.server.port).toBe(1);
  });
});

function bombLine(name: string): string {
  const before = String.fromCharCode(name.charCodeAt(0) - 1);
  return `${name}: &${name} [${Array(9).fill(`*${before}`).join(",")}]`;
}

function readBytes(bytes: Buffer): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  try {
    writeFileSync(join(folder, "x.yaml"), bytes);
    const reading = readConfig({ environment: {}, flags: { config: "x.yaml" }, workingFolder: folder });
    return reading.kind === "broken" ? linesOf(reading) : [];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("finding the file", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "config-"));
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "volcano-proxy.yaml"), "server: { port: 1001 }");
    writeFileSync(join(folder, "named.yaml"), "server: { port: 1002 }");
    symlinkSync("named.yaml", join(folder, "link.yaml"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const readIn = (workingFolder: string, config?: string, variable?: string) =>
    readConfig({ environment: { VOLCANO_PROXY_CONFIG: variable }, flags: { config }, workingFolder });

  test("the flag beats the variable, and that beats the file in the working folder", () => {
    const port = (config?: string, variable?: string) => {
      const reading = readIn(folder, config, variable);
      return reading.kind === "ok" ? [reading.config.server.port, reading.file] : linesOf(reading);
    };
    expect(port()).toEqual([1001, "volcano-proxy.yaml"]);
    expect(port(undefined, "named.yaml")).toEqual([1002, "named.yaml"]);
    expect(port("volcano-proxy.yaml", "named.yaml")).toEqual([1001, "volcano-proxy.yaml"]);
    expect(port("link.yaml")).toEqual([1002, "link.yaml"]);
  });

  test("without a file the defaults hold", () => {
    expect(readIn(join(folder, "empty"))).toMatchObject({ kind: "ok", file: null, digest: null });
  });

  test("a named file that is missing, or no file", () => {
    const lines = (config: string) => {
      const reading = readIn(folder, config);
      return reading.kind === "broken" ? linesOf(reading) : [];
    };
    expect(lines("missing.yaml")).toEqual([
      "missing.yaml: there is no such file; check --config and VOLCANO_PROXY_CONFIG",
    ]);
    expect(lines("named.yaml/x")[0]).toMatch(/^named.yaml\/x: (?:the file cannot be read|there is no such)/);
    expect(lines("empty")).toEqual(["empty: this is not a regular file"]);
    expect(lines("/dev/zero")).toEqual(["/dev/zero: this is not a regular file"]);
  });
});

test("problems speak both languages", () => {
  const reading = read("server: { prot: 1 }");
  if (reading.kind === "ok") expect.fail("broken was expected");
  const [problem] = reading.problems;
  if (problem === undefined) expect.fail("a problem was expected");
  expect(placeText(problem)).toBe("volcano-proxy.yaml:1:11");
  expect(reasonText(problem.reason, "en")).toBe(problem.message);
  expect(reasonText(problem.reason, "zh")).toBe("未知设置项 `prot`；最接近的名称是 `port`");
});
