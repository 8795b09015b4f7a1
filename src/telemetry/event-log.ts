/** The port of the event log: what happens beside requests, and what went wrong inside them. */

export type LogFields = { readonly [name: string]: unknown };

export interface EventLog {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
