/** Proves the `keys` commands without a gateway: what they do to the ledger's file, and when they do not. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { newLocalToken, writeControlFile } from "../../../src/app/control-file.ts";
import { keysIn } from "../../../src/commands/ledger-reading.ts";
import { keyHash } from "../../../src/keys/new-key.ts";
import { FolderLock } from "../../../src/ledger/store/folder-lock.ts";
import { LedgerReader } from "../../../src/ledger/store/ledger-reader.ts";
import { ADMIN_KEY, AdminControl } from "../../support/admin-control.ts";
import { newShell, type Shell } from "../../support/key-commands.ts";

/** A port on which nobody listens. */
const NOBODY = "http://127.0.0.1:1";

async function secretOf(shell: Shell, ...flags: string[]): Promise<string> {
  const { exitCode, out, told } = await shell.run(["keys", "create", ...flags]);
  expect([exitCode, told]).toEqual([0, expect.any(String)]);
  return out.trim();
}

describe("create", () => {
  test("makes the folder, keeps the key's hash, and says where", async () => {
    const shell = newShell();
    const { exitCode, out, told } = await shell.run(["keys", "create", "--name", "ci", "--owner", "team-a"]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^sk-vp-[a-z2-7]{32}\n$/);
    const ledger = join(shell.dataFolder, "ledger.sqlite");
    expect(told).toContain(`It is kept in ${ledger}; no gateway runs there, and the next start knows it.\n`);
    expect(keysIn(shell.dataFolder)).toMatchObject([
      { name: "ci", owner: "team-a", hash: keyHash(out.trim()), revokedAtWallMs: null },
    ]);
  });

  test("the key itself is in no file, and the folder is given free", async () => {
    const shell = newShell();
    const secret = await secretOf(shell, "--name", "ci");
    for (const name of readdirSync(shell.dataFolder)) {
      const bytes = readFileSync(join(shell.dataFolder, name));
      expect([name, bytes.includes(secret), bytes.includes(secret.slice(6, 30))]).toEqual([
        name,
        false,
        false,
      ]);
    }
    FolderLock.take(shell.dataFolder).release();
  });

  test("the audit trail names the command line of this machine", async () => {
    const shell = newShell();
    const secret = await secretOf(shell, "--name", "ci");
    const reader = LedgerReader.open(shell.dataFolder);
    onTestFinished(() => reader.close());
    const answer = reader.answer({ kind: "audit", query: { before: null, rowsMax: 10 } });
    expect(answer).toMatchObject({ page: { entries: [{ action: "key.create", actor: "local" }] } });
    expect(JSON.stringify(answer)).not.toContain(secret);
  });
});

test("what is made, listed, shown, rotated and revoked by one process is known to the next", async () => {
  const shell = newShell();
  const first = await secretOf(shell, "--name", "ci", "--budget", "1.5cny/month");
  await secretOf(shell, "--name", "web");
  const listed = await shell.run(["keys", "list"]);
  expect(listed.out.split("\n").slice(1, 3)).toEqual([
    expect.stringMatching(/^key_[a-z2-7]{16} {2}ci .* active +all +1\.5cny\/month +-$/),
    expect.stringMatching(/^key_[a-z2-7]{16} {2}web /),
  ]);
  const rotated = await shell.run(["keys", "rotate", "ci", "--overlap", "1h"]);
  const [record] = keysIn(shell.dataFolder).filter(({ name }) => name === "ci");
  expect(record?.hash).toBe(keyHash(rotated.out.trim()));
  expect(record?.previous?.hash).toBe(keyHash(first));
  const shown = await shell.run(["keys", "show", "ci"]);
  expect(shown.out).toMatch(/^OLD KEY OPENS UNTIL {2}\d{4}-/m);
  expect(shown.out).not.toMatch(/^USED/m);
  expect((await shell.run(["keys", "revoke", String(record?.id)])).exitCode).toBe(0);
  expect((await shell.run(["keys", "show", "ci"])).out).toMatch(/^STATE +revoked$/m);
  const json = JSON.parse((await shell.run(["keys", "list", "--json"])).out);
  expect(json.keys.map(({ name, state }: Record<string, string>) => [name, state])).toEqual([
    ["ci", "revoked"],
    ["web", "active"],
  ]);
  for (const { out, told } of [listed, shown]) {
    for (const secret of [first, rotated.out.trim()]) expect(out + told).not.toContain(secret);
  }
});

