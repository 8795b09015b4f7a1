/**
 * `volcano-proxy keys` beside the program as users run it: what it makes opens at once, what it ends is
 * refused at once, and a gateway that was killed is not in its way.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createSimulator, type Simulator } from "../../src/simulator/index.ts";
import { chatBodyFor } from "../support/gateway-call.ts";
import { newShell, type Shell } from "../support/key-commands.ts";
import { ARK_KEY, chatWith } from "../support/keyed-gateway.ts";
import { type SpawnedGateway, spawnGatewayIn } from "../support/spawned-gateway.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/volcano-proxy.js");
const STOP_MS = 10_000;
const SECRET = /sk-vp-[a-z2-7]{32}/;

let shell: Shell;
let simulator: Simulator;
let upstream: string;

beforeEach(async () => {
  shell = newShell();
  simulator = createSimulator({ keys: [ARK_KEY] });
  ({ url: upstream } = await simulator.listen());
  onTestFinished(() => simulator.close());
});

function start(): Promise<SpawnedGateway> {
  return spawnGatewayIn(shell.folder, simulator, upstream, { ARK_API_KEY: ARK_KEY });
}

async function statusWith(gateway: SpawnedGateway, secret: string): Promise<number> {
  return (await chatWith(gateway, secret, chatBodyFor("deepseek-v3"))).status;
}

const controlFile = (): string => join(shell.dataFolder, "control.json");

describe("beside a running gateway", () => {
  test("a shell takes the key, which opens at once and is shown nowhere else", async () => {
    const gateway = await start();
    const script = `KEY=$("$NODE" "$PROGRAM" keys create --name ci); echo "<$KEY>"`;
    const { stdout, stderr } = await promisify(execFile)("sh", ["-c", script], {
      cwd: shell.folder,
      env: { PATH: process.env["PATH"] ?? "", NODE: process.execPath, PROGRAM, ARK_API_KEY: ARK_KEY },
    });
    expect(stdout).toMatch(/^<sk-vp-[a-z2-7]{32}>\n$/);
    const secret = stdout.slice(1, -2);
    expect(await statusWith(gateway, secret)).toBe(200);
    expect(stderr).toMatch(
      /^The new key ci \(key_[a-z2-7]{16}\), shown this once, is on standard output\.\n/,
    );
    expect(stderr).not.toContain(secret);
    const { pid } = JSON.parse(readFileSync(controlFile(), "utf8"));
    const title = existsSync("/proc") ? readFileSync(`/proc/${pid}/cmdline`, "latin1") : "";
    gateway.signal("SIGTERM");
    expect((await gateway.exited(STOP_MS)).code).toBe(0);
    for (const text of [gateway.output, title]) expect(text).not.toContain(secret);
  });

  test("a revoked key is refused by the very next call", async () => {
    const gateway = await start();
    const { out } = await shell.run(["keys", "create", "--name", "ci"]);
    const secret = out.trim();
    expect(await statusWith(gateway, secret)).toBe(200);
    expect((await shell.run(["keys", "revoke", "ci"])).exitCode).toBe(0);
    const calls = simulator.requests.length;
    expect(await statusWith(gateway, secret)).toBe(401);
    expect(simulator.requests.length).toBe(calls);
  });

  test("a rotated key opens beside the new one, or no more", async () => {
    const gateway = await start();
    const first = (await shell.run(["keys", "create", "--name", "ci"])).out.trim();
    const second = (await shell.run(["keys", "rotate", "ci", "--overlap", "1h"])).out.trim();
    expect([await statusWith(gateway, first), await statusWith(gateway, second)]).toEqual([200, 200]);
    const third = (await shell.run(["keys", "rotate", "ci", "--overlap", "0s"])).out.trim();
    expect([await statusWith(gateway, second), await statusWith(gateway, third)]).toEqual([401, 200]);
  });

  test("the first start shows a key once, and the next start shows none", async () => {
    const gateway = await start();
    const secret = SECRET.exec(gateway.output)?.[0] ?? "";
    expect(gateway.output.match(new RegExp(secret, "g"))).toHaveLength(1);
    expect(await statusWith(gateway, secret)).toBe(200);
    expect((await shell.run(["keys", "list"])).out).toMatch(/ first /);
    gateway.signal("SIGTERM");
    await gateway.exited(STOP_MS);
    const again = await start();
    expect(again.output).not.toMatch(SECRET);
    expect(await statusWith(again, secret)).toBe(200);
  });

  test("sums are asked for by a key's name", async () => {
    const gateway = await start();
    const secret = (await shell.run(["keys", "create", "--name", "ci"])).out.trim();
    for (let call = 0; call < 3; call++) expect(await statusWith(gateway, secret)).toBe(200);
    gateway.signal("SIGTERM");
    await gateway.exited(STOP_MS);
    const { out } = await shell.run(["usage", "--key", "ci", "--by", "key", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ rows: [{ attempts: 3 }] });
    const others = await shell.run(["usage", "--key", "first", "--by", "key", "--json"]);
    expect(JSON.parse(others.out)).toMatchObject({ rows: [] });
  });
});

describe("the control file", () => {
  test("is its owner's alone while the gateway runs, and gone when it has stopped", async () => {
    const gateway = await start();
    expect(statSync(controlFile()).mode & 0o777).toBe(0o600);
    gateway.signal("SIGTERM");
    await gateway.exited(STOP_MS);
    expect(existsSync(controlFile())).toBe(false);
  });

  test("of a killed gateway is in nobody's way: keys are made in the file, and open after the start", async () => {
    const gateway = await start();
    const before = (await shell.run(["keys", "create", "--name", "before"])).out.trim();
    gateway.signal("SIGKILL");
    await gateway.exited(STOP_MS);
    expect(existsSync(controlFile())).toBe(true);
    const { exitCode, out, told } = await shell.run(["keys", "create", "--name", "between"]);
    expect([exitCode, told.includes("no gateway runs there")]).toEqual([0, true]);
    expect((await shell.run(["keys", "revoke", "before"])).exitCode).toBe(0);
    const again = await start();
    expect([await statusWith(again, out.trim()), await statusWith(again, before)]).toEqual([200, 401]);
  });
});
