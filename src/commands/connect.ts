/** `connect`: prints, or writes, what a client must be told to use this gateway. */
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read-config.ts";
import type { Phrase } from "../core/language.ts";
import { nearestName } from "../core/nearest-name.ts";
import { printProblems } from "./check.ts";
import { type ClientName, clientNames, isClientName } from "./connect/client-names.ts";
import { clients, setupOf } from "./connect/clients.ts";
import { connectPhrases } from "./connect/connect-phrases.ts";
import { findGateway } from "./connect/gateway-origin.ts";
import { printSheet, type Sheet, sheetObject } from "./connect/print-setup.ts";
import { chooseModel, isUsableKey, keyAdvice, keyWord, originOf, type Site } from "./connect/site.ts";
import { writeSetup } from "./connect/write-setup.ts";
import { safeCell } from "./figure-cells.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { seeHelp } from "./messages.ts";

const MODEL_NAME_CHARACTERS_MAX = 256;

/** What is wrong with the words of the command line; null where nothing is. */
function wrongWord({ operand = "", flags: { url, key, model } }: Invocation): Phrase | null {
  if (!isClientName(operand)) {
    const names = clientNames.join(", ");
    return connectPhrases.noClient(safeCell(operand), nearestName(operand, clientNames), names);
  }
  if (url !== undefined && originOf(url) === null) return connectPhrases.noUrl(safeCell(url));
  if (key !== undefined && !isUsableKey(key)) return connectPhrases.noKeyText;
  const isName = model === undefined || /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u.test(model);
  return isName && (model?.length ?? 0) <= MODEL_NAME_CHARACTERS_MAX ? null : connectPhrases.noModelText;
}

/** Null: it is not known where the gateway listens. */
async function originFor({ flags: { url } }: Invocation, config: Config): Promise<string | null> {
  return url === undefined ? findGateway(config) : originOf(url);
}

type Prepared = { readonly sheet: Sheet; readonly site: Site };

async function prepare(
  invocation: Invocation,
  config: Config,
  client: ClientName,
): Promise<Prepared | Phrase> {
  const { key = null, model = null } = invocation.flags;
  const choice = chooseModel(config, model);
  if (choice.kind === "missing") return choice.sentence;
  const origin = await originFor(invocation, config);
  if (origin === null) return connectPhrases.portUnknown;
  const { mode } = config.auth;
  const site: Site = { origin, key, keyText: key ?? keyWord(mode), model: choice.model };
  const row = clients[client];
  const isWriting = invocation.flags.write === true;
  const notes = [...choice.notes, ...(key === null && !isWriting ? [keyAdvice(mode)] : [])];
  const baseUrl = row.baseUrl(origin);
  const sheet = { client, title: row.title, baseUrl, model: choice.model, setup: setupOf(row, site), notes };
  return { sheet, site };
}

export async function connect(invocation: Invocation): Promise<number> {
  const { standardOutput, standardError, language, operand = "", flags } = invocation;
  const wrong = wrongWord(invocation);
  if (wrong !== null || !isClientName(operand)) {
    standardError.write(`${wrong?.[language] ?? ""}\n${seeHelp("connect")[language]}\n`);
    return exitCodes.usage;
  }
  const reading = readConfig(invocation);
  if (reading.kind === "broken") {
    printProblems(invocation, reading.problems);
    return exitCodes.failed;
  }
  const prepared = await prepare(invocation, reading.config, operand);
  if (!("sheet" in prepared)) {
    standardError.write(`${prepared[language]}\n`);
    return exitCodes.failed;
  }
  const { sheet, site } = prepared;
  if (flags.write === true) return writeSetup(invocation, sheet, site);
  if (flags.json === true) {
    standardOutput.write(`${JSON.stringify(sheetObject(sheet, invocation), null, 2)}\n`);
  } else {
    printSheet(invocation, sheet);
  }
  return exitCodes.ok;
}
