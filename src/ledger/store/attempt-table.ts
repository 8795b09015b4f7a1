/** The statements on the table of attempts: inserting rows, and taking open ones to their final state. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { idPrefixAt, type RequestId } from "../../core/ids.ts";
import type { MicroYuan, PriceList } from "../../core/money.ts";
import type { TextMeasure } from "../../core/text-measure.ts";
import type { Provenance, Usage } from "../../core/usage.ts";
import type { AttemptOpened, AttemptSettled } from "../ledger.ts";
import { IdTimes } from "./id-times.ts";

/** What an estimate is made from; kept with a row while it is open. */
export type EstimateFrom = {
  readonly body: TextMeasure;
  readonly outputTokensMax: number | null;
  readonly price: PriceList | null;
};

/** Whom a row belongs to, and when: what sums need of it. */
export type RowGroup = Pick<
  AttemptOpened,
  "keyId" | "alias" | "upstream" | "upstreamModel" | "openedAtWallMs"
>;

export type OpenRow = {
  readonly attemptId: string;
  readonly group: RowGroup;
  readonly estimateFrom: EstimateFrom;
};

/** A final state: a settlement, or what stands in for one that never came. */
export type Ending = Pick<
  AttemptSettled,
  "state" | "cause" | "status" | "errorCode" | "dispatchedMs" | "firstByteMs"
> & {
  readonly totalMs: number | null;
  readonly usage: Usage | null;
  readonly provenance: Provenance;
  readonly cost: MicroYuan | null;
};

/** A request that was to be done once, and may have been. */
export type OnceRow = {
  readonly text: string;
  readonly requestId: RequestId;
  readonly openedAtWallMs: number;
};

const openedColumns =
  "attempt_id, client_request_id, key_id, door, alias, upstream, upstream_model, stream, opened_at, " +
  "queue_ms, price_version, estimate_from, idempotency, strayed";
const endingColumns = [
  "state",
  "cause",
  "status",
  "error_code",
  "connect_ms",
  "first_byte_ms",
  "total_ms",
  "input_tokens",
  "cached_input_tokens",
  "output_tokens",
  "reasoning_tokens",
  "provenance",
  "cost_micro_yuan",
];
const groupColumns = "key_id, alias, upstream, upstream_model, opened_at";

export class AttemptTable {
  readonly #insertOpen: StatementSync;
  readonly #insertFinished: StatementSync;
  readonly #finish: StatementSync;
  readonly #exists: StatementSync;
  readonly #openRows: StatementSync;
  readonly #retire: StatementSync;
  readonly #retireStrayed: StatementSync;
  readonly #onceRows: StatementSync;
  readonly #counted: StatementSync;
  readonly #idTimes = new IdTimes();

