/** Connects to the first of a host's addresses that answers, each given a short head start (RFC 8305, 5). */
import type { LookupAddress } from "node:dns";
import { connect, type Socket } from "node:net";
import type { PhaseStart } from "./connecting-phase.ts";
import { ExchangeError } from "./upstream.ts";

/** RFC 8305, 8: the Connection Attempt Delay. */
const HEAD_START_MS = 250;
/** A name with more addresses than this is tried on the first ones only. */
export const ADDRESSES_MAX = 8;
/** So that a silent half-hour does not make a firewall on the way forget the connection. */
const TCP_KEEP_ALIVE_MS = 30_000;

/** The resolver's order, with the families taking turns (RFC 8305, 4). */
export function interleave(addresses: readonly LookupAddress[]): LookupAddress[] {
  const firstFamily = addresses[0]?.family;
  const first = addresses.filter((address) => address.family === firstFamily);
  const second = addresses.filter((address) => address.family !== firstFamily);
  const turns: LookupAddress[] = [];
  for (let turn = 0; turns.length < addresses.length; turn++) {
    turns.push(...first.slice(turn, turn + 1), ...second.slice(turn, turn + 1));
  }
  return turns.slice(0, ADDRESSES_MAX);
}

class AddressRace {
  readonly #addresses: readonly LookupAddress[];
  readonly #port: number;
  readonly #running = new Set<Socket>();
  readonly #succeed: (socket: Socket) => void;
  readonly #fail: (error: ExchangeError) => void;
  #next = 0;
  #headStart: NodeJS.Timeout | undefined;

  constructor(
    addresses: readonly LookupAddress[],
    port: number,
    succeed: (socket: Socket) => void,
    fail: (error: ExchangeError) => void,
  ) {
    this.#addresses = interleave(addresses);
    this.#port = port;
    this.#succeed = succeed;
    this.#fail = fail;
  }

  tryNext(): void {
    clearTimeout(this.#headStart);
    const address = this.#addresses[this.#next++];
    if (address === undefined) return;
    const socket = connect({ host: address.address, port: this.#port });
    this.#running.add(socket);
    socket.once("connect", () => this.#won(socket));
    socket.once("error", (error) => this.#lost(socket, error));
    if (this.#next < this.#addresses.length) {
      this.#headStart = setTimeout(() => this.tryNext(), HEAD_START_MS);
    }
  }

  stop(): void {
    clearTimeout(this.#headStart);
    for (const socket of this.#running) discard(socket);
    this.#running.clear();
  }

  #won(socket: Socket): void {
    this.#running.delete(socket);
    this.stop();
    socket.removeAllListeners("error");
    socket.on("error", () => {});
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    this.#succeed(socket);
  }

  #lost(socket: Socket, error: Error): void {
    if (!this.#running.delete(socket)) return;
    if (this.#next < this.#addresses.length) this.tryNext();
    else if (this.#running.size === 0) this.#fail(new ExchangeError("connect", false, error));
  }
}

function discard(socket: Socket): void {
  socket.on("error", () => {});
  socket.destroy();
}

/** A phase that gives a connected socket, TCP_NODELAY on. Fails with `connect` once every address has. */
export function raceAddresses(addresses: readonly LookupAddress[], port: number): PhaseStart<Socket> {
  return (succeed, fail) => {
    const race = new AddressRace(addresses, port, succeed, fail);
    race.tryNext();
    return () => race.stop();
  };
}
