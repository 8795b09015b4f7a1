/** The ledger's tables, as the list of steps that led to them: one for each version. */

/** Marks a SQLite file as a ledger of this program: "vpxy" in ASCII. */
export const APPLICATION_ID = 0x76707879;

/**
 * Attempts lie in the order of their ids, which begin with the time: one tree, in which rows are found by id,
 * read by their time and retired. The few that `strayed` were opened far from the time in their id, and are
 * found by an index of their own. `request_id` is computed from the attempt's id and takes no room.
 * `estimate_from` has what an estimate is made from, while the row is open.
 *
 * Sums lie by hours since 1970 in UTC and by days in Beijing, with the names they are grouped by in a table
 * of their own, so that sums kept for ever are rows of integers. Spending is what budgets ask for: the same
 * sums by key, by model and of all, without any bound on their groups.
 */
const version1 = `
CREATE TABLE attempts (
  attempt_id TEXT PRIMARY KEY,
  request_id TEXT GENERATED ALWAYS AS (substr(attempt_id, 1, instr(attempt_id, '.') - 1)) VIRTUAL,
  client_request_id TEXT,
  key_id TEXT NOT NULL,
  door TEXT NOT NULL,
  alias TEXT NOT NULL,
  upstream TEXT NOT NULL,
  upstream_model TEXT NOT NULL,
  stream INTEGER NOT NULL,
  state TEXT NOT NULL,
  cause TEXT,
  status INTEGER,
  error_code TEXT,
  opened_at INTEGER NOT NULL,
  queue_ms REAL NOT NULL,
  connect_ms REAL,
  first_byte_ms REAL,
  total_ms REAL,
  input_tokens INTEGER,
  cached_input_tokens INTEGER,
  output_tokens INTEGER,
  reasoning_tokens INTEGER,
  provenance TEXT,
  cost_micro_yuan INTEGER,
  price_version TEXT,
  estimate_from TEXT,
  idempotency TEXT,
  strayed INTEGER
) WITHOUT ROWID;
CREATE INDEX attempts_open ON attempts (attempt_id) WHERE state = 'open';
CREATE INDEX attempts_strayed ON attempts (opened_at) WHERE strayed = 1;
CREATE INDEX attempts_once ON attempts (opened_at) WHERE idempotency IS NOT NULL;
CREATE TABLE early_settlements (
  id INTEGER PRIMARY KEY,
  attempt_id TEXT NOT NULL UNIQUE,
  settled TEXT NOT NULL
);
CREATE TABLE usage_groups (
  id INTEGER PRIMARY KEY,
  key_id TEXT NOT NULL,
  alias TEXT NOT NULL,
  upstream TEXT NOT NULL,
  upstream_model TEXT NOT NULL,
  state TEXT NOT NULL,
  provenance TEXT NOT NULL,
  UNIQUE (key_id, alias, upstream, upstream_model, state, provenance)
);
CREATE TABLE usage_hours (
  hour INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  cost_micro_yuan INTEGER NOT NULL,
  unknown_cost_attempts INTEGER NOT NULL,
  PRIMARY KEY (hour, group_id)
) WITHOUT ROWID;
CREATE TABLE usage_days (
  day INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  cost_micro_yuan INTEGER NOT NULL,
  unknown_cost_attempts INTEGER NOT NULL,
  PRIMARY KEY (day, group_id)
) WITHOUT ROWID;
CREATE TABLE spending_days (
  day INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  cost_micro_yuan INTEGER NOT NULL,
  PRIMARY KEY (day, kind, name)
) WITHOUT ROWID;
CREATE TABLE spending_totals (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  cost_micro_yuan INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE records (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_subjects ON audit (subject);
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
PRAGMA application_id = ${APPLICATION_ID};
`;

/** The n-th step (from 1) leads from version n-1 to version n; one that was released never changes. */
export const schemaSteps: readonly string[] = [version1];
