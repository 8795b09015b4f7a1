/** Proves the `keys` commands beside a running gateway: what they ask of it, and what they then say. */
import { mkdirSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { newLocalToken, writeControlFile } from "../../../src/app/control-file.ts";
import { newShell, newShellBesideControl, type Shell } from "../../support/key-commands.ts";

const SECRET = /^sk-vp-[a-z2-7]{32}$/;

describe("create", () => {
  test("the key alone on standard output, everything else beside it", async () => {
    const { run, control, url } = await newShellBesideControl();
    const { exitCode, out, told } = await run(["keys", "create", "--name", "ci"]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^sk-vp-[a-z2-7]{32}\n$/);
    const record = control.desk.ring.find(out.trim(), control.clock.wallMs());
    expect(record).toMatchObject({ name: "ci", owner: null, models: null });
    expect(told.split("\n").slice(0, 2)).toEqual([
      `The new key ci (${record?.id}), shown this once, is on standard output.`,
      `The gateway at ${url} lets it in from now on.`,
    ]);
    expect(told).not.toContain(out.trim());
  });

  test("with everything that can be said of a key", async () => {
    const { run, control } = await newShellBesideControl();
    const words = "keys create --name ci --owner team-a --models a,b-* --tags x,y --concurrent 3";
    const limits = "--budget 0.000001cny/day,5tokens --requests-per-minute 1 --tokens-per-minute 2";
    const { out } = await run([...words.split(" "), ...limits.split(" "), "--expires", "9999d"]);
    expect(out).toBe("");
    const { out: secret } = await run([...words.split(" "), ...limits.split(" "), "--expires", "3650d"]);
    expect(control.desk.ring.find(secret.trim(), control.clock.wallMs())).toMatchObject({
      name: "ci",
      owner: "team-a",
      models: ["a", "b-*"],
      tags: ["x", "y"],
      limits: {
        requestsPerMinute: 1,
        tokensPerMinute: 2,
        concurrent: 3,
        budgets: [
          { unit: "cny", amount: 1, period: "day" },
          { unit: "tokens", amount: 5, period: "all" },
        ],
      },
      expiresAtWallMs: expect.any(Number),
    });
  });

  test("as JSON: one document with the key, and nothing beside it but what concerns the configuration", async () => {
    const { run } = await newShellBesideControl();
    const { out, told } = await run(["keys", "create", "--name", "ci", "--json"]);
    const { key, ...rest } = JSON.parse(out);
    expect(key).toMatch(SECRET);
    expect(rest).toMatchObject({ name: "ci", state: "active", limits: { budgets: [] } });
    expect(told).not.toContain(key);
  });

  test("says so where the configuration asks nobody for such a key", async () => {
    const { run } = await newShellBesideControl();
    const keyless = await run(["keys", "create", "--name", "ci"]);
    expect(keyless.told).toContain("auth.mode is passthrough");
    const keyed = await run(["keys", "create", "--name", "ci"], { ARK_API_KEY: "ark" });
    expect(keyed.told).not.toContain("auth.mode");
  });

  test("in Chinese", async () => {
    const { run, url } = await newShellBesideControl();
    const { told } = await run(["keys", "create", "--name", "构建"], {
      LANG: "zh_CN.UTF-8",
      ARK_API_KEY: "ark",
    });
    expect(told).toMatch(/^新密钥 构建（key_[a-z2-7]{16}）已写到标准输出，仅显示这一次。\n/);
    expect(told).toContain(`${url} 的网关即刻生效。\n`);
  });

  test.each([
    [["--name", "ci", "--budget", "5yuan"], "--budget expects budgets such as 100cny/month"],
    [["--name", "ci", "--expires", "yesterday"], "--expires expects a time such as 90d"],
    [["--name", "a\u001b[2J"], "--name cannot be taken: A key's name is one line"],
  ])("%j: exit code 2, and nothing is made", async (flags, sentence) => {
    const { run, control } = await newShellBesideControl();
    const { exitCode, out, told } = await run(["keys", "create", ...flags]);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(told).toContain(sentence);
    expect(told).toMatch(/See volcano-proxy keys create --help\.\n$/);
    expect(told).not.toContain("\u001b");
    expect(control.desk.ring.size).toBe(0);
  });
});

describe("list", () => {
  test("a line for each, the oldest first, however many pages that takes", async () => {
    const { run, control } = await newShellBesideControl();
    for (let index = 0; index < 1_001; index++) await control.makeKey({ name: `n${index}` });
    const { out } = await run(["keys", "list"]);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^ID +NAME +OWNER +KEY +STATE +MODELS +LIMITS +EXPIRES$/);
    const inOrder = control.desk.ring.list().map(({ id }) => id);
    expect(lines.slice(1).map((line) => line.split(" ")[0])).toEqual(inOrder);
  });

  test("as JSON, with the same members as the admin API", async () => {
    const { run, control } = await newShellBesideControl();
    const { record } = await control.makeKey({ name: "ci", tags: ["x"] });
    const { out, told } = await run(["keys", "list", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ keys: [{ id: record.id, name: "ci", tags: ["x"] }] });
    expect([told, out.includes(record.hash)]).toEqual(["", false]);
  });

  test("none yet: what to do, and nothing for a program to trip over", async () => {
    const { run } = await newShellBesideControl();
    const { exitCode, out, told } = await run(["keys", "list"]);
    expect([exitCode, out]).toEqual([0, ""]);
    expect(told).toBe("There are no keys. Make one: volcano-proxy keys create --name NAME\n");
  });

  test("names cannot steer a terminal", async () => {
    const { run, control } = await newShellBesideControl();
    await control.makeKey({ name: "a\u2066b".replace("\u2066", '"') });
    const { out } = await run(["keys", "list"]);
    expect(out).toContain('a\\"b');
  });
});

