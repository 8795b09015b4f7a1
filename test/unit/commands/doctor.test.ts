/** Proves what the doctor finds, each fault brought about by a small server of its own. */

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { doctor } from "../../../src/commands/doctor.ts";
import type { Flags } from "../../../src/commands/flags.ts";
import type { Environment } from "../../../src/config/substitution.ts";
import { newShell } from "../../support/key-commands.ts";
import { testCertificate } from "../../support/tls/certificate.ts";
import { invocationOf } from "./recorded-run.ts";

const KEY = "ark-0123456789abcdef";
const MODELS = {
  object: "list",
  data: [
    { id: "glm-5-2-260617" },
    { id: "doubao-seed-1-8-251228", status: "Retiring" },
    { id: "doubao-pro-32k-240615", status: "Shutdown" },
  ],
};

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A server in Ark's place; gives its base URL. */
async function arkThat(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  onTestFinished(() => server.closeAllConnections());
  return `http://127.0.0.1:${await listening(server)}/api/v3`;
}

const healthy: RequestListener = (request, response) => {
  const isKnown = request.headers.authorization === `Bearer ${KEY}` && request.url === "/api/v3/models";
  response.setHeader("content-type", "application/json");
  response.statusCode = isKnown ? 200 : 401;
  response.end(JSON.stringify(isKnown ? MODELS : { error: { code: "AuthenticationError" } }));
};

type Diagnosis = { readonly exitCode: number; readonly lines: readonly string[] };

async function diagnose(
  environment: Environment,
  flags: Flags = {},
  settings: { answerMs?: number; wallMs?: () => number } = {},
): Promise<Diagnosis> {
  const invocation = invocationOf("doctor", flags, {
    PORT: "0",
    CONTROL_PORT: "0",
    VOLCANO_PROXY_MODELS: "fast=glm-5-2-260617",
    ...environment,
  });
  const exitCode = await doctor(invocation, { answerMs: 5_000, wallMs: Date.now, ...settings });
  return { exitCode, lines: invocation.standardOutput.lines };
}

const lineWith = ({ lines }: Diagnosis, text: string): string =>
  lines.find((line) => line.includes(text)) ?? `nothing with '${text}' in:\n${lines.join("\n")}`;

