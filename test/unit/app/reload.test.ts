/** What a reload must never do: put an Ark key behind a port that everybody can reach. */
import { afterEach, describe, expect, test } from "vitest";
import { Gateway } from "../../../src/app.ts";
import { testConfig } from "../../support/running-gateway.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

let gateway: Gateway | null = null;

afterEach(async () => {
  await gateway?.stop({ lagMs: 0, deadlineMs: 0 });
});

function startOn(host: string): Gateway {
  const config = testConfig({ server: { host, port: 0 } }, {});
  gateway = new Gateway({ config, log: SILENT, accessLog: null, environment: {} });
  return gateway;
}

const withKey = () => {
  const settings = { server: { host: "127.0.0.1" }, auth: { mode: "passthrough" } };
  return testConfig(settings, { ARK_API_KEY: "ark-own-key" });
};

describe("a reload that brings an Ark key", () => {
  test("is refused while the gateway listens to everybody; the old configuration stays", () => {
    const open = startOn("0.0.0.0");
    const before = open.config;
    expect(() => open.reload(withKey())).toThrow(/loopback/);
    expect(open.config).toBe(before);
  });

  test("is taken over where the gateway listens on loopback", () => {
    const closed = startOn("127.0.0.1");
    closed.reload(withKey());
    expect(closed.config.upstreams[0]?.apiKeys).toEqual(["ark-own-key"]);
  });
});
