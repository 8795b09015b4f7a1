/** Reads `retry-after` (RFC 9110, 10.2.3) and keeps it within what a client can be asked to wait. */

export const RETRY_AFTER_SECONDS_MIN = 1;
export const RETRY_AFTER_SECONDS_MAX = 60;

/** The three forms of an HTTP date (RFC 9110, 5.6.7); the last has no zone and means UTC. */
const imfFixdate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const rfc850Date = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const asctimeDate = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

function httpDateMs(text: string): number {
  if (imfFixdate.test(text) || rfc850Date.test(text)) return Date.parse(text);
  return asctimeDate.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}

/**
 * Whole seconds to wait, at least 1 and at most 60; null where the header is absent or neither a number of
 * seconds nor a date. A date that has passed means 1.
 * @param wallMs the wall clock, milliseconds since 1970
 */
export function retryAfterSeconds(value: string | null, wallMs: number): number | null {
  const text = value?.trim() ?? "";
  const seconds = /^\d{1,16}(?:\.\d{1,16})?$/.test(text) ? Number(text) : (httpDateMs(text) - wallMs) / 1_000;
  if (Number.isNaN(seconds)) return null;
  return Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(RETRY_AFTER_SECONDS_MIN, Math.ceil(seconds)));
}