describe("all is well", () => {
  test("one line each, and exit code 0", async () => {
    const diagnosis = await diagnose({ ARK_BASE_URL: await arkThat(healthy), ARK_API_KEY: KEY });
    expect(diagnosis.lines.slice(0, 4).map((line) => line.slice(0, 9))).toEqual(Array(4).fill("ok       "));
    expect(lineWith(diagnosis, "can be reached")).toMatch(
      /^ok +127\.0\.0\.1 can be reached \(DNS, TCP, HTTP 200/,
    );
    expect(lineWith(diagnosis, "the key")).toMatch(/^ok +Ark takes the key ark…\(20\) and lists 3 models$/);
    expect(lineWith(diagnosis, "clock")).toMatch(/^ok +the clock is \d+ s (?:ahead of|behind) Ark's$/);
    expect(lineWith(diagnosis, "fast leads")).toBe("ok       fast leads to glm-5-2-260617, which Ark lists");
    expect(lineWith(diagnosis, "deepseek-r1 leads")).toMatch(
      /^warning +.*somebody's example.*; set yours: VOLCANO/,
    );
    expect(diagnosis.exitCode).toBe(0);
    expect(diagnosis.lines.join()).not.toContain(KEY);
  });

  test("without a key, it says how to check one", async () => {
    const diagnosis = await diagnose({ ARK_BASE_URL: await arkThat(healthy) });
    expect(lineWith(diagnosis, "can be reached")).toMatch(/^ok .*HTTP 401/);
    expect(lineWith(diagnosis, "holds no Ark key")).toMatch(
      /^skipped .*ARK_API_KEY=\.\.\. volcano-proxy doctor$/,
    );
    expect(lineWith(diagnosis, "fast leads")).toMatch(/^skipped .*would cost tokens$/);
    expect(diagnosis.exitCode).toBe(0);
  });

  test("as JSON", async () => {
    const environment = { ARK_BASE_URL: await arkThat(healthy), ARK_API_KEY: KEY };
    const { lines, exitCode } = await diagnose(environment, { json: true });
    const report = JSON.parse(lines.join("\n"));
    expect([exitCode, report.ok]).toEqual([0, true]);
    expect(new Set(report.findings.map((found: { check: string }) => found.check))).toEqual(
      new Set(["configuration", "port", "disk", "access", "reach", "key", "clock", "endpoint"]),
    );
  });

  test("in Chinese", async () => {
    const environment = { ARK_BASE_URL: await arkThat(healthy), ARK_API_KEY: KEY, LANG: "zh_CN.UTF-8" };
    expect(lineWith(await diagnose(environment), "接受密钥")).toBe(
      "正常     方舟接受密钥 ark…(20)，并列出 3 个模型",
    );
  });
});

describe("who may come in", () => {
  test("callers with Ark keys of their own", async () => {
    const diagnosis = await diagnose({ ARK_BASE_URL: await arkThat(healthy) });
    expect(lineWith(diagnosis, "auth.mode")).toBe(
      "ok       auth.mode is passthrough: each caller's own Ark key goes to Ark",
    );
  });

  test("before the first start: the key that it will make", async () => {
    const diagnosis = await diagnose({ ARK_BASE_URL: await arkThat(healthy), ARK_API_KEY: KEY });
    expect(lineWith(diagnosis, "auth.mode")).toMatch(
      /^ok +auth\.mode is keys: 0 keys open; the next start makes a first key/,
    );
  });

  test("keys that open are counted, those that are over are not", async () => {
    const shell = newShell();
    for (const name of ["one", "two", "three"]) await shell.run(["keys", "create", "--name", name]);
    await shell.run(["keys", "revoke", "two"]);
    const environment = {
      ARK_BASE_URL: await arkThat(healthy),
      ARK_API_KEY: KEY,
      VOLCANO_PROXY_DATA: shell.dataFolder,
    };
    expect(lineWith(await diagnose(environment), "auth.mode")).toBe(
      "ok       auth.mode is keys: 2 keys open",
    );
    await shell.run(["keys", "create", "--name", "four", "--expires", "1h"]);
    const later = { wallMs: () => Date.now() + 7_200_000 };
    const afterwards = await diagnose(environment, {}, later);
    expect(lineWith(afterwards, "auth.mode")).toBe("ok       auth.mode is keys: 2 keys open");
    await shell.run(["keys", "revoke", "one"]);
    expect(lineWith(await diagnose(environment, {}, later), "auth.mode")).toContain("1 key opens");
  });

  test("a ledger that cannot be read fails, in words", async () => {
    const shell = newShell();
    mkdirSync(shell.dataFolder);
    writeFileSync(join(shell.dataFolder, "ledger.sqlite"), "this is no database, however long it may be");
    const environment = {
      ARK_BASE_URL: await arkThat(healthy),
      ARK_API_KEY: KEY,
      VOLCANO_PROXY_DATA: shell.dataFolder,
    };
    expect(lineWith(await diagnose(environment), "auth.mode")).toMatch(
      /^FAILED .*the keys cannot be counted: /,
    );
  });
});

describe("the key", () => {
  test("each of several is checked, and a wrong one fails", async () => {
    const environment = { ARK_BASE_URL: await arkThat(healthy), ARK_API_KEY: `${KEY},ark-wrong-wrong-wrong` };
    const diagnosis = await diagnose(environment);
    expect(lineWith(diagnosis, "takes the key")).toMatch(/^ok/);
    expect(lineWith(diagnosis, "refuses the key ark…(21)")).toMatch(/^FAILED .*console\.volcengine\.com/);
    expect(diagnosis.exitCode).toBe(1);
  });

  test.each([
    [403, /^FAILED .*known but not allowed here; look for overdue bills/],
    [429, /^skipped .*could not be checked: GET \/models answered 429$/],
  ])("status %d", async (status, line) => {
    const base = await arkThat((_request, response) => {
      response.statusCode = status;
      response.end('{"error":{"code":"X"}}');
    });
    expect(lineWith(await diagnose({ ARK_BASE_URL: base, ARK_API_KEY: KEY }), "the key")).toMatch(line);
  });

  test("a plan's base has no list to check it with", async () => {
    const base = await arkThat((_request, response) => {
      response.statusCode = 404;
      response.end();
    });
    const environment = { ARK_BASE_URL: base.replace("/api/v3", "/api/plan/v3"), ARK_API_KEY: KEY };
    const diagnosis = await diagnose(environment);
    expect(lineWith(diagnosis, "can be reached")).toMatch(/^ok/);
    expect(lineWith(diagnosis, "plan's base URL")).toMatch(/^warning/);
    expect(diagnosis.exitCode).toBe(0);
  });
});

describe("the way to Ark", () => {
  const failure = async (baseUrl: string, environment: Environment = {}, answerMs = 5_000) => {
    const diagnosis = await diagnose({ ARK_BASE_URL: baseUrl, ...environment }, {}, { answerMs });
    expect(diagnosis.exitCode).toBe(1);
    return diagnosis.lines.find((line) => line.startsWith("FAILED")) ?? "nothing failed";
  };

  test("DNS", async () => {
    expect(await failure("https://ark.invalid/api/v3")).toMatch(
      /DNS: ark\.invalid has no address; check the spelling/,
    );
  });

  test("TCP", async () => {
    const server = createTcpServer();
    const port = await listening(server);
    await new Promise((closed) => server.close(closed));
    expect(await failure(`http://127.0.0.1:${port}`)).toMatch(
      /TCP: 127\.0\.0\.1 refuses connections; check the firewall/,
    );
  });

  test("TLS that is none", async () => {
    const port = await listening(createTcpServer((socket) => void socket.end("HTTP/1.1 400 Bad\r\n\r\n")));
    expect(await failure(`https://127.0.0.1:${port}`)).toMatch(/TLS: the handshake with 127\.0\.0\.1 broke/);
  });

  test("a certificate that is not trusted", async () => {
    const port = await listening(createTlsServer(testCertificate));
    expect(await failure(`https://127.0.0.1:${port}`)).toMatch(
      /certificate .* not trusted; .*NODE_EXTRA_CA_CERTS/,
    );
  });

  test("a server that never answers", async () => {
    const port = await listening(createTcpServer((socket) => void socket.on("error", () => {})));
    expect(await failure(`http://127.0.0.1:${port}`, {}, 100)).toMatch(/took the request and did not answer/);
  });

  test("a server that never stops", async () => {
    const base = await arkThat((_request, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536)));
        response.once("drain", more);
      };
      more();
    });
    expect(await failure(base)).toMatch(/answers without end/);
  });

  test("a server that speaks something else", async () => {
    const port = await listening(createTcpServer((socket) => void socket.end("SSH-2.0-x\r\n")));
    expect(await failure(`http://127.0.0.1:${port}`)).toMatch(/broke off or does not speak HTTP/);
  });

  test("a server that is not Ark", async () => {
    const base = await arkThat((_request, response) => void response.end("<html>hello</html>"));
    expect(await failure(base)).toMatch(/answers HTTP 200, but not as Ark does; base_url is https:\/\/ark/);
  });

  test("a proxy that cannot be one", async () => {
    expect(await failure("https://ark.invalid/api/v3", { HTTPS_PROXY: "ftp://p" })).toContain("HTTPS_PROXY");
  });
});

