/** The admin key when a gateway starts: the configured one, the one that is kept, or a new one, shown once. */
import type { Config } from "../config/config.ts";
import { ADMIN_KEY_HASH } from "../ledger/thread/messages.ts";
import { adminKeyAtStart } from "../server/admin/admin-key.ts";
import type { EventLog } from "../telemetry/event-log.ts";
import type { Invocation } from "./invocation.ts";
import { servePhrases } from "./running-messages.ts";

/** Where the hash of the key is kept from start to start. */
export type AdminKeyStore = {
  readonly adminKeyHash: string | null;
  setMeta(name: string, value: string | null): Promise<void>;
};

/**
 * The hash of the key in force. A new key is kept as its hash first and shown after that, on standard error
 * alone; where it cannot be kept it is good for this run, and the log says so.
 */
export async function startAdminKey(
  { standardError, language }: Pick<Invocation, "standardError" | "language">,
  { adminKey }: Config["control"],
  store: AdminKeyStore,
  log: EventLog,
): Promise<string> {
  const { hash, made } = adminKeyAtStart(adminKey, store.adminKeyHash);
  if (made === null) return hash;
  try {
    await store.setMeta(ADMIN_KEY_HASH, hash);
  } catch (error) {
    log.warn({ error }, "the admin key could not be kept: the next start makes another");
  }
  standardError.write(`${servePhrases.adminKey(made)[language]}\n`);
  return hash;
}