describe("show", () => {
  test("all that is known, by id and by name", async () => {
    const { run, control } = await newShellBesideControl();
    const budgets = [{ unit: "cny", amount: 1_500_000, period: "month" }] as const;
    const { record } = await control.makeKey({
      name: "ci",
      owner: "team-a",
      models: ["a", "b-*"],
      limits: { requestsPerMinute: 6_000, tokensPerMinute: null, concurrent: 2, budgets },
      tags: ["x"],
    });
    for (const word of [record.id, "ci"]) {
      const { exitCode, out } = await run(["keys", "show", word]);
      expect(exitCode).toBe(0);
      expect(out.split("\n").map((line) => line.replaceAll(/ {2,}/g, " | "))).toMatchObject([
        `ID | ${record.id}`,
        "NAME | ci",
        "OWNER | team-a",
        `KEY | ${record.hint}`,
        "STATE | active",
        "MODELS | a,b-*",
        "LIMITS | 6,000 requests/minute, 2 at once, 1.5cny/month",
        "EXPIRES | -",
        expect.stringMatching(/^CREATED \| \d{4}-\d\d-\d\dT\d\d:\d\d\+08:00$/),
        "TAGS | x",
        "USED TODAY | 0 tokens, 0 CNY",
        "USED THIS WEEK | 0 tokens, 0 CNY",
        "USED THIS MONTH | 0 tokens, 0 CNY",
        "USED IN ALL | 0 tokens, 0 CNY",
        "",
      ]);
    }
  });

  test("a name that several have: exit code 1, and which they are", async () => {
    const { run, control } = await newShellBesideControl();
    const [one, other] = [await control.makeKey({ name: "ci" }), await control.makeKey({ name: "ci" })];
    const { exitCode, out, told } = await run(["keys", "show", "ci"]);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(told).toMatch(/^Several keys are called ci\. Name one by its id:\n/);
    for (const { record } of [one, other]) expect(told).toContain(`  ${record.id}  ci`);
  });

  test("no such key: exit code 1, and the nearest name", async () => {
    const { run, control } = await newShellBesideControl();
    await control.makeKey({ name: "backend" });
    const { exitCode, told } = await run(["keys", "show", "backnd"]);
    expect([exitCode, told]).toEqual([1, "There is no key with the id or name backnd. There is backend.\n"]);
  });

  test("a key itself is not looked for, nor repeated", async () => {
    const { run, control } = await newShellBesideControl();
    const { secret } = await control.makeKey();
    const { exitCode, out, told } = await run(["keys", "show", secret]);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(told).toMatch(/^That is a key itself\./);
    expect(told).not.toContain(secret);
  });
});

