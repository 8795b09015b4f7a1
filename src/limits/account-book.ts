/** The accounts of one kind of spender, by name; idle ones beyond a bound are let go. */
import type { SpenderKind } from "../core/limits.ts";
import { Account } from "./account.ts";
import type { LimitTime } from "./limit-time.ts";
import type { SpendingBook } from "./spending.ts";

const ACCOUNTS_MAX = 10_000;
/** For each account that comes: more than one, so that the book gets smaller again. */
const LOOKED_AT = 2;

/**
 * More than the bound are kept only while they are in use. A hand goes round the book, a little further with
 * each account that comes when the book is full; so no call pays for the number of them.
 */
export class AccountBook {
  readonly #kind: SpenderKind;
  readonly #time: LimitTime;
  readonly #spendings: SpendingBook;
  readonly #accountsMax: number;
  readonly #accounts = new Map<string, Account>();
  #hand: Iterator<Account>;

  constructor(kind: SpenderKind, time: LimitTime, spendings: SpendingBook, accountsMax = ACCOUNTS_MAX) {
    this.#kind = kind;
    this.#time = time;
    this.#spendings = spendings;
    this.#accountsMax = accountsMax;
    this.#hand = this.#accounts.values();
  }

  get size(): number {
    return this.#accounts.size;
  }

  find(name: string): Account | null {
    return this.#accounts.get(name) ?? null;
  }

  of(name: string): Account {
    return this.#accounts.get(name) ?? this.#open(name);
  }

  #open(name: string): Account {
    if (this.#accounts.size >= this.#accountsMax) this.#letGo();
    const account = new Account(this.#kind, name, this.#spendings.find(this.#kind, name));
    this.#accounts.set(name, account);
    return account;
  }

  #letGo(): void {
    this.#time.readMonotonic();
    for (let looked = 0; looked < LOOKED_AT; looked++) {
      const { value, done } = this.#hand.next();
      if (done === true) this.#hand = this.#accounts.values();
      else if (value.isIdle(this.#time)) this.#accounts.delete(value.name);
    }
  }
}
