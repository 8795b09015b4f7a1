/** `keys`: makes, lists, shows, ends and renews the gateway's own keys, beside a gateway or without one. */
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read-config.ts";
import type { Phrase } from "../core/language.ts";
import type { KeyJson } from "../server/admin/key-schemas.ts";
import { printProblems } from "./check.ts";
import { safeCell } from "./figure-cells.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { chooseKey } from "./keys/choose-key.ts";
import { readKeyDraft, readOverlap, type WrongFlag } from "./keys/key-draft.ts";
import { keyPhrases } from "./keys/key-messages.ts";
import { keyChoices, keyLines, keyTable, momentCell } from "./keys/key-rendering.ts";
import { type IssuedKey, type KeyService, KeysUnavailable } from "./keys/key-service.ts";
import { asUnavailable, openKeys } from "./keys/open-keys.ts";
import { seeHelp } from "./messages.ts";

function say({ standardError, language }: Invocation, phrase: Phrase): void {
  standardError.write(`${phrase[language]}\n`);
}

function printJson({ standardOutput }: Invocation, value: object): void {
  standardOutput.write(`${JSON.stringify(value, null, 2)}\n`);
}

function refuseFlag(invocation: Invocation, { sentence }: WrongFlag): number {
  say(invocation, sentence);
  say(invocation, seeHelp(invocation.command));
  return exitCodes.usage;
}

type Work = (keys: KeyService, config: Config) => Promise<number>;

/** The exit code of the work; 1, and why, where the keys cannot be had. */
async function withKeys(invocation: Invocation, makesLedger: boolean, work: Work): Promise<number> {
  const reading = readConfig(invocation);
  if (reading.kind === "broken") {
    printProblems(invocation, reading.problems);
    return exitCodes.failed;
  }
  let keys: KeyService | null = null;
  try {
    keys = await openKeys(reading.config, makesLedger);
    return await work(keys, reading.config);
  } catch (thrown) {
    const error = asUnavailable(thrown);
    if (!(error instanceof KeysUnavailable)) throw error;
    say(invocation, error.phrase);
    return exitCodes.failed;
  } finally {
    keys?.close();
  }
}

/** With the one key that the command line names; else says which there are. */
function withKey(
  invocation: Invocation,
  work: (keys: KeyService, key: KeyJson) => Promise<number>,
): Promise<number> {
  return withKeys(invocation, false, async (keys) => {
    const word = invocation.operand ?? "";
    const choice = chooseKey(await keys.list(), word);
    switch (choice.kind) {
      case "one":
        return work(keys, choice.key);
      case "several":
        say(invocation, keyPhrases.ambiguous(safeCell(word)));
        for (const line of keyChoices(choice.keys, invocation.language)) {
          invocation.standardError.write(`  ${line}\n`);
        }
        return exitCodes.failed;
      case "none":
        say(invocation, keyPhrases.noKey(safeCell(word), choice.nearest.map(safeCell)));
        return exitCodes.failed;
      case "secret":
        say(invocation, keyPhrases.secretGiven);
        return exitCodes.failed;
    }
  });
}

/** The key alone on standard output, so that a shell can take it; what there is to say beside it. */
function printIssued(
  invocation: Invocation,
  keys: KeyService,
  { key, secret }: IssuedKey,
  phrase: Phrase,
): void {
  if (invocation.flags.json === true) {
    printJson(invocation, { ...key, key: secret });
    return;
  }
  invocation.standardOutput.write(`${secret}\n`);
  say(invocation, phrase);
  say(invocation, keys.isRunning ? keyPhrases.keptRunning(keys.place) : keyPhrases.keptInFile(keys.place));
}

export async function createKey(invocation: Invocation): Promise<number> {
  const reading = readKeyDraft(invocation.flags, Date.now());
  if (reading.kind === "wrong") return refuseFlag(invocation, reading);
  return withKeys(invocation, true, async (keys, config) => {
    const issued = await keys.create(reading.draft);
    const { key } = issued;
    printIssued(invocation, keys, issued, keyPhrases.made(safeCell(key.name), key.id));
    if (config.auth.mode === "passthrough") say(invocation, keyPhrases.passthrough);
    return exitCodes.ok;
  });
}

export async function listKeys(invocation: Invocation): Promise<number> {
  return withKeys(invocation, false, async (keys) => {
    const all = await keys.list();
    if (invocation.flags.json === true) printJson(invocation, { keys: all });
    else if (all.length === 0) say(invocation, keyPhrases.none);
    else invocation.standardOutput.write(`${keyTable(all, invocation.language).join("\n")}\n`);
    return exitCodes.ok;
  });
}

export async function showKey(invocation: Invocation): Promise<number> {
  return withKey(invocation, async (keys, { id }) => {
    const key = await keys.show(id);
    if (key === null) return gone(invocation, id);
    if (invocation.flags.json === true) printJson(invocation, key);
    else invocation.standardOutput.write(`${keyLines(key, invocation.language).join("\n")}\n`);
    return exitCodes.ok;
  });
}

export async function revokeKey(invocation: Invocation): Promise<number> {
  return withKey(invocation, async (keys, { id, revoked_at: before }) => {
    const key = await keys.revoke(id);
    if (key === null) return gone(invocation, id);
    const name = safeCell(key.name);
    if (invocation.flags.json === true) printJson(invocation, key);
    else if (before !== null) say(invocation, keyPhrases.wasRevoked(name, id, momentCell(before)));
    else say(invocation, keyPhrases.revoked(name, id));
    return exitCodes.ok;
  });
}

export async function rotateKey(invocation: Invocation): Promise<number> {
  const reading = readOverlap(invocation.flags);
  if (reading.kind === "wrong") return refuseFlag(invocation, reading);
  return withKey(invocation, async (keys, { id, name, state }) => {
    if (state === "revoked") {
      say(invocation, keyPhrases.rotatesNoMore(safeCell(name), id));
      return exitCodes.failed;
    }
    const issued = await keys.rotate(id, reading.seconds);
    if (issued === null) return gone(invocation, id);
    const { previous_until: until } = issued.key;
    const phrase = keyPhrases.rotated(safeCell(name), id, until === null ? null : momentCell(until));
    printIssued(invocation, keys, issued, phrase);
    return exitCodes.ok;
  });
}

function gone(invocation: Invocation, id: string): number {
  say(invocation, keyPhrases.noKey(id, []));
  return exitCodes.failed;
}
