/** A ledger of every earlier version comes up to date with all its rows, and is never left half-way. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { ledgerPath } from "../../../../src/ledger/store/ledger-file.ts";
import { LedgerReader } from "../../../../src/ledger/store/ledger-reader.ts";
import { migrate, schemaVersionOf } from "../../../../src/ledger/store/migrate.ts";
import { schemaSteps } from "../../../../src/ledger/store/schema.ts";
import { endOf, migration } from "./child.ts";
import { change, select, sums } from "./inspection.ts";
import { newFolder, opened, openStore, settled, start, thrownBy } from "./records.ts";

const SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
const versions = schemaSteps.map((_, index) => index + 1);

/** What that version's program left behind, in SQL of its own: never changed once it is released. */
function fileOf(version: number): string {
  return join(import.meta.dirname, "schemas", `${version}.sql`);
}

describe.each(versions)("a ledger of version %i", (version) => {
  test("has a file here, as it was written then", () => {
    expect(existsSync(fileOf(version))).toBe(true);
    const folder = newFolder();
    change(folder, readFileSync(fileOf(version), "utf8"));
    expect(select(folder, "PRAGMA user_version")).toEqual([{ user_version: version }]);
  });

  test("has the tables of a new one after a start, with all its rows, and goes on", () => {
    const fresh = newFolder();
    openStore(fresh);
    const folder = newFolder();
    change(folder, readFileSync(fileOf(version), "utf8"));
    const store = openStore(folder);
    expect(select(folder, SCHEMA)).toEqual(select(fresh, SCHEMA));
    expect(select(folder, "PRAGMA user_version")).toEqual([{ user_version: schemaSteps.length }]);
    expect(select(folder, "PRAGMA application_id")).toEqual(select(fresh, "PRAGMA application_id"));
    expect(store.position()).toEqual({ segment: 12, offset: 345 });
    expect(store.salt.toString("hex")).toBe("000102030405060708090a0b0c0d0e0f");
    expect(store.openRows).toBe(1);
    store.apply([settled("req_open"), opened("req_new"), settled("req_new")], start);
    expect(store.openRows).toBe(0);
    expect(select(folder, "SELECT count(*) AS n FROM attempts")).toEqual([{ n: 4 }]);
    expect(sums(folder).kept).toEqual(sums(folder).due);
  });
});

/** Steps to come, as far as this test is concerned. */
const laterSteps = [
  "CREATE TABLE later_a (a); INSERT INTO later_a VALUES (1)",
  "CREATE TABLE later_b (b); INSERT INTO later_b SELECT a FROM later_a; DROP TABLE later_a",
];

describe("a step", () => {
  test("that fails leaves the version before it whole, and is taken again at the next start", () => {
    const folder = newFolder();
    const failing = [...schemaSteps, laterSteps[0] ?? "", `${laterSteps[1]}; SELECT no_such_function()`];
    expect(thrownBy(() => openStore(folder, { steps: failing }))).toMatchObject({ name: "LedgerOpenError" });
    expect(select(folder, "PRAGMA user_version")).toEqual([{ user_version: schemaSteps.length + 1 }]);
    expect(select(folder, "SELECT a FROM later_a")).toEqual([{ a: 1 }]);
    openStore(folder, { steps: [...schemaSteps, ...laterSteps] });
    expect(select(folder, "SELECT b FROM later_b")).toEqual([{ b: 1 }]);
  });

  test.each([1, 2, 3])(
    "that is killed half-way, the %i. from here, is completed at the next start",
    async (killedAt) => {
      const folder = newFolder();
      const steps = [...schemaSteps, ...laterSteps];
      const withKill = steps.map((step, index) =>
        index === schemaSteps.length - 2 + killedAt ? `${step}; SELECT die()` : step,
      );
      expect(await endOf(migration(folder, withKill))).toBe("SIGKILL");
      expect(select(folder, "PRAGMA user_version")).toEqual([
        { user_version: schemaSteps.length - 2 + killedAt },
      ]);
      const store = openStore(folder, { steps });
      store.apply([opened("req_a"), settled("req_a")], start);
      expect(select(folder, "SELECT b FROM later_b")).toEqual([{ b: 1 }]);
      expect(select(folder, "SELECT name FROM sqlite_schema WHERE name = 'later_a'")).toEqual([]);
    },
  );

  test("is taken once only", () => {
    const database = new DatabaseSync(":memory:");
    const steps = ["CREATE TABLE counted (n)", "INSERT INTO counted VALUES (1)"];
    migrate(database, steps);
    migrate(database, steps);
    expect(schemaVersionOf(database)).toBe(2);
    expect(database.prepare("SELECT count(*) AS n FROM counted").get()).toMatchObject({ n: 1 });
    database.close();
  });
});

test("a program of this version refuses what a later one has written", () => {
  const folder = newFolder();
  openStore(folder, { steps: [...schemaSteps, ...laterSteps] }).close();
  expect(thrownBy(() => openStore(folder))).toMatchObject({ fault: "newer_schema" });
  expect(thrownBy(() => LedgerReader.open(folder))).toMatchObject({ code: "ledger_unavailable" });
});

test("what only reads makes no ledger of an empty file", () => {
  const folder = newFolder();
  writeFileSync(ledgerPath(folder), "");
  expect(thrownBy(() => LedgerReader.open(folder))).toMatchObject({
    code: "ledger_unavailable",
    message: expect.stringContaining("Name the data folder of a gateway that has run."),
  });
  expect(readFileSync(ledgerPath(folder))).toHaveLength(0);
});
