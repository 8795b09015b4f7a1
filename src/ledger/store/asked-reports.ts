/** Reports put together from single questions, wherever those are answered. */
import { GatewayError } from "../../core/errors.ts";
import type {
  AttemptRow,
  AttemptsQuery,
  AuditPage,
  AuditQuery,
  LedgerReports,
  RowCursor,
  RowsPage,
  RowsQuery,
  UsageQuery,
  UsageReport,
} from "../reports.ts";
import type { AttemptsPage } from "./attempt-rows.ts";
import type { ReportsAnswer, ReportsQuestion } from "./reports-message.ts";

export abstract class AskedReports implements LedgerReports {
  /** Rejects with GatewayError, as the calls of `LedgerReports` do. */
  protected abstract ask(question: ReportsQuestion): Promise<ReportsAnswer>;

  abstract close(): Promise<void>;

  async usage(query: UsageQuery): Promise<UsageReport> {
    const answer = await this.ask({ kind: "usage", query });
    return answer.kind === "usage" ? answer.report : mismatched();
  }

  async *attempts(query: AttemptsQuery): AsyncGenerator<AttemptRow> {
    let after: RowCursor | null = null;
    do {
      const answer: ReportsAnswer = await this.ask({ kind: "attempts", query, after });
      const page: AttemptsPage = answer.kind === "attempts" ? answer.page : mismatched();
      yield* page.rows;
      after = page.end;
    } while (after !== null);
  }

  async page(query: RowsQuery): Promise<RowsPage> {
    const answer = await this.ask({ kind: "page", query });
    return answer.kind === "page" ? answer.page : mismatched();
  }

  async audit(query: AuditQuery): Promise<AuditPage> {
    const answer = await this.ask({ kind: "audit", query });
    return answer.kind === "audit" ? answer.page : mismatched();
  }
}

function mismatched(): never {
  throw new GatewayError("internal_error", "The report's answer does not belong to its question.");
}
