/** Proves when a key opens: to the millisecond, after a rotation, and never once it is revoked. */
import { describe, expect, test } from "vitest";
import { KeyRing } from "../../../src/keys/key-ring.ts";
import { keyHash, newKeySecret } from "../../../src/keys/new-key.ts";
import { recordOf, START_WALL_MS as START } from "../../support/key-records.ts";

const [secret, oldSecret, oldestSecret] = [newKeySecret(), newKeySecret(), newKeySecret()];

describe("a key opens", () => {
  test("its own record and no other", () => {
    const others = Array.from({ length: 50 }, () => recordOf(newKeySecret()));
    const record = recordOf(secret);
    const ring = new KeyRing([...others, record]);
    expect(ring.find(secret, START)).toBe(record);
    expect(ring.find(newKeySecret(), START)).toBeNull();
    expect(ring.find(keyHash(secret), START)).toBeNull();
    expect(ring.find(record.id, START)).toBeNull();
  });

  test("until the millisecond of its expiry", () => {
    const record = recordOf(secret, { expiresAtWallMs: START + 1_000 });
    const ring = new KeyRing([record]);
    expect(ring.find(secret, START + 999)).toBe(record);
    expect(ring.find(secret, START + 1_000)).toBeNull();
    expect(ring.find(secret, START + 1_001)).toBeNull();
    expect(ring.usable(START + 999)).toBe(true);
    expect(ring.usable(START + 1_000)).toBe(false);
  });

  test("no more from its revocation on, also where the clock goes back before it", () => {
    const record = recordOf(secret);
    const ring = new KeyRing([record]);
    const revoked = { ...record, revokedAtWallMs: START };
    ring.put(revoked);
    for (const wallMs of [0, START - 1, START, START + 1]) expect(ring.find(secret, wallMs)).toBeNull();
    expect(ring.usable(START - 1)).toBe(false);
    expect(ring.get(record.id)).toBe(revoked);
    expect(new KeyRing([revoked]).find(secret, START - 1)).toBeNull();
  });
});

describe("a rotated key", () => {
  const record = recordOf(secret, { previous: { hash: keyHash(oldSecret), untilWallMs: START + 500 } });

  test("opens by its old secret too, until the overlap's last millisecond", () => {
    const ring = new KeyRing([record]);
    expect(ring.find(oldSecret, START + 499)).toBe(record);
    expect(ring.find(oldSecret, START + 500)).toBeNull();
    expect(ring.find(secret, START + 500)).toBe(record);
  });

  test("does so no longer than it lives itself", () => {
    const ring = new KeyRing([{ ...record, expiresAtWallMs: START + 100 }]);
    expect(ring.find(oldSecret, START + 99)).not.toBeNull();
    expect(ring.find(oldSecret, START + 100)).toBeNull();
    ring.put({ ...record, revokedAtWallMs: START });
    expect(ring.find(oldSecret, START)).toBeNull();
  });

  test("forgets the secret before the last one", () => {
    const before = recordOf(oldSecret, {
      previous: { hash: keyHash(oldestSecret), untilWallMs: START + 999 },
    });
    const ring = new KeyRing([before]);
    expect(ring.find(oldestSecret, START)).toBe(before);
    const after = { ...record, id: before.id };
    ring.put(after);
    expect(ring.find(oldestSecret, START)).toBeNull();
    expect(ring.find(oldSecret, START)).toBe(after);
    expect(ring.size).toBe(1);
  });
});

describe("the list", () => {
  test("is in the order of making, whatever the order of coming, and changes with the ring", () => {
    const records = [3, 1, 2].map((at) => recordOf(newKeySecret(), { createdAtWallMs: at }));
    const ring = new KeyRing(records);
    const listed = ring.list();
    expect(listed.map(({ createdAtWallMs }) => createdAtWallMs)).toEqual([1, 2, 3]);
    const renamed = { ...recordOf(secret), ...records[1], name: "renamed" };
    ring.put(renamed);
    expect(ring.list()[0]).toBe(renamed);
    expect(listed[0]).toBe(records[1]);
    ring.put(recordOf(secret, { createdAtWallMs: 0 }));
    expect(ring.list().map(({ createdAtWallMs }) => createdAtWallMs)).toEqual([0, 1, 2, 3]);
  });

  test("of the same millisecond, by id", () => {
    const ring = new KeyRing(Array.from({ length: 30 }, () => recordOf(newKeySecret())));
    const ids: readonly string[] = ring.list().map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted());
  });

  test("there is nothing in an empty ring", () => {
    const ring = new KeyRing([]);
    expect([ring.size, ring.usable(START), ring.list()]).toEqual([0, false, []]);
    expect(ring.find(secret, START)).toBeNull();
  });
});
