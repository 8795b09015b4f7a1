/** Defects that must not live: each is planted into a copy of the sources, and names a test that sees it. */

export type PlantedEdit = {
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
};

export type PlantedBug = PlantedEdit & {
  readonly name: string;
  /** Its second place, where it has two. */
  readonly also?: PlantedEdit;
  readonly test: string;
  /** A part of the test's name; null: the test does not compile. */
  readonly named: string | null;
  readonly isSystem?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
};

const MATRIX = {
  test: "test/end-to-end/fault-matrix.test.ts",
  named: "client loss: cancel",
  environment: { VOLCANO_FAULT_RUNS: "1200" },
} as const;

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "the journal is never synced",
    file: "src/ledger/journal/disk.ts",
    from: "sync: fdatasync,",
    to: "sync: (file, done) => (file < 0 ? fdatasync(file, done) : setImmediate(done, null)),",
    test: "test/system/ledger-power-cut.test.ts",
    named: "images of the disk",
    isSystem: true,
    environment: { VOLCANO_POWER_CUTS: "100" },
  },
  {
    name: "the end of an answer does not wait for the sync",
    file: "src/ledger/journal/journal-writer.ts",
    from: 'const syncs = options.durability === "power";',
    to: 'const syncs = options.durability === "power" && folder === "";',
    test: "test/end-to-end/ledger-disk.test.ts",
    named: "a disk that does not answer",
  },
  {
    name: "the end of an answer does not wait for its row",
    file: "src/pipeline/pipeline.ts",
    from: "const kept = house.ledger.kept();",
    to: "const kept = house.ledger.openRows < 0 ? house.ledger.kept() : null;",
    test: "test/end-to-end/ledger-first.test.ts",
    named: "before an answer ends",
  },
  {
    name: "a call is sent before its row is written",
    file: "src/pipeline/relay.ts",
    from: "if (written !== null) await written;",
    to: "written?.catch(() => {});",
    test: "test/end-to-end/ledger-first.test.ts",
    named: "before a byte goes to Ark",
  },
  {
    name: "a row is not settled where its client has left",
    file: "src/pipeline/account.ts",
    from: "attempt.row.settle(settledRow(",
    to: 'if (delivery.outcome !== "abandoned") attempt.row.settle(settledRow(',
    ...MATRIX,
  },
  {
    name: "a row is settled twice",
    file: "src/pipeline/account.ts",
    from: "      learn(house, call, attempt, delivery);",
    to: "      attempt.row.settle(settledRow(attempt, delivery, story.bill, totalMs));",
    ...MATRIX,
  },
  {
    name: "a settlement that comes twice is summed twice",
    file: "src/ledger/store/roll-ups.ts",
    from: "    this.#last.sums.addRow(row);",
    to:
      "    this.#last.sums.addRow(row);\n" + '    if (row.state === "partial") this.#last.sums.addRow(row);',
    ...MATRIX,
  },
  {
    name: "a duration is taken from the wall clock",
    file: "src/pipeline/answer/answer.ts",
    from: "    this.startedMs = clock.monotonicMs();",
    // As if the end were taken from it.
    to: "    this.startedMs = clock.monotonicMs() + clock.wallMs() - Date.now();",
    test: "test/end-to-end/ledger-clock.test.ts",
    named: "a clock that jumps",
  },
  {
    name: "a deadline is taken from the wall clock",
    file: "src/pipeline/visit/watch.ts",
    from: "    this.#tickAll(this.#clock.monotonicMs());",
    to: "    this.#tickAll(this.#clock.monotonicMs() + this.#clock.wallMs() - Date.now());",
    test: "test/end-to-end/ledger-clock.test.ts",
    named: "a clock that jumps",
  },
  {
    name: "a refused call is billed",
    file: "src/pipeline/delivery/error.ts",
    from: "    consumption: free,\n    delivered: null,",
    to: "    consumption: untold,\n    delivered: null,",
    ...MATRIX,
  },
  {
    name: "an answer without usage is free",
    file: "src/pipeline/delivery/delivery.ts",
    from: 'usage === null ? { kind: "untold", delivered, opening }',
    to: 'usage === null ? { kind: "free" }',
    ...MATRIX,
  },
  {
    name: "an estimate passes for Ark's own figure",
    file: "src/pipeline/bill.ts",
    from: 'return priced(plan, usage, delivered === null ? "estimated" : "counted");',
    to: 'return priced(plan, usage, delivered === null ? "estimated" : "upstream_final");',
    ...MATRIX,
  },
  {
    name: "a cost is rounded down",
    file: "src/core/money.ts",
    from: "const raised = parts + HALF_UNIT;",
    to: "const raised = parts;",
    ...MATRIX,
  },
  {
    name: "what may have been sent is sent again",
    file: "src/pipeline/retry.ts",
    from: 'if (failed.dispatched || failed.final || failed.error.repeat !== "safe") return',
    to: "if (failed.final) return",
    ...MATRIX,
  },
  {
    name: "a cut stream ends without a word",
    file: "src/pipeline/delivery/stream.ts",
    from: 'bytes === null ? { kind: "break" } : { kind: "close", bytes };',
    to: 'bytes === null ? { kind: "break" } : { kind: "close", bytes: null };',
    ...MATRIX,
  },
  {
    name: "the call to Ark goes on without its client",
    file: "src/pipeline/delivery/stream.ts",
    from: "    if (this.#drain !== null) return;\n    this.#answer.abandon();",
    to: "    if (this.#drain !== null) return;",
    ...MATRIX,
  },
  {
    name: "a row has a piece of its caller's key",
    file: "src/keys/fingerprint.ts",
    from: '.update(credential).digest("hex");',
    to: '.update(credential).digest("hex").replace(/^.{9}/, credential.slice(0, 9));',
    ...MATRIX,
  },
];
