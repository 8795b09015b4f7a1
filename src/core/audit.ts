/** The trail of what operators change: who did what to which thing, and when. */

export type AuditEntry = {
  readonly atWallMs: number;
  /** `admin` (the admin key), `local` (the command line of this machine) or `start` (the gateway itself). */
  readonly actor: string;
  /** Such as `key.create`. */
  readonly action: string;
  /** The id of the thing that was changed. */
  readonly subject: string;
  /** What was changed, for people and programs; never a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
};
