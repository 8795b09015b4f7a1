/** Decides who is asked for keys: the running gateway, where there is one, else the ledger's file. */
import { existsSync } from "node:fs";
import { readControlFile } from "../../app/control-file.ts";
import type { Config } from "../../config/config.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Phrase } from "../../core/language.ts";
import { LedgerOpenError } from "../../ledger/store/failures.ts";
import { ledgerPath } from "../../ledger/store/ledger-file.ts";
import { ledgerPhrases } from "../ledger-messages.ts";
import { localUrlOf } from "../listening.ts";
import { type ControlPlane, GatewayKeys } from "./gateway-keys.ts";
import { keyPhrases } from "./key-messages.ts";
import { type KeyService, KeysUnavailable } from "./key-service.ts";

/** What leads to a running gateway; a phrase that says why nothing does. */
function controlPlaneOf({ ledger, control }: Config): ControlPlane | Phrase {
  const reading = readControlFile(ledger.folder);
  if (reading.kind === "ok") return { url: reading.access.url, bearer: reading.access.token };
  if (control.adminKey === null || control.port === 0) return keyPhrases.notLed(reading.kind === "forbidden");
  return { url: localUrlOf(control), bearer: control.adminKey };
}

/** A gateway that was killed leaves a control file behind that leads nowhere, or to somebody else. */
async function reach(config: Config): Promise<GatewayKeys | Phrase> {
  const plane = controlPlaneOf(config);
  if (!("url" in plane)) return plane;
  const keys = new GatewayKeys(plane);
  try {
    await keys.check();
    return keys;
  } catch (error) {
    if (error instanceof KeysUnavailable) return error.phrase;
    throw error;
  }
}

/**
 * @param makesLedger whether a ledger is made where there is none
 * @throws KeysUnavailable
 */
export async function openKeys(config: Config, makesLedger: boolean): Promise<KeyService> {
  const reached = await reach(config);
  if (reached instanceof GatewayKeys) return reached;
  const { folder } = config.ledger;
  if (!makesLedger && !existsSync(ledgerPath(folder)))
    throw new KeysUnavailable(ledgerPhrases.noLedger(folder));
  try {
    // Beside a running gateway nothing of the ledger's writing side is needed.
    const { FileKeys } = await import("./file-keys.ts");
    return FileKeys.open(folder);
  } catch (error) {
    throw unavailable(error, folder, reached);
  }
}

/** Who holds the folder's lock is a gateway: why it could not be reached is what counts then. */
function unavailable(error: unknown, folder: string, reason: Phrase): unknown {
  if (error instanceof LedgerOpenError && error.fault === "in_use") {
    return new KeysUnavailable(keyPhrases.inUse(folder, reason), error);
  }
  return asUnavailable(error);
}

/** What the ledger says is for the operator already; anything else is a defect, and stays what it is. */
export function asUnavailable(error: unknown): unknown {
  if (error instanceof LedgerOpenError || error instanceof GatewayError) {
    return new KeysUnavailable(keyPhrases.failed(error.message), error);
  }
  return error;
}
