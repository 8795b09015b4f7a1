/** The limits of the gateway: what each key, each model and everybody together may use, counted exactly. */
import { beijingDayNumber } from "../core/beijing-day.ts";
import type { Clock } from "../core/clock.ts";
import type { KeyId } from "../core/ids.ts";
import {
  type BudgetPeriod,
  type LimitSettings,
  type SpenderKind,
  type Spending,
  type SpendingSums,
  UNLIMITED,
} from "../core/limits.ts";
import type { MicroYuan } from "../core/money.ts";
import { Account } from "./account.ts";
import { AccountBook } from "./account-book.ts";
import { Blockage } from "./blockage.ts";
import type { CallLimits, Claim, KeyStanding, LimitRefusal, Verdict, WaitSignal } from "./call-limits.ts";
import { CallPermit, type Household } from "./call-permit.ts";
import { standingsOf } from "./claim-standing.ts";
import { type Alarm, type Counter, FairQueue, type QueueSettings } from "./fair-queue.ts";
import { KeyLimits } from "./key-limits.ts";
import { LimitTime } from "./limit-time.ts";
import { hasRoom, lineObstacle, type Obstacle, unreadyObstacle } from "./obstacle.ts";
import { SpendingBook } from "./spending.ts";
import { standingOf } from "./standing.ts";

export type LimitsConfig = {
  /** Of keys that do not say otherwise, and of callers with a key that is not ours. */
  readonly keyDefaults: LimitSettings;
  /** Of everybody together. */
  readonly total: LimitSettings;
  /** By alias. */
  readonly models: ReadonlyMap<string, LimitSettings>;
  /** Null: nobody waits. */
  readonly queue: QueueSettings | null;
};

const NOTHING: Spending = { tokens: 0, cost: 0 };
/** What setTimeout takes; a longer delay would fire at once. */
const DELAY_MAX_MS = 2 ** 31 - 1;

const systemAlarm: Alarm = (ring, delayMs) => {
  const timer = setTimeout(ring, Math.min(delayMs, DELAY_MAX_MS)).unref();
  return () => clearTimeout(timer);
};

export class GatewayLimits implements CallLimits, Counter {
  #config: LimitsConfig;
  #keyLimits: KeyLimits;
  readonly #time: LimitTime;
  readonly #spendings: SpendingBook;
  readonly #keys: AccountBook;
  readonly #models: AccountBook;
  readonly #household: Household;
  /** Knows what earlier runs have spent. */
  #isReady = false;

  /** @param parts.alarm what wakes those who wait; timers of the system where none is given */
  constructor(parts: { config: LimitsConfig; clock: Clock; alarm?: Alarm }) {
    const time = new LimitTime(parts.clock);
    const spendings = new SpendingBook(time);
    this.#time = time;
    this.#spendings = spendings;
    this.#keys = new AccountBook("key", time, spendings);
    this.#models = new AccountBook("model", time, spendings);
    const queue = new FairQueue({ counter: this, time, alarm: parts.alarm ?? systemAlarm });
    this.#household = { time, spendings, queue, total: new Account("all", "", null) };
    this.#config = parts.config;
    this.#keyLimits = new KeyLimits(parts.config.keyDefaults);
    this.configure(parts.config);
  }

  /** Holds at once, also for what is in use already; a call in flight keeps what it was granted. */
  configure(config: LimitsConfig): void {
    this.#config = config;
    this.#keyLimits = new KeyLimits(config.keyDefaults);
    this.#household.total.limitTo(config.total);
    this.#household.queue.configure(config.queue);
  }

  /**
   * Adds what earlier runs have spent; until then, no budget can cover a call. A second call changes nothing.
   * @param asOfWallMs in whose periods the sums lie
   */
  restore(sums: readonly SpendingSums[], asOfWallMs: number): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#time.readWall();
    this.#time.see(asOfWallMs);
    const day = beijingDayNumber(asOfWallMs);
    for (const { kind, name, periods } of sums) {
      const counter = this.#spendings.open(kind, name);
      counter.restore(periods, day, this.#time);
      const account = this.#accountOf(kind, name);
      if (account !== null) account.spending = counter;
    }
  }

  claim(claim: Claim): Verdict {
    const { queue } = this.#household;
    const ahead = queue.waiting === 0 ? null : queue.ahead(claim);
    if (ahead !== null) {
      const blockage = this.look(claim);
      const inLine = new Blockage([lineObstacle(ahead)]);
      const told = blockage === null || blockage.fault === "busy" ? inLine : blockage;
      return { kind: "refused", refusal: told.refusalOf(claim) };
    }
    const taken = this.take(claim);
    if (taken instanceof Blockage) return { kind: "refused", refusal: taken.refusalOf(claim) };
    return { kind: "granted", permit: taken };
  }