describe("revoke", () => {
  test("ends a key at once; a second time says since when", async () => {
    const { run, control } = await newShellBesideControl();
    const { record, secret } = await control.makeKey({ name: "ci" });
    const first = await run(["keys", "revoke", "ci"]);
    expect(first).toEqual({
      exitCode: 0,
      out: "",
      told: `The key ci (${record.id}) is revoked: it opens nothing from now on.\n`,
    });
    expect(control.desk.ring.find(secret, control.clock.wallMs())).toBeNull();
    const second = await run(["keys", "revoke", "ci"]);
    expect(second.exitCode).toBe(0);
    expect(second.told).toMatch(/was revoked on .* already\.\n$/);
  });

  test("as JSON", async () => {
    const { run, control } = await newShellBesideControl();
    await control.makeKey({ name: "ci" });
    const { out, told } = await run(["keys", "revoke", "ci", "--json"]);
    expect([JSON.parse(out).state, told]).toEqual(["revoked", ""]);
  });

  test("the audit trail names the command line of this machine", async () => {
    const { run, control } = await newShellBesideControl();
    await control.makeKey({ name: "ci" });
    await run(["keys", "revoke", "ci"]);
    expect(control.archive.entries.at(-1)).toMatchObject({ action: "key.revoke", actor: "local" });
  });
});

describe("rotate", () => {
  test.each([
    [[], 86_400_000],
    [["--overlap", "90s"], 90_000],
  ])("%j: a new key, the old one for a while", async (flags, overlapMs) => {
    const { run, control } = await newShellBesideControl();
    const { record, secret } = await control.makeKey({ name: "ci" });
    const { exitCode, out, told } = await run(["keys", "rotate", "ci", ...flags]);
    expect(exitCode).toBe(0);
    expect(out.trim()).toMatch(SECRET);
    const now = control.clock.wallMs();
    for (const one of [secret, out.trim()]) expect(control.desk.ring.find(one, now)?.id).toBe(record.id);
    expect(control.desk.ring.find(secret, now + overlapMs - 1)?.id).toBe(record.id);
    expect(control.desk.ring.find(secret, now + overlapMs)).toBeNull();
    expect(told).toMatch(/The old one opens until \d{4}-\d\d-\d\dT\d\d:\d\d\+08:00\.\n/);
    expect([told.includes(secret), told.includes(out.trim())]).toEqual([false, false]);
  });

  test("without an overlap the old key ends at once", async () => {
    const { run, control } = await newShellBesideControl();
    const { secret } = await control.makeKey({ name: "ci" });
    const { told } = await run(["keys", "rotate", "ci", "--overlap", "0s"]);
    expect(control.desk.ring.find(secret, control.clock.wallMs())).toBeNull();
    expect(told).toContain("The old one opens nothing from now on.");
  });

  test("a revoked key stays what it is", async () => {
    const { run, control } = await newShellBesideControl();
    const { record } = await control.makeKey({ name: "ci" });
    await control.desk.revoke(record.id, "test");
    const { exitCode, out, told } = await run(["keys", "rotate", "ci"]);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(told).toContain("is revoked, for good: make a new one");
  });
});

/** Something that is no gateway of this version, to which the control file leads. */
async function besideStranger(listener: RequestListener): Promise<Shell & { readonly token: string }> {
  const server = createServer(listener);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const shell = newShell();
  const token = newLocalToken();
  const { port } = server.address() as AddressInfo;

  mkdirSync(shell.dataFolder);
  writeControlFile(shell.dataFolder, { url: `http://127.0.0.1:${port}`, token });
  return { ...shell, token };
}

describe("who answers is no gateway of this version", () => {
  test.each<[string, RequestListener]>([
    ["another service", (_request, response) => response.writeHead(404).end("not here")],
    ["JSON of another shape", (_request, response) => response.end('{"data":[]}')],
    ["a refusal", (_request, response) => response.writeHead(401).end('{"error":{"message":"no"}}')],
    ["a connection that breaks", (_request, response) => response.destroy()],
    [
      "a body that breaks off",
      (_request, response) => {
        response.writeHead(200, { "content-length": 9 });
        response.write("{", () => response.destroy());
      },
    ],
  ])("%s: the file is asked, and there is none", async (_what, listener) => {
    const { run, token } = await besideStranger(listener);
    const { exitCode, out, told } = await run(["keys", "list"]);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(told).toMatch(/^There is no ledger in .* yet/);
    expect(told).not.toContain(token);
  });
});
