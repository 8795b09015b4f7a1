/** The accounts: many idle ones are let go, those in use never. */
import { expect, test } from "vitest";
import { AccountBook } from "../../../src/limits/account-book.ts";
import { LimitTime } from "../../../src/limits/limit-time.ts";
import { SpendingBook } from "../../../src/limits/spending.ts";
import { HandClock } from "../../support/hand-clock.ts";

const BOUND = 100;

function opened() {
  const clock = new HandClock();
  const time = new LimitTime(clock);
  return { clock, time, book: new AccountBook("key", time, new SpendingBook(time), BOUND) };
}

test("as many idle accounts as the bound stay, one more lets one go", () => {
  const { book } = opened();
  const accounts = Array.from({ length: BOUND }, (_, index) => book.of(`key_${index}`));
  expect(book.size).toBe(BOUND);
  expect(accounts.every((account, index) => book.of(`key_${index}`) === account)).toBe(true);
  for (let index = BOUND; index < 20 * BOUND; index++) {
    book.of(`key_${index}`);
    expect(book.size).toBeLessThanOrEqual(BOUND);
  }
  expect(book.find("key_0")).toBeNull();
});

test("an account with a call in flight or within the last minute is kept, beyond any bound", () => {
  const { book, clock, time } = opened();
  const flying = Array.from({ length: 2 * BOUND }, (_, index) => {
    const account = book.of(`flying_${index}`);
    account.inFlight = 1;
    return account;
  });
  const paced = Array.from({ length: 2 * BOUND }, (_, index) => {
    const account = book.of(`paced_${index}`);
    account.lastMinute(time).take(time.second, 1, 0);
    return account;
  });
  for (let index = 0; index < 20 * BOUND; index++) book.of(`idle_${index}`);
  for (const account of [...flying, ...paced]) expect(book.find(account.name)).toBe(account);
  expect(book.size).toBeLessThanOrEqual(5 * BOUND);
  clock.advance(61_000);
  for (const account of flying) account.inFlight = 0;
  for (let index = 0; index < 20 * BOUND; index++) book.of(`later_${index}`);
  expect(book.size).toBeLessThanOrEqual(BOUND);
});
