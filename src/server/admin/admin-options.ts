/** What the admin API answers from: the parts that the program hands in. */
import type { Config } from "../../config/config.ts";
import type { Clock } from "../../core/clock.ts";
import type { Outcome } from "../../core/ending.ts";
import type { KeyId } from "../../core/ids.ts";
import type { BudgetPeriod, Spending } from "../../core/limits.ts";
import type { MicroYuan } from "../../core/money.ts";
import type { Usage } from "../../core/usage.ts";
import type { FailedCredentials } from "../../keys/failures.ts";
import type { KeyDesk } from "../../keys/key-desk.ts";
import type { KeyRecord } from "../../keys/key-record.ts";
import type { LedgerReports } from "../../ledger/reports.ts";
import type { ExplainQuestion, Explanation } from "../../pipeline/explain.ts";

export type AdminOptions = {
  /** The keys in force, each as `adminKeyHash` gives it; null: there is none, so it opens nothing. */
  readonly hashes: {
    readonly admin: () => string | null;
    readonly readOnly: () => string | null;
    /** The token in the data folder, for the command line beside the gateway. */
    readonly local: () => string | null;
  };
  /** Where wrong keys are counted, together with those of the data plane. */
  readonly failures: Pick<FailedCredentials, "count">;
  readonly desk: KeyDesk;
  /** Whether the key may use the model of that name. */
  readonly mayUse: (key: KeyRecord, name: string) => boolean;
  readonly reports: LedgerReports;
  /** What the key has used, by the periods that this moment lies in. */
  readonly spendingOf: (keyId: KeyId) => Readonly<Record<BudgetPeriod, Spending>>;
  /** The configuration in force. */
  readonly config: () => Config;
  /** What would become of a request, without a call to Ark and without taking anything of any limit. */
  readonly explain: (question: ExplainQuestion) => Promise<Explanation>;
  /** Reads the configuration file again; where it is broken, the old one stays in force. */
  readonly reload: () => Promise<ReloadResult>;
  readonly live: () => LiveFigures;
  readonly clock?: Clock;
  /** How often the feed of live figures speaks; 1 s when left out. */
  readonly eventsEveryMs?: number;
};

/** The lines are for people, in English. */
export type ReloadResult =
  | { readonly kind: "ok"; readonly warnings: readonly string[] }
  | { readonly kind: "broken"; readonly problems: readonly string[] };

/** Sums are of this process, from its start. */
export type LiveFigures = {
  readonly requestsInFlight: number;
  /** Requests in line for a limit. */
  readonly waiting: number;
  /** Rows of the ledger that are not settled. */
  readonly openRows: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly tokens: Usage;
  /** Of the attempts whose price is known. */
  readonly cost: MicroYuan;
};