  constructor(database: DatabaseSync) {
    const fourteen = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";
    this.#insertOpen = database.prepare(
      `INSERT INTO attempts (${openedColumns}, state) VALUES (${fourteen}, 'open') ON CONFLICT DO NOTHING`,
    );
    this.#insertFinished = database.prepare(
      `INSERT INTO attempts (${openedColumns}, ${endingColumns.join(", ")})
       VALUES (${fourteen}, ${endingColumns.map(() => "?").join(", ")}) ON CONFLICT DO NOTHING`,
    );
    this.#finish = database.prepare(
      `UPDATE attempts SET estimate_from = NULL, ${endingColumns.map((name) => `${name} = ?`).join(", ")}
       WHERE attempt_id = ? AND state = 'open' RETURNING ${groupColumns}`,
    );
    this.#exists = database.prepare("SELECT 1 FROM attempts WHERE attempt_id = ?");
    this.#openRows = database.prepare(
      `SELECT attempt_id, estimate_from, ${groupColumns} FROM attempts
       WHERE state = 'open' AND attempt_id > ? ORDER BY attempt_id LIMIT ?`,
    );
    this.#retire = database.prepare(
      `DELETE FROM attempts WHERE attempt_id IN (
         SELECT attempt_id FROM attempts WHERE attempt_id < ? AND opened_at < ? AND state <> 'open'
         ORDER BY attempt_id LIMIT ?)`,
    );
    this.#retireStrayed = database.prepare(
      `DELETE FROM attempts WHERE attempt_id IN (
         SELECT attempt_id FROM attempts INDEXED BY attempts_strayed
         WHERE strayed = 1 AND opened_at < ? AND state <> 'open' ORDER BY opened_at LIMIT ?)`,
    );
    this.#onceRows = database.prepare(
      `SELECT idempotency, request_id, opened_at FROM attempts INDEXED BY attempts_once
       WHERE idempotency IS NOT NULL AND opened_at >= ?
         AND (connect_ms IS NOT NULL OR state IN ('open', 'interrupted'))
       ORDER BY opened_at DESC LIMIT ?`,
    );
    this.#counted = database.prepare("SELECT count(*) AS rows FROM attempts WHERE state = 'open'");
  }

  /** False where a row of that id is there already. */
  insertOpen(opened: AttemptOpened): boolean {
    const { body, outputTokensMax, price } = opened;
    const estimateFrom = JSON.stringify({ body, outputTokensMax, price } satisfies EstimateFrom);
    return this.#insertOpen.run(...this.#valuesOfOpened(opened, estimateFrom)).changes !== 0;
  }

  /** False where a row of that id is there already. */
  insertFinished(opened: AttemptOpened, ending: Ending): boolean {
    const values = [...this.#valuesOfOpened(opened, null), ...valuesOfEnding(ending)];
    const { changes } = this.#insertFinished.run(...values);
    return changes !== 0;
  }

  /** Takes an open row to its final state; null where no open row has that id. */
  finish(attemptId: string, ending: Ending): RowGroup | null {
    const row = this.#finish.get(...valuesOfEnding(ending), attemptId);
    return row === undefined ? null : groupOf(row);
  }

  has(attemptId: string): boolean {
    return this.#exists.get(attemptId) !== undefined;
  }

  /** Open rows in the order of their ids, from behind the one given. */
  openRowsAfter(attemptId: string, rowsMax: number): OpenRow[] {
    return this.#openRows.all(attemptId, rowsMax).map((row) => ({
      attemptId: String(row["attempt_id"]),
      group: groupOf(row),
      estimateFrom: JSON.parse(String(row["estimate_from"])) as EstimateFrom,
    }));
  }

  /**
   * Deletes the oldest rows opened before a moment, open ones aside; returns how many. One whose id is of a
   * later moment all the same, as the clock was set back between the two, stays until that has come.
   */
  retire(beforeWallMs: number, rowsMax: number): number {
    const strayed = Number(this.#retireStrayed.run(beforeWallMs, rowsMax).changes);
    const { changes } = this.#retire.run(idPrefixAt(beforeWallMs), beforeWallMs, rowsMax - strayed);
    return strayed + Number(changes);
  }

  /** Rows of requests that were to be done once, and that a model may have seen; the newest first. */
  onceRows(fromWallMs: number, rowsMax: number): OnceRow[] {
    return this.#onceRows.all(fromWallMs, rowsMax).map((row) => ({
      text: String(row["idempotency"]),
      requestId: String(row["request_id"]) as RequestId,
      openedAtWallMs: Number(row["opened_at"]),
    }));
  }

  get openRows(): number {
    return Number(this.#counted.get()?.["rows"]);
  }

  #valuesOfOpened(opened: AttemptOpened, estimateFrom: string | null): SQLInputValue[] {
    const { attemptId, openedAtWallMs } = opened;
    return [
      attemptId,
      opened.clientRequestId,
      opened.keyId,
      opened.door,
      opened.alias,
      opened.upstream,
      opened.upstreamModel,
      opened.stream ? 1 : 0,
      openedAtWallMs,
      opened.queueMs,
      opened.price === null ? null : opened.price.version,
      estimateFrom,
      opened.idempotency,
      this.#idTimes.isStrayed(attemptId, openedAtWallMs) ? 1 : null,
    ];
  }
}

function valuesOfEnding(ending: Ending): SQLInputValue[] {
  const { usage } = ending;
  return [
    ending.state,
    ending.cause,
    ending.status,
    ending.errorCode,
    ending.dispatchedMs,
    ending.firstByteMs,
    ending.totalMs,
    usage === null ? null : usage.inputTokens,
    usage === null ? null : usage.cachedInputTokens,
    usage === null ? null : usage.outputTokens,
    usage === null ? null : usage.reasoningTokens,
    ending.provenance,
    ending.cost,
  ];
}

function groupOf(row: { readonly [column: string]: unknown }): RowGroup {
  return {
    keyId: String(row["key_id"]) as RowGroup["keyId"],
    alias: String(row["alias"]),
    upstream: String(row["upstream"]),
    upstreamModel: String(row["upstream_model"]),
    openedAtWallMs: Number(row["opened_at"]),
  };
}
