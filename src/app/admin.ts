/** Hands the admin API what it answers from: here its routes meet the parts of a running gateway. */
import type { Config } from "../config/config.ts";
import { explain } from "../pipeline/explain.ts";
import type { House } from "../pipeline/house.ts";
import { mayUse } from "../pipeline/permission.ts";
import { adminKeyHash } from "../server/admin/admin-key.ts";
import type { AdminOptions, ReloadResult } from "../server/admin/admin-options.ts";
import type { LiveFigures } from "../telemetry/live-figures.ts";
import type { Books, BooksAdmin } from "./books.ts";
import type { Foundation } from "./foundation.ts";

export type AdminParts = {
  readonly books: Books;
  readonly foundation: Foundation;
  readonly live: LiveFigures;
  readonly config: () => Config;
  readonly house: () => House;
  readonly reload: (() => Promise<ReloadResult>) | null;
};

const NO_FILE: ReloadResult = {
  kind: "broken",
  problems: ["This gateway was not started from a configuration file, so there is none to read again."],
};

/** Null where the books can be read by nobody. */
export function adminOptionsOf(parts: AdminParts): AdminOptions | null {
  const { admin } = parts.books;
  return admin === null ? null : optionsOf(parts, admin);
}

function optionsOf(parts: AdminParts, admin: BooksAdmin): AdminOptions {
  const { books, foundation, live, config, house, reload } = parts;
  const { clock, failures, limits, inFlight } = foundation;
  const localHash = adminKeyHash(admin.localToken);
  return {
    hashes: { admin: () => admin.adminHash, readOnly: () => admin.readOnlyHash, local: () => localHash },
    failures,
    desk: books.desk,
    mayUse: (key, name) => mayUse({ kind: "key", key, keyId: key.id }, name),
    reports: admin.reports,
    spendingOf: (keyId) => limits.spendingOf("key", keyId),
    config,
    explain: async (question) => explain(house(), question),
    reload: reload ?? (() => Promise.resolve(NO_FILE)),
    live: () => ({
      requestsInFlight: inFlight.count,
      waiting: limits.waiting,
      openRows: books.ledger.openRows,
      outcomes: live.outcomes,
      tokens: live.tokens,
      cost: live.cost,
    }),
    clock,
  };
}
