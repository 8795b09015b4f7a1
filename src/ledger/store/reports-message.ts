/** What the gateway and its reports' thread say to each other. */
import type { ErrorCode } from "../../core/errors.ts";
import type {
  AttemptsQuery,
  AuditPage,
  AuditQuery,
  RowCursor,
  RowsPage,
  RowsQuery,
  UsageQuery,
  UsageReport,
} from "../reports.ts";
import type { AttemptsPage } from "./attempt-rows.ts";

export type ReportsQuestion =
  | { readonly kind: "usage"; readonly query: UsageQuery }
  | { readonly kind: "attempts"; readonly query: AttemptsQuery; readonly after: RowCursor | null }
  | { readonly kind: "page"; readonly query: RowsQuery }
  | { readonly kind: "audit"; readonly query: AuditQuery };

export type ReportsAnswer =
  | { readonly kind: "usage"; readonly report: UsageReport }
  | { readonly kind: "attempts"; readonly page: AttemptsPage }
  | { readonly kind: "page"; readonly page: RowsPage }
  | { readonly kind: "audit"; readonly page: AuditPage };

export type ReportsFailure = { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

export type ReportsThreadData = { readonly folder: string };
