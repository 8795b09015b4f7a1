/** Proves that the table finds what is in it, however full its buckets are, and nothing else. */
import { describe, expect, test } from "vitest";
import type { KeyHash } from "../../../src/keys/key-record.ts";
import { KeyTable } from "../../../src/keys/key-table.ts";
import { keyHash, newKeySecret } from "../../../src/keys/new-key.ts";
import { recordOf } from "../../support/key-records.ts";

const FOR_EVER = Number.POSITIVE_INFINITY;

/** Texts whose digests begin with the same bits, so that they fall into one bucket of 64. */
function crowd(count: number): string[] {
  const found: string[] = [];
  for (let number = 0; found.length < count; number++) {
    const text = `crowd-${number}`;
    // The words are read as the machine has them: of the first, its lowest byte is the first byte.
    const firstByte = Number.parseInt(keyHash(text).slice(0, 2), 16);
    if ((firstByte & 63) === 5) found.push(text);
  }
  return found;
}

function tableOf(secrets: readonly string[]) {
  const table = new KeyTable();
  const records = secrets.map((secret) => recordOf(secret));
  for (const record of records) table.put(record.hash, record, FOR_EVER);
  return { table, records };
}

describe("the table", () => {
  test("takes 20,000 keys, and finds each of them alone", () => {
    const secrets = Array.from({ length: 20_000 }, newKeySecret);
    const { table, records } = tableOf(secrets);
    expect(table.size).toBe(20_000);
    expect(secrets.every((secret, index) => table.find(secret, 0) === records[index])).toBe(true);
    expect(secrets.every((secret) => table.find(`${secret}x`, 0) === null)).toBe(true);
  });

  test.each([8, 9, 40])("spreads %d keys of one bucket over more buckets", (count) => {
    const secrets = crowd(count);
    const { table, records } = tableOf(secrets);
    for (const [index, secret] of secrets.entries()) expect(table.find(secret, 0)).toBe(records[index]);
    for (const stranger of crowd(count + 20).slice(count)) expect(table.find(stranger, 0)).toBeNull();
  });

  test("finds nothing that was removed, and uses its place again", () => {
    const secrets = Array.from({ length: 1_000 }, newKeySecret);
    const { table, records } = tableOf(secrets);
    for (let index = 0; index < 1_000; index += 2) {
      expect(table.remove(keyHash(secrets[index] ?? ""))).toBe(true);
      expect(table.remove(keyHash(secrets[index] ?? ""))).toBe(false);
    }
    expect(table.size).toBe(500);
    const isAsExpected = (secret: string, index: number) =>
      table.find(secret, 0) === (index % 2 === 0 ? null : records[index]);
    expect(secrets.every(isAsExpected)).toBe(true);
    const later = Array.from({ length: 600 }, newKeySecret);
    for (const secret of later) table.put(keyHash(secret), recordOf(secret), FOR_EVER);
    expect(table.size).toBe(1_100);
    expect(later.every((secret) => table.find(secret, 0)?.hash === keyHash(secret))).toBe(true);
    expect(secrets.every(isAsExpected)).toBe(true);
  });

  test("has one record for a hash: the last", () => {
    const secret = newKeySecret();
    const { table } = tableOf([secret]);
    const again = recordOf(secret);
    table.put(again.hash, again, 10);
    expect(table.size).toBe(1);
    expect(table.find(secret, 9)).toBe(again);
    expect(table.find(secret, 10)).toBeNull();
  });

  test("refuses hashes that are forged to fall into one bucket, rather than grow for ever", () => {
    const table = new KeyTable();
    const put = (count: number) => {
      for (let number = 0; number < count; number++) {
        const hash = `${"00".repeat(4)}${String(number).padStart(56, "0")}` as KeyHash;
        table.put(hash, recordOf("x", { hash }), FOR_EVER);
      }
    };
    expect(() => put(20)).toThrow(RangeError);
  });
});
