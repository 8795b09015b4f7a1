/** Looks up one host's addresses; those who ask at the same time share one answer. */
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP } from "node:net";
import type { PhaseStart } from "./connecting-phase.ts";
import { ExchangeError } from "./upstream.ts";

/** The shape of `dns.lookup` with `all`. */
export type LookupFunction = (
  hostname: string,
  callback: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** The host's own resolver, in the order that it gives. */
export const hostLookup: LookupFunction = (hostname, callback) => {
  systemLookup(hostname, { all: true }, (error, addresses) => callback(error, addresses ?? []));
};

/**
 * `getaddrinfo` runs on libuv's four threads, which the file system needs too. A burst of connections makes
 * one lookup, and a resolver that hangs takes one thread per `dnsMs`, not one per request.
 */
export class NameLookup {
  readonly #hostname: string;
  readonly #lookup: LookupFunction;
  #running: Promise<readonly LookupAddress[]> | null = null;
  #startedAtMs = 0;

  constructor(hostname: string, lookup: LookupFunction) {
    this.#hostname = hostname;
    this.#lookup = lookup;
  }

  /** A phase that gives at least one address. Fails with `name`. */
  within(dnsMs: number): PhaseStart<readonly LookupAddress[]> {
    return (succeed, fail) => {
      this.#find(dnsMs).then(
        (addresses) => {
          if (addresses.length > 0) succeed(addresses);
          else fail(new ExchangeError("name", false, new Error("the lookup gave no address")));
        },
        (error: unknown) => fail(new ExchangeError("name", false, error)),
      );
      return () => {};
    };
  }

  #find(sharedForMs: number): Promise<readonly LookupAddress[]> {
    const family = isIP(this.#hostname);
    if (family !== 0) return Promise.resolve([{ address: this.#hostname, family }]);
    const nowMs = performance.now();
    if (this.#running !== null && nowMs - this.#startedAtMs < sharedForMs) return this.#running;
    const running = new Promise<readonly LookupAddress[]>((resolve, reject) => {
      this.#lookup(this.#hostname, (error, addresses) => {
        if (error === null) resolve(addresses);
        else reject(error);
      });
    });
    this.#running = running;
    this.#startedAtMs = nowMs;
    const forget = (): void => {
      if (this.#running === running) this.#running = null;
    };
    running.then(forget, forget);
    return running;
  }
}
