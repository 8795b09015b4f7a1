/** What the admin API answers from: the parts that the program hands in. */
import type { Config } from "../../config/config.ts";
import type { Change } from "../../core/changes.ts";
import type { Clock } from "../../core/clock.ts";
import type { Outcome } from "../../core/ending.ts";
import type { GatewayError } from "../../core/errors.ts";
import type { KeyId } from "../../core/ids.ts";
import type { BudgetPeriod, SpenderKind, Spending } from "../../core/limits.ts";
import type { MicroYuan, PriceList } from "../../core/money.ts";
import type { Usage } from "../../core/usage.ts";
import type { FailedCredentials } from "../../keys/failures.ts";
import type { KeyDesk } from "../../keys/key-desk.ts";
import type { KeyRecord } from "../../keys/key-record.ts";
import type { LedgerReports } from "../../ledger/reports.ts";
import type { LimitRefusal } from "../../limits/call-limits.ts";

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

export type ExplainQuestion = {
  /** A path of the data plane, such as `/v1/chat/completions`. */
  readonly path: string;
  /** Whose request it would be; null: of a caller with an Ark key of his own. */
  readonly key: KeyRecord | null;
  /** The request's body. */
  readonly body: Buffer;
};

/** One limit that the request would be held to. */
export type LimitStanding = {
  readonly spender: SpenderKind;
  readonly limit: "requests_per_minute" | "tokens_per_minute" | "concurrent" | "budget_cny" | "budget_tokens";
  /** Null where the limit is not a budget. */
  readonly period: BudgetPeriod | null;
  /** In micro-yuan where the budget is one of money. */
  readonly max: number;
  /** What others have taken of it by now; null where that is not known. */
  readonly taken: number | null;
  /** What the request would take; null: its price is not known. */
  readonly claim: number | null;
};

export type Explanation =
  /** Refused before any limit is asked: `error` is what the client would be told. */
  | { readonly kind: "refused"; readonly error: GatewayError }
  | {
      readonly kind: "served";
      readonly door: string;
      readonly alias: string;
      /** The model asked for is not there, so the default one serves. */
      readonly isFallback: boolean;
      /** Such as `ark/ep-20250218144306-sshj5`. */
      readonly target: string;
      readonly changes: readonly Change[];
      /** Null: not known. */
      readonly price: PriceList | null;
      /** What it is expected to use, and what that costs. */
      readonly estimate: { readonly usage: Usage; readonly cost: MicroYuan | null };
      /** What it can use at most: what budgets must have left for it. */
      readonly most: { readonly tokens: number; readonly cost: MicroYuan | null };
      readonly limits: readonly LimitStanding[];
      /** Null: every limit would let it in now. */
      readonly refusal: LimitRefusal | null;
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
