-- A ledger as version 1 of its schema left it: one row of each kind, and their sums.
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
PRAGMA application_id = 1987082361;
PRAGMA user_version = 1;
INSERT INTO attempts (attempt_id, client_request_id, key_id, door, alias, upstream, upstream_model, stream, state, cause,
  status, error_code, opened_at, queue_ms, connect_ms, first_byte_ms, total_ms, input_tokens, cached_input_tokens,
  output_tokens, reasoning_tokens, provenance, cost_micro_yuan, price_version, estimate_from, strayed) VALUES
  ('req_done.1', 'mine', 'key-1', 'chat', 'fast', 'ark', 'doubao-seed-1-6', 1, 'settled', '-E',
   200, NULL, 1787803200000, 1.5, 2.5, 100.25, 900.75, 100, 20, 50, 10, 'upstream_final', 200, 'ark-2026-08-27', NULL, 1),
  ('req_failed.1', NULL, 'key-1', 'chat', 'fast', 'ark', 'doubao-seed-1-6', 0, 'failed', 'UC',
   NULL, 'upstream_unreachable', 1787803200001, 0, NULL, NULL, 30, NULL, NULL, NULL, NULL, 'none', 0, NULL, NULL, 1),
  ('req_open.1', NULL, 'key-2', 'chat', 'fast', 'ark', 'doubao-seed-1-6', 1, 'open', NULL,
   NULL, NULL, 1787803200002, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   '{"body":{"events":1,"narrowBytes":400,"marks":0,"middleCharacters":0,"wideCharacters":0,"thoughtBytes":0},"outputTokensMax":null,"price":null}', 1);
INSERT INTO usage_groups VALUES
  (1, 'key-1', 'fast', 'ark', 'doubao-seed-1-6', 'settled', 'upstream_final'),
  (2, 'key-1', 'fast', 'ark', 'doubao-seed-1-6', 'failed', 'none');
INSERT INTO usage_hours VALUES (496612, 1, 1, 100, 20, 50, 10, 200, 0), (496612, 2, 1, 0, 0, 0, 0, 0, 0);
INSERT INTO usage_days VALUES (20692, 1, 1, 100, 20, 50, 10, 200, 0), (20692, 2, 1, 0, 0, 0, 0, 0, 0);
INSERT INTO spending_days VALUES
  (20692, 'all', '', 150, 200), (20692, 'key', 'key-1', 150, 200), (20692, 'model', 'fast', 150, 200);
INSERT INTO spending_totals VALUES ('all', '', 150, 200), ('key', 'key-1', 150, 200), ('model', 'fast', 150, 200);
INSERT INTO records VALUES ('key', 'key_1', '{"id":"key_1"}');
INSERT INTO audit VALUES (1, 1787803200000, 'admin', 'key.create', 'key_1', '{"name":"first"}');
INSERT INTO meta VALUES ('journal_position', '12:345'), ('salt', '000102030405060708090a0b0c0d0e0f');
