/** Turns the durations of the configuration into the milliseconds that the house counts in. */
import type { Timeouts } from "../core/timeouts.ts";
import { defaults } from "./defaults.ts";
import { parseDurationMs } from "./quantities.ts";
import type { TimeoutSettings } from "./schema.ts";

/** Milliseconds of a duration that the schema has let through. */
export function durationMs(text: string): number {
  const milliseconds = parseDurationMs(text);
  if (milliseconds === null) throw new TypeError("a duration passed the schema and cannot be read");
  return milliseconds;
}

/** The base with what the settings say over it. */
export function mergeTimeouts(base: Timeouts, settings: TimeoutSettings): Timeouts {
  const pick = (text: string | undefined, milliseconds: number): number =>
    text === undefined ? milliseconds : durationMs(text);
  const { first_token: firstToken } = settings;
  return {
    dnsMs: pick(settings.dns, base.dnsMs),
    connectMs: pick(settings.connect, base.connectMs),
    tlsMs: pick(settings.tls, base.tlsMs),
    bodyWriteMs: pick(settings.body_write, base.bodyWriteMs),
    firstByteMs: pick(settings.first_byte, base.firstByteMs),
    firstTokenMs:
      firstToken === undefined ? base.firstTokenMs : firstToken === null ? null : durationMs(firstToken),
    betweenChunksMs: pick(settings.between_chunks, base.betweenChunksMs),
    totalMs: pick(settings.total, base.totalMs),
    writeStallMs: pick(settings.write_stall, base.writeStallMs),
  };
}

export const defaultTimeouts: Timeouts = {
  dnsMs: durationMs(defaults.timeouts.dns),
  connectMs: durationMs(defaults.timeouts.connect),
  tlsMs: durationMs(defaults.timeouts.tls),
  bodyWriteMs: durationMs(defaults.timeouts.body_write),
  firstByteMs: durationMs(defaults.timeouts.first_byte),
  firstTokenMs: defaults.timeouts.first_token,
  betweenChunksMs: durationMs(defaults.timeouts.between_chunks),
  totalMs: durationMs(defaults.timeouts.total),
  writeStallMs: durationMs(defaults.timeouts.write_stall),
};
