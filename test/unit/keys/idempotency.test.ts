/** Proves which requests count as repeats, for how long, within which bounds, and after a restart. */
import { describe, expect, test } from "vitest";
import type { KeyId, RequestId } from "../../../src/core/ids.ts";
import { IdempotencyBook, type IdempotencyEntry } from "../../../src/keys/idempotency.ts";
import { START_WALL_MS, StillClock } from "../../support/key-records.ts";

const DAY_MS = 86_400_000;

type Bounds = { entriesMax?: number; perKeyMax?: number; keepMs?: number; awaitsEarlier?: boolean };

function openBook(bounds: Bounds = {}) {
  const clock = new StillClock();
  const book = new IdempotencyBook({ clock, ...bounds });
  let requests = 0;
  const begin = (idempotencyKey = "order-7", bodyDigest = "b0d1", key = "key_a") => {
    const requestId = `req_${++requests}` as RequestId;
    return book.begin({ keyId: key as KeyId, idempotencyKey, bodyDigest, requestId });
  };
  const fresh = (...words: Parameters<typeof begin>): IdempotencyEntry => {
    const begun = begin(...words);
    if (begun.kind !== "fresh") throw new Error(`it is ${begun.kind}`);
    return begun.entry;
  };
  const done = (...words: Parameters<typeof begin>): IdempotencyEntry => {
    const entry = fresh(...words);
    entry.dispatched();
    entry.end();
    return entry;
  };
  return { clock, book, begin, fresh, done };
}

describe("a request that is to be done once", () => {
  test("is running until its end, then done, and names the first request", () => {
    const { begin, fresh } = openBook();
    const entry = fresh();
    expect(begin()).toEqual({ kind: "running", requestId: "req_1" });
    entry.dispatched();
    expect(begin()).toEqual({ kind: "running", requestId: "req_1" });
    entry.end();
    expect(begin()).toEqual({ kind: "done", requestId: "req_1" });
  });

  test("may come again where nothing was dispatched", () => {
    const { book, begin, fresh } = openBook();
    fresh().end();
    expect(book.size).toBe(0);
    expect(begin().kind).toBe("fresh");
  });

  test("with another body is a mistake, running or done", () => {
    const { begin, fresh } = openBook();
    const entry = fresh();
    expect(begin("order-7", "0ther")).toEqual({ kind: "mismatch" });
    entry.dispatched();
    entry.end();
    expect(begin("order-7", "0ther")).toEqual({ kind: "mismatch" });
  });

  test("is another one with another word, or from another key", () => {
    const { begin, fresh } = openBook();
    fresh();
    expect(begin("order-8").kind).toBe("fresh");
    expect(begin("order-7", "b0d1", "key_b").kind).toBe("fresh");
    // Id and word are not simply strung together.
    expect(begin("a\norder-7", "b0d1", "key").kind).toBe("fresh");
  });

  test("has one end: what comes after changes nothing, also for the one that took its place", () => {
    const { begin, fresh } = openBook();
    const first = fresh();
    first.end();
    const second = fresh();
    first.dispatched();
    first.end();
    expect(begin().kind).toBe("running");
    second.end();
    expect(begin().kind).toBe("fresh");
  });

  test("is remembered for a day after its end, however long it ran", () => {
    const { clock, begin, fresh } = openBook();
    const entry = fresh();
    entry.dispatched();
    clock.nowMs = 3 * DAY_MS;
    expect(begin().kind).toBe("running");
    entry.end();
    clock.nowMs = 4 * DAY_MS - 1;
    expect(begin().kind).toBe("done");
    clock.nowMs = 4 * DAY_MS;
    expect(begin().kind).toBe("fresh");
  });
});

