/** Proves who may come in by which settings, and that a key of the gateway's is never promised to Ark. */
import { describe, expect, test } from "vitest";
import { bad, good } from "./reading.ts";

const modeOf = (text: string, environment = {}) => good(text, environment).config.auth.mode;

describe("the mode", () => {
  test("is keys once the gateway holds an Ark key, wherever that is set", () => {
    expect(modeOf("")).toBe("passthrough");
    expect(modeOf("", { ARK_API_KEY: "k" })).toBe("keys");
    expect(modeOf("upstreams: { ark: { api_keys: [k] } }")).toBe("keys");
    expect(modeOf("upstreams: { ark: { api_keys: [] } }")).toBe("passthrough");
    expect(modeOf(`upstreams: { ark: { api_keys: '\${K:-}' } }`, { K: "k" })).toBe("keys");
  });

  test.each(["passthrough", "keys", "both"])("%s is kept where it is said", (mode) => {
    expect(modeOf(`auth: { mode: ${mode} }`, { ARK_API_KEY: "k" })).toBe(mode);
    expect(modeOf(`auth: { mode: '\${MODE}' }`, { ARK_API_KEY: "k", MODE: mode })).toBe(mode);
  });
});

describe("with keys", () => {
  const two = (rest: string) =>
    ["upstreams:", "  one: { api_keys: k }", "  two: { base_url: 'https://two.example' }", rest].join("\n");

  test("an upstream that an alias uses needs api_keys: with file, line and column", () => {
    const text = two("models: { fast: { targets: [{ upstream: two, model: m }] } }");
    expect(bad(text)).toEqual([
      "volcano-proxy.yaml:3:8: upstreams.two.api_keys: auth.mode is keys, and the upstream `two` has no api_keys: " +
        "a key of the gateway's never goes to Ark; give it api_keys, or set auth.mode to both or passthrough",
    ]);
    expect(bad(`${text}\nauth: { mode: keys }`)).toHaveLength(1);
  });

  test("one that nothing uses may be without", () => {
    expect(modeOf(two(""))).toBe("keys");
  });

  test("the first upstream serves names that are passed through, and needs them for these alone", () => {
    const text = [
      "upstreams: { one: {}, two: { api_keys: k } }",
      "models: { deepseek-r1: { targets: [{ upstream: two, model: m }] }, deepseek-v3: null,",
      "  deepseek-r1-distill-qwen-7b: null, deepseek-r1-distill-qwen-32b: null }",
    ].join("\n");
    expect(bad(text)[0]).toContain("volcano-proxy.yaml:1:19: upstreams.one.api_keys: auth.mode is keys");
    expect(modeOf(`${text}\npassthrough_models: []`)).toBe("keys");
    expect(modeOf(text, { ARK_API_KEY: "k" })).toBe("keys");
  });

  test("an empty api_keys is pointed at, and without any upstream the mode is", () => {
    const [empty] = bad(`auth: { mode: keys }\nupstreams:\n  ark:\n    api_keys: \${K:-}\n`);
    expect(empty).toContain("volcano-proxy.yaml:4:15: upstreams.ark.api_keys: auth.mode is keys");
    const [none] = bad("auth: { mode: keys }");
    expect(none).toContain("volcano-proxy.yaml:1:15: auth.mode: auth.mode is keys, and the upstream `ark`");
    expect(modeOf("auth: { mode: keys }", { ARK_API_KEY: "k" })).toBe("keys");
  });
});

describe("with both", () => {
  const warningsOf = (text: string, environment = {}) =>
    good(text, environment).warnings.map(({ path, line, reason }) => [path, line, reason.kind]);

  test("an upstream without api_keys serves callers with an Ark key of their own: a warning", () => {
    expect(warningsOf("auth: { mode: both }")).toEqual([["auth.mode", 1, "own-keys-only"]]);
    expect(warningsOf("upstreams:\n  ark: {}\nauth: { mode: both }")).toEqual([
      ["upstreams.ark.api_keys", 2, "own-keys-only"],
    ]);
    expect(warningsOf("auth: { mode: both }", { ARK_API_KEY: "k" })).toEqual([]);
    expect(warningsOf("auth: { mode: passthrough }")).toEqual([]);
  });
});

describe("the key for reading", () => {
  const admin = "0123456789abcdef";
  const other = "fedcba9876543210";

  test("comes from the environment alone", () => {
    const { control } = good("", { VOLCANO_PROXY_READ_KEY: other, VOLCANO_PROXY_ADMIN_KEY: admin }).config;
    expect(control).toMatchObject({ adminKey: admin, readKey: other });
    expect(good("", { VOLCANO_PROXY_READ_KEY: admin }).config.control).toMatchObject({
      adminKey: null,
      readKey: admin,
    });
    expect(good("", { VOLCANO_PROXY_READ_KEY: "" }).config.control.readKey).toBeNull();
    expect(bad(`control: { read_key: ${other} }`)[0]).toContain("unknown setting `read_key`");
  });

  test("may not be the admin key, and neither is repeated", () => {
    const problems = bad("", { VOLCANO_PROXY_READ_KEY: admin, VOLCANO_PROXY_ADMIN_KEY: admin });
    expect(problems).toEqual([
      "environment: VOLCANO_PROXY_READ_KEY: this is the admin key, and would open everything; choose another one for reading",
    ]);
  });

  test.each(["0123456789abcde", "0123456789 abcdef", " ", "x".repeat(257)])("%j is refused", (key) => {
    expect(bad("", { VOLCANO_PROXY_READ_KEY: key })).toEqual([
      "environment: VOLCANO_PROXY_READ_KEY: expected 16 to 256 visible ASCII characters without blanks",
    ]);
  });
});
