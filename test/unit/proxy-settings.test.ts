/** Which proxy stands before a host, by the environment's names. */
import { describe, expect, test } from "vitest";
import { type Environment, proxyFor } from "../../src/upstreams/proxy-settings.ts";

const ark = new URL("https://ark.cn-beijing.volces.com/api/v3");

function hostnameOfProxy(environment: Environment, url = ark): string | null {
  return proxyFor(url, environment)?.hostname ?? null;
}

describe("proxyFor", () => {
  test("goes by the scheme, and the lower-case name wins", () => {
    expect(hostnameOfProxy({})).toBe(null);
    expect(hostnameOfProxy({ HTTPS_PROXY: "http://upper", HTTP_PROXY: "http://plain" })).toBe("upper");
    expect(hostnameOfProxy({ HTTPS_PROXY: "http://upper", https_proxy: "http://lower" })).toBe("lower");
    expect(hostnameOfProxy({ HTTPS_PROXY: "http://upper", https_proxy: "" })).toBe(null);
    expect(hostnameOfProxy({ HTTP_PROXY: "http://plain" })).toBe(null);
    expect(hostnameOfProxy({ HTTP_PROXY: "http://plain" }, new URL("http://ark.test"))).toBe("plain");
  });

  test("reads the proxy's URL: port by scheme, no scheme, credentials decoded, IPv6", () => {
    const proxy = (value: string) => proxyFor(ark, { HTTPS_PROXY: value });
    expect(proxy("http://p")).toEqual({ secure: false, hostname: "p", port: 80, authorization: null });
    expect(proxy("https://p/")).toEqual({ secure: true, hostname: "p", port: 443, authorization: null });
    expect(proxy(" p:3128 ")).toEqual({ secure: false, hostname: "p", port: 3_128, authorization: null });
    expect(proxy("http://[::1]:8")).toMatchObject({ hostname: "::1", port: 8 });
    expect(proxy("http://a%40b:c%3Ad@p")?.authorization).toBe(
      `Basic ${Buffer.from("a@b:c:d").toString("base64")}`,
    );
  });

  test.each(["socks5://secret@p", "http://", "http://secret:%zz@p", "://secret"])(
    "refuses %j, naming the variable and not the value",
    (value) => {
      const message = (() => {
        try {
          proxyFor(ark, { HTTPS_PROXY: value });
          return "";
        } catch (error) {
          return String(error);
        }
      })();
      expect(message).toContain("HTTPS_PROXY");
      expect(message).not.toContain("secret");
    },
  );

  test.each([
    "http://localhost:5100",
    "http://a.localhost",
    "http://127.0.0.1",
    "http://127.9.9.9",
    "http://[::1]",
  ])("never proxies %s", (url) => {
    expect(hostnameOfProxy({ HTTP_PROXY: "http://p" }, new URL(url))).toBe(null);
  });

  test.each<readonly [string, string, boolean]>([
    ["*", "https://ark.test", true],
    ["ark.test", "https://ark.test", true],
    ["ark.test", "https://a.ark.test", true],
    [".ark.test", "https://ark.test", true],
    ["*.ark.test", "https://a.ark.test", true],
    ["ark.test", "https://spark.test", false],
    ["ark.test", "https://ark.test.other", false],
    ["ARK.test", "https://ark.TEST", true],
    ["ark.test:443", "https://ark.test", true],
    ["ark.test:8443", "https://ark.test", false],
    ["a.test, ark.test", "https://ark.test", true],
    ["a.test ark.test", "https://ark.test", true],
    ["10.0.0.1", "https://10.0.0.1", true],
    ["10.0.0.1", "https://10.0.0.2", false],
    ["10.0.0.1:443", "https://10.0.0.1", true],
    ["10.0.0.0/8", "https://10.9.9.9", true],
    ["10.0.0.0/8", "https://11.0.0.1", false],
    ["10.0.0.0/99", "https://10.0.0.1", false],
    ["10.0.0.0/8", "https://ark.test", false],
    ["fd00::/8", "https://[fd00::1]", true],
    ["fd00:0::1", "https://[fd00::1]", true],
    ["[fd00::1]:443", "https://[fd00::1]", true],
    ["", "https://ark.test", false],
    [",, ,", "https://ark.test", false],
    [".", "https://ark.test", false],
  ])("NO_PROXY=%j for %s: %s", (list, url, exempt) => {
    expect(hostnameOfProxy({ HTTPS_PROXY: "http://p", NO_PROXY: list }, new URL(url)) === null).toBe(exempt);
    expect(hostnameOfProxy({ HTTPS_PROXY: "http://p", no_proxy: list }, new URL(url)) === null).toBe(exempt);
  });
});