describe("the clock", () => {
  const at = async (offMs: number): Promise<string> => {
    const base = await arkThat((_request, response) => {
      response.setHeader("date", "Sun, 22 Nov 2026 12:00:00 GMT");
      response.end(JSON.stringify(MODELS));
    });
    const wallMs = () => Date.UTC(2026, 10, 22, 12) + offMs;
    return lineWith(await diagnose({ ARK_BASE_URL: base, ARK_API_KEY: KEY }, {}, { wallMs }), "clock");
  };

  test("within a minute it is right, beyond it is not", async () => {
    expect(await at(59_000)).toMatch(/^ok .*5\d s ahead/);
    expect(await at(-59_000)).toMatch(/^ok .*59 s behind/);
    expect(await at(75_000)).toMatch(/^FAILED .*75 s ahead of Ark's; turn on NTP$/);
    expect(await at(-61_000)).toMatch(/^FAILED .*61 s behind/);
  });

  test("without a date there is nothing to compare", async () => {
    const base = await arkThat((_request, response) => {
      response.sendDate = false;
      response.end(JSON.stringify(MODELS));
    });
    expect(lineWith(await diagnose({ ARK_BASE_URL: base }), "date")).toMatch(/^skipped/);
  });
});

describe("the endpoints", () => {
  test.each([
    ["a=doubao-seed-1-8-251228", "a leads", /^warning .*which Ark is retiring; `volcano-proxy models` names/],
    ["a=doubao-pro-32k-240615", "a leads", /^FAILED .*which Ark has shut down/],
    ["a=doubao-nonesuch", "a leads", /^warning .*which Ark does not list; check its spelling/],
    ["a=ep-mine", "a leads", /^skipped .*only a call would tell/],
    ["a=ep-20250218144306-sshj5", "a leads", /^warning .*somebody's example/],
  ])("%s", async (aliases, found, line) => {
    const environment = {
      ARK_BASE_URL: await arkThat(healthy),
      ARK_API_KEY: KEY,
      VOLCANO_PROXY_MODELS: aliases,
    };
    expect(lineWith(await diagnose(environment), found)).toMatch(line);
  });
});

describe("this machine", () => {
  test("a port that another program has", async () => {
    const port = await listening(createTcpServer((socket) => void socket.destroy()));
    const diagnosis = await diagnose({
      ARK_BASE_URL: await arkThat(healthy),
      HOST: "127.0.0.1",
      PORT: String(port),
    });
    expect(lineWith(diagnosis, "taken")).toBe(
      `FAILED   127.0.0.1:${port} is taken by another program; choose another with --port`,
    );
    expect(diagnosis.exitCode).toBe(1);
  });

  test("a port that the gateway itself has", async () => {
    const server = createServer(
      (_request, response) => void response.end('{"name":"volcano-proxy","version":"1"}'),
    );
    const port = await listening(server);
    const environment = { ARK_BASE_URL: await arkThat(healthy), HOST: "127.0.0.1", PORT: String(port) };
    expect(lineWith(await diagnose(environment), "the gateway is running")).toMatch(/^ok/);
  });

  test("an address that is not this machine's", async () => {
    const environment = { ARK_BASE_URL: await arkThat(healthy), HOST: "192.0.2.1" };
    expect(lineWith(await diagnose(environment), "192.0.2.1")).toMatch(
      /^FAILED .*EADDRNOTAVAIL.*address of this machine/,
    );
  });

  describe("the disk", () => {
    const diskLine = async (data: string, before: (folder: string) => void = () => {}) => {
      const environment = { ARK_BASE_URL: await arkThat(healthy), PORT: "0", CONTROL_PORT: "0" };
      const invocation = invocationOf("doctor", {}, { ...environment, VOLCANO_PROXY_DATA: data });
      before(invocation.workingFolder);
      const exitCode = await doctor(invocation);
      const { lines } = invocation.standardOutput;
      const line = lines.find((text) => text.includes("the data folder")) ?? "";
      return { exitCode, line, left: readdirSync(invocation.workingFolder, { recursive: true }) };
    };

    test("a data folder that is there is tried, and nothing is left in it", async () => {
      const found = await diskLine("data", (folder) => mkdirSync(join(folder, "data")));
      expect(found.line).toMatch(/^ok +the data folder .*data is writable$/);
      expect(found).toMatchObject({ exitCode: 0, left: ["data"] });
    });

    test("one that is not there yet can be made, and is not made by looking", async () => {
      const found = await diskLine("deep/data");
      expect(found.line).toMatch(/^ok +the data folder .*deep\/data can be made at the first start$/);
      expect(found).toMatchObject({ exitCode: 0, left: [] });
    });

    test("one that cannot be had is a failure: no gateway would start", async () => {
      const found = await diskLine("taken/data", (folder) => writeFileSync(join(folder, "taken"), ""));
      expect(found.line).toMatch(
        /^FAILED +the data folder .*taken\/data cannot be written to \(ENOTDIR\); set VOLCANO_PROXY_DATA/,
      );
      expect(found.exitCode).toBe(1);
    });
  });

  test("a broken configuration ends the visit", async () => {
    const invocation = invocationOf("doctor");
    writeFileSync(join(invocation.workingFolder, "volcano-proxy.yaml"), "prot: 1\n");
    expect(await doctor(invocation)).toBe(1);
    expect(invocation.standardOutput.lines).toEqual([
      expect.stringMatching(/^FAILED +volcano-proxy\.yaml:1:1: prot: unknown setting `prot`/),
    ]);
  });
});
