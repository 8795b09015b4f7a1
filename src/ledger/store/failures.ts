/** What may go wrong with the ledger's file, in words: SQLite's result codes sorted into what can be done. */

/**
 * `in_use`: another gateway has the folder; `busy`: another program writes to the file; `full`: no space;
 * `corrupt`: the file is damaged, or no database; `foreign`: a database, but no ledger; `newer_schema`: of a
 * later version of the program; `older_schema`: to be brought up to date by a gateway's start; `missing`: no
 * file there, or not the one that was opened; `not_writable`: the system forbids it; `io`: the disk failed.
 */
export type LedgerFault =
  | "in_use"
  | "busy"
  | "full"
  | "corrupt"
  | "foreign"
  | "newer_schema"
  | "older_schema"
  | "missing"
  | "not_writable"
  | "io"
  | "unknown";

/** A ledger that cannot be opened; the message is for the operator, and says what to do. */
export class LedgerOpenError extends Error {
  override readonly name = "LedgerOpenError";
  readonly fault: LedgerFault;

  constructor(fault: LedgerFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

/** An open ledger that failed: nothing of the call was kept, and the same call may be made again. */
export class LedgerStoreError extends Error {
  override readonly name = "LedgerStoreError";
  readonly fault: LedgerFault;

  constructor(fault: LedgerFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

/** SQLite's primary result codes (sqlite.org/rescode.html); the extended ones have them in their low byte. */
const faultByCode: Readonly<Record<number, LedgerFault>> = {
  3: "not_writable",
  5: "busy",
  6: "busy",
  8: "not_writable",
  10: "io",
  11: "corrupt",
  13: "full",
  14: "not_writable",
  22: "io",
  26: "corrupt",
};

const faultByErrno: Readonly<Record<string, LedgerFault>> = {
  EACCES: "not_writable",
  EPERM: "not_writable",
  EROFS: "not_writable",
  ENOTDIR: "not_writable",
  EEXIST: "not_writable",
  ENOENT: "missing",
  ENOSPC: "full",
  EDQUOT: "full",
  EIO: "io",
};

/** What a thrown error means: SQLite's (`errcode`) or the system's (`code`). */
export function faultOf(thrown: unknown): LedgerFault {
  if (thrown instanceof LedgerOpenError || thrown instanceof LedgerStoreError) return thrown.fault;
  if (!(thrown instanceof Error)) return "unknown";
  if ("errcode" in thrown && typeof thrown.errcode === "number") {
    return faultByCode[thrown.errcode & 0xff] ?? "unknown";
  }
  if ("code" in thrown && typeof thrown.code === "string") return faultByErrno[thrown.code] ?? "unknown";
  return "unknown";
}

/** What happened and what to do, of a fault at this path. */
export function adviceOn(fault: LedgerFault, path: string): string {
  switch (fault) {
    case "in_use":
      return `${path} is in use by another gateway. Stop it, or give this one a data folder of its own.`;
    case "busy":
      return `${path} is locked by another program. Close the program that writes to it.`;
    case "full":
      return `There is no space left for ${path}. Free some on that disk.`;
    case "corrupt":
      return `${path} is damaged, or is no SQLite database. Put a backup in its place, or move it away to begin anew.`;
    case "foreign":
      return `${path} is a database, but not a ledger of this program. Name another data folder.`;
    case "newer_schema":
      return `${path} was written by a newer version of this program. Run that version, or a newer one.`;
    case "older_schema":
      return `${path} was written by an older version of this program. Start the gateway once to bring it up to date.`;
    case "missing":
      return `${path} is not there. Name the data folder of a gateway that has run.`;
    case "not_writable":
      return (
        `${path} cannot be opened. Let the user that runs this program read and write it and its folder, ` +
        "or set VOLCANO_PROXY_DATA to another folder."
      );
    case "io":
      return `The disk failed on ${path}. See the system's log.`;
    case "unknown":
      return `${path} cannot be used.`;
  }
}

function detailOf(thrown: unknown): string {
  return thrown instanceof Error ? ` (${thrown.message})` : "";
}

/** For what failed while a ledger was opened. */
export function openErrorOf(thrown: unknown, path: string): LedgerOpenError {
  if (thrown instanceof LedgerOpenError) return thrown;
  const fault = faultOf(thrown);
  return new LedgerOpenError(fault, `${adviceOn(fault, path)}${detailOf(thrown)}`, thrown);
}

/** For what failed on an open ledger. */
export function storeErrorOf(thrown: unknown, path: string): LedgerStoreError {
  if (thrown instanceof LedgerStoreError) return thrown;
  const fault = faultOf(thrown);
  return new LedgerStoreError(fault, `${adviceOn(fault, path)}${detailOf(thrown)}`, thrown);
}