describe("where there is nothing", () => {
  test.each([["list"], ["show", "ci"], ["revoke", "ci"], ["rotate", "ci"]])(
    "keys %s makes no ledger: exit code 1, and where it was looked for",
    async (...words) => {
      const shell = newShell();
      const { exitCode, out, told } = await shell.run(["keys", ...words]);
      expect([exitCode, out]).toEqual([1, ""]);
      expect(told).toContain(`There is no ledger in ${shell.dataFolder} yet`);
      expect(existsSync(shell.dataFolder)).toBe(false);
    },
  );

  test("a file that is no ledger: exit code 1, and what to do", async () => {
    const shell = newShell();
    mkdirSync(shell.dataFolder);
    writeFileSync(join(shell.dataFolder, "ledger.sqlite"), "this is no database, however long it may be");
    const { exitCode, out, told } = await shell.run(["keys", "list"]);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(told).toMatch(/^The keys could not be read or changed: .*Put a backup in its place/);
  });

  test("a broken configuration: exit code 1", async () => {
    const { exitCode, told } = await newShell().run(["keys", "list"], { PORT: "x" });
    expect(exitCode).toBe(1);
    expect(told).toContain("PORT");
  });
});

describe("the control file of a gateway that was killed", () => {
  test("leads nowhere, so the file is asked", async () => {
    const shell = newShell();
    await secretOf(shell, "--name", "ci");
    const token = newLocalToken();
    writeControlFile(shell.dataFolder, { url: NOBODY, token });
    const { exitCode, out, told } = await shell.run(["keys", "list"]);
    expect([exitCode, told]).toEqual([0, ""]);
    expect(out).toMatch(/ ci /);
  });

  test("leads to the gateway of another folder, which does not know its token", async () => {
    const other = await new AdminControl().listen();
    const shell = newShell();
    await secretOf(shell, "--name", "ci");
    writeControlFile(shell.dataFolder, { url: `http://127.0.0.1:${other.port}`, token: newLocalToken() });
    await secretOf(shell, "--name", "web");
    expect(keysIn(shell.dataFolder)).toHaveLength(2);
    expect(other.desk.ring.size).toBe(0);
  });

  test("while a gateway has the folder: exit code 1, nothing is changed, and no token is told", async () => {
    const shell = newShell();
    await secretOf(shell, "--name", "ci");
    const token = newLocalToken();
    writeControlFile(shell.dataFolder, { url: NOBODY, token });
    const lock = FolderLock.take(shell.dataFolder);
    onTestFinished(() => lock.release());
    const { exitCode, out, told } = await shell.run(["keys", "revoke", "ci"]);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(told).toMatch(
      /^A gateway has the data folder .*, and this command cannot talk to it: Nobody answers at/,
    );
    expect(told).not.toContain(token);
    expect(keysIn(shell.dataFolder)[0]?.revokedAtWallMs).toBeNull();
  });
});

describe("without a control file", () => {
  test("while a gateway has the folder: what would help", async () => {
    const shell = newShell();
    await secretOf(shell, "--name", "ci");
    const lock = FolderLock.take(shell.dataFolder);
    onTestFinished(() => lock.release());
    const { exitCode, told } = await shell.run(["keys", "list"]);
    expect(exitCode).toBe(1);
    expect(told).toMatch(/its control\.json is not there.*set VOLCANO_PROXY_ADMIN_KEY/);
  });

  test("the admin key leads to the configured control plane", async () => {
    const control = await new AdminControl().listen();
    const shell = newShell();
    const environment = {
      VOLCANO_PROXY_ADMIN_KEY: ADMIN_KEY,
      CONTROL_PORT: String(control.port),
      // The wildcard is no address that a client could connect to.
      CONTROL_HOST: "0.0.0.0",
    };
    const { exitCode, told } = await shell.run(["keys", "create", "--name", "ci"], environment);
    expect(exitCode).toBe(0);
    expect(told).toContain(`The gateway at http://127.0.0.1:${control.port} lets it in from now on.`);
    expect(control.desk.ring.list()).toMatchObject([{ name: "ci" }]);
    expect(control.archive.entries).toMatchObject([{ actor: "admin" }]);
    expect(existsSync(shell.dataFolder)).toBe(false);
  });

  test("an admin key without a gateway: the file", async () => {
    const shell = newShell();
    const environment = { VOLCANO_PROXY_ADMIN_KEY: ADMIN_KEY, CONTROL_PORT: "1" };
    const { exitCode, told } = await shell.run(["keys", "create", "--name", "ci"], environment);
    expect([exitCode, told.includes("no gateway runs there")]).toEqual([0, true]);
    expect(told).not.toContain(ADMIN_KEY);
  });

  test("another user's: the admin key leads there all the same; root can read where it leads", async () => {
    const control = await new AdminControl().listen();
    const shell = newShell();
    mkdirSync(shell.dataFolder);
    writeControlFile(shell.dataFolder, { url: NOBODY, token: newLocalToken() });
    chmodSync(join(shell.dataFolder, "control.json"), 0);
    const environment = { VOLCANO_PROXY_ADMIN_KEY: ADMIN_KEY, CONTROL_PORT: String(control.port) };
    // The file that root can read leads nowhere here, so there is only the folder, and nothing in it.
    const told = process.getuid?.() === 0 ? /^There is no ledger in/ : /^There are no keys\./;
    expect((await shell.run(["keys", "list"], environment)).told).toMatch(told);
    const without = await shell.run(["keys", "create", "--name", "ci"]);
    expect(without.exitCode).toBe(0);
  });
});