  wait(claim: Claim, refusal: LimitRefusal, signal: WaitSignal): Promise<Verdict> | null {
    return refusal.fault === "busy" ? this.#household.queue.join(claim, refusal, signal) : null;
  }

  standingOf(keyId: KeyId, keyLimits: LimitSettings | null): KeyStanding | null {
    const account = this.#keyAccount(keyId, keyLimits);
    if (!account.isPaced) return null;
    this.#time.readMonotonic();
    return standingOf(account, this.#time);
  }

  /** Of the current periods. */
  spendingOf(kind: SpenderKind, name: string): Readonly<Record<BudgetPeriod, Spending>> {
    this.#time.readWall();
    const counter = this.#spendings.find(kind, name);
    const spent = (period: BudgetPeriod): Spending =>
      counter === null
        ? NOTHING
        : {
            tokens: counter.spent("tokens", period, this.#time),
            cost: counter.spent("cny", period, this.#time),
          };
    return { day: spent("day"), week: spent("week"), month: spent("month"), all: spent("all") };
  }

  /** What the calls in flight can use at most; 0 where there are none. */
  get reservedTokens(): number {
    return this.#household.total.reservedTokens;
  }

  get reservedCost(): MicroYuan {
    return this.#household.total.reservedCost;
  }

  get inFlight(): number {
    return this.#household.total.inFlight;
  }

  get waiting(): number {
    return this.#household.queue.waiting;
  }

  /** Ends all waits; calls in flight settle as ever. */
  close(): void {
    this.#household.queue.close();
  }

  /** For the queue: takes without regard to those who wait. */
  take(claim: Claim): CallPermit | Blockage {
    const { total } = this.#household;
    const key = this.#keyAccount(claim.keyId, claim.keyLimits);
    const model = this.#modelAccount(claim.alias);
    if (key.isLimited || model.isLimited || total.isLimited) {
      this.#readTime(key, model);
      const isKnown = this.#isReady || !(key.isBudgeted || model.isBudgeted || total.isBudgeted);
      const hasAll =
        isKnown &&
        (!key.isLimited || hasRoom(key, claim, this.#time, null)) &&
        (!model.isLimited || hasRoom(model, claim, this.#time, null)) &&
        (!total.isLimited || hasRoom(total, claim, this.#time, null));
      if (!hasAll) return this.#blockageOf(key, model, claim) ?? impossible();
    }
    return new CallPermit(this.#household, key, model, claim);
  }

  /** For the queue: what is in the way of a claim, of which nothing is taken. */
  look(claim: Claim): Blockage | null {
    const key = this.#keyAccount(claim.keyId, claim.keyLimits);
    const model = this.#modelAccount(claim.alias);
    this.#readTime(key, model);
    return this.#blockageOf(key, model, claim);
  }

  preview(claim: Claim): ReturnType<CallLimits["preview"]> {
    const blockage = this.look(claim);
    this.#time.readMonotonic();
    this.#time.readWall();
    const key = this.#keyAccount(claim.keyId, claim.keyLimits);
    const spenders = [key, this.#modelAccount(claim.alias), this.#household.total];
    const limits = spenders.flatMap((spender) => standingsOf(spender, claim, this.#time));
    return { refusal: blockage === null ? null : blockage.refusalOf(claim), limits };
  }

  #blockageOf(key: Account, model: Account, claim: Claim): Blockage | null {
    const found: Obstacle[] = [];
    for (const account of [key, model, this.#household.total]) {
      const unready = this.#isReady ? null : unreadyObstacle(account);
      if (unready !== null) found.push(unready);
      hasRoom(account, claim, this.#time, found);
    }
    const [first, ...rest] = found;
    return first === undefined ? null : new Blockage([first, ...rest]);
  }

  /** Clocks are read only where something is counted by them. */
  #readTime(key: Account, model: Account): void {
    const { total } = this.#household;
    if (key.isPaced || model.isPaced || total.isPaced) this.#time.readMonotonic();
    if (key.isBudgeted || model.isBudgeted || total.isBudgeted) this.#time.readWall();
  }

  #keyAccount(keyId: KeyId, own: LimitSettings | null): Account {
    const account = this.#keys.of(keyId);
    if (account.basis !== this.#config || account.own !== own) {
      account.basis = this.#config;
      account.own = own;
      account.limitTo(this.#keyLimits.of(own));
    }
    return account;
  }

  #modelAccount(alias: string): Account {
    const account = this.#models.of(alias);
    if (account.basis !== this.#config) {
      account.basis = this.#config;
      account.limitTo(this.#config.models.get(alias) ?? UNLIMITED);
    }
    return account;
  }

  #accountOf(kind: SpenderKind, name: string): Account | null {
    if (kind === "all") return this.#household.total;
    return kind === "key" ? this.#keys.find(name) : this.#models.find(name);
  }
}

function impossible(): never {
  throw new TypeError("a call was found to have no room, and nothing in its way");
}
