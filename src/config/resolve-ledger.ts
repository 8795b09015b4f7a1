/** Turns the ledger's settings into what the house is built from. */
import type { ClientLossConfig, LedgerConfig } from "./config.ts";
import { defaults } from "./defaults.ts";
import { parseLongDurationMs } from "./quantities.ts";
import { durationMs } from "./resolve-timeouts.ts";
import type { LedgerSettings } from "./schema.ts";

/** @param folder where the ledger lies, as an absolute path */
export function resolveLedger(settings: LedgerSettings, folder: string): LedgerConfig {
  const { ledger } = defaults;
  const retention = settings.retention ?? ledger.retention;
  const retentionMs = parseLongDurationMs(retention, 1, Number.MAX_SAFE_INTEGER);
  if (retentionMs === null) throw new TypeError("a retention passed the schema and cannot be read");
  return {
    folder,
    durability: settings.durability ?? ledger.durability,
    retentionMs,
    clientLoss: clientLossOf(settings),
    onFailure: settings.on_failure ?? ledger.on_failure,
    billColumns: settings.bill_columns ?? {},
  };
}

function clientLossOf(settings: LedgerSettings): ClientLossConfig {
  const { ledger } = defaults;
  if ((settings.client_loss ?? ledger.client_loss) === "cancel") return { kind: "cancel" };
  return {
    kind: "drain",
    forMs: durationMs(settings.drain_for ?? ledger.drain_for),
    tokensMax: settings.drain_tokens_max ?? ledger.drain_tokens_max,
    drainsMax: settings.drains_max ?? ledger.drains_max,
  };
}
