/** What the gateway and its reports' thread say to each other. */
import type { ErrorCode } from "../../core/errors.ts";
import type { AttemptsQuery, UsageQuery, UsageReport } from "../reports.ts";
import type { AttemptsPage, PageEnd } from "./attempt-rows.ts";

export type ReportsQuestion =
  | { readonly kind: "usage"; readonly query: UsageQuery }
  | { readonly kind: "attempts"; readonly query: AttemptsQuery; readonly after: PageEnd | null };

export type ReportsAnswer =
  | { readonly kind: "usage"; readonly report: UsageReport }
  | { readonly kind: "attempts"; readonly page: AttemptsPage }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

export type ReportsThreadData = { readonly folder: string };