describe("the bounds", () => {
  test("so many in all, and not one more until one is forgotten", () => {
    const { clock, book, begin, done } = openBook({ entriesMax: 3, keepMs: 1_000 });
    for (const key of ["key_a", "key_b", "key_c"]) done("word", "b0d1", key);
    expect(begin("word", "b0d1", "key_d")).toEqual({ kind: "full" });
    expect(begin("word", "b0d1", "key_a").kind).toBe("done");
    clock.nowMs = 1_000;
    expect(begin("word", "b0d1", "key_d").kind).toBe("fresh");
    expect(book.size).toBe(1);
  });

  test("so many of one key, which takes no other's room", () => {
    const { begin, fresh, done } = openBook({ perKeyMax: 2 });
    const entry = fresh("one");
    done("two");
    expect(begin("three")).toEqual({ kind: "full" });
    expect(begin("three", "b0d1", "key_b").kind).toBe("fresh");
    entry.end();
    expect(begin("three").kind).toBe("fresh");
  });
});

describe("what the ledger keeps", () => {
  test("is digests: neither the client's word nor the key's id", () => {
    const { fresh } = openBook();
    const { text } = fresh("customer-4711", "c0ffee", "key_abcdefgh");
    expect(text).toMatch(/^[\w-]{16}\.[\w-]{43}\.c0ffee$/);
    expect(text).not.toMatch(/4711|customer|abcd/);
  });

  test("makes the request done in the next run, for the rest of its day", () => {
    const { text } = openBook().done();
    const { clock, book, begin } = openBook();
    clock.nowMs = 1_000;
    book.restore(text, "req_before" as RequestId, START_WALL_MS);
    expect(begin()).toEqual({ kind: "done", requestId: "req_before" });
    expect(begin("order-7", "0ther")).toEqual({ kind: "mismatch" });
    clock.nowMs = DAY_MS - 1;
    expect(begin().kind).toBe("done");
    clock.nowMs = DAY_MS;
    expect(begin().kind).toBe("fresh");
  });

  test("in any order, and twice where a request had two attempts", () => {
    const [one, two] = [openBook().done("one").text, openBook().done("two").text];
    const { clock, book, begin } = openBook();
    clock.nowMs = 1_000;
    for (const text of [one, one]) book.restore(text, "req_new" as RequestId, START_WALL_MS + 900);
    book.restore(two, "req_old" as RequestId, START_WALL_MS);
    expect(book.size).toBe(2);
    clock.nowMs = DAY_MS;
    expect(begin("one")).toEqual({ kind: "done", requestId: "req_new" });
    expect(begin("two").kind).toBe("fresh");
  });

  test("is left out where it is too old or unreadable; a little ahead of the clock, it is new", () => {
    const { text } = openBook().done();
    const { clock, book, begin } = openBook();
    clock.nowMs = DAY_MS;
    book.restore(text, "req_x" as RequestId, START_WALL_MS);
    for (const bad of ["", "x", `${text}.more`, text.slice(1), text.replaceAll(".", " ")]) {
      book.restore(bad, "req_x" as RequestId, clock.wallMs());
    }
    expect(book.size).toBe(0);
    book.restore(text, "req_ahead" as RequestId, clock.wallMs() + 5_000);
    clock.nowMs = 2 * DAY_MS - 1;
    expect(begin().kind).toBe("done");
    clock.nowMs = 2 * DAY_MS;
    expect(begin().kind).toBe("fresh");
  });

  test("stays within the bounds", () => {
    const texts = ["one", "two", "three"].map((word) => openBook().done(word).text);
    const { book, begin } = openBook({ perKeyMax: 2 });
    for (const text of texts) book.restore(text, "req_x" as RequestId, START_WALL_MS);
    expect(book.size).toBe(2);
    expect(begin("one").kind).toBe("done");
  });

  test("is waited for: nothing is fresh before it is known what earlier runs have done", () => {
    const before = openBook();
    const { text } = before.done("one");
    const { book, begin } = openBook({ awaitsEarlier: true });
    expect([begin("one").kind, begin("two").kind]).toEqual(["unready", "unready"]);
    book.restore(text, "req_x" as RequestId, START_WALL_MS);
    expect([begin("one").kind, begin("two").kind]).toEqual(["done", "unready"]);
    book.restored();
    expect([begin("one").kind, begin("two").kind]).toEqual(["done", "fresh"]);
  });
});
