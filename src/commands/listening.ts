/** What the commands that listen have in common: URLs, taken ports, and waiting for a signal. */
import { createServer } from "node:net";
import type { Address } from "../app.ts";
import type { Phrase } from "../core/language.ts";
import { servePhrases } from "./running-messages.ts";

/** An address as a person can open it: the wildcard is reachable as localhost. */
export function urlOf({ host, port }: Address): string {
  if (host === "0.0.0.0" || host === "::") return `http://localhost:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Where a program on this machine reaches what listens there: an address, whatever `localhost` may mean. */
export function localUrlOf({ host, port }: Address): string {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return urlOf({ host: name, port });
}

/** Why a port could not be opened, in words that say what to do; null where the error is another one. */
export function listenProblem(error: unknown, setting: (port: number) => string): Phrase | null {
  if (!(error instanceof Error)) return null;
  const {
    code,
    port = 0,
    address = "",
  } = error as NodeJS.ErrnoException & Partial<Address & { address: string }>;
  if (code === "EADDRINUSE") return servePhrases.portTaken(setting(port), port);
  if (code === "EACCES") return servePhrases.portForbidden(port);
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return servePhrases.addressMissing(address);
  return null;
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

const PORTS_TRIED = 50;

/** The first free port from `wanted` on; `wanted` itself where none of the next fifty is free. */
export async function nextFreePort(host: string, wanted: number): Promise<number> {
  for (let port = wanted; port < Math.min(wanted + PORTS_TRIED, 65_536); port++) {
    if (await isFree(host, port)) return port;
  }
  return wanted;
}

/** Resolves at the first SIGINT or SIGTERM. */
export function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
