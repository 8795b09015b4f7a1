/** The event log on pino: only plain values and the plain parts of errors get in, and no secret gets out. */
import { type Logger, pino } from "pino";
import { escapeHazards } from "../wire/log-text.ts";
import type { EventLog, LogFields } from "./event-log.ts";
import { scrubber } from "./scrub.ts";

export type EventLogOptions = {
  readonly level: "fatal" | "error" | "warn" | "info" | "debug" | "trace";
  /** Where lines go, each with its newline; must not throw. */
  readonly sink: { write(line: string): void };
  /** Texts that must never be seen, such as the gateway's own keys. */
  readonly secrets?: readonly string[];
};

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };
type Scrub = (text: string) => string;

const CAUSES_MAX = 3;
const ITEMS_MAX = 50;
const STACK_CHARACTERS_MAX = 4_096;

/**
 * Lines have `time`, `level`, `message` and the event's fields; an error is its name, code, message, stack.
 */
export function createPinoLog({ level, sink, secrets = [] }: EventLogOptions): EventLog {
  const scrub = scrubber(secrets);
  const logger = pino(
    {
      level,
      base: null,
      messageKey: "message",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => sink.write(escapeHazards(line)) },
  );
  return new PinoLog(logger, scrub);
}

class PinoLog implements EventLog {
  readonly #logger: Logger;
  readonly #scrub: Scrub;

  constructor(logger: Logger, scrub: Scrub) {
    this.#logger = logger;
    this.#scrub = scrub;
  }

  debug(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled("debug")) this.#logger.debug(this.#plain(fields), this.#scrub(message));
  }

  info(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled("info")) this.#logger.info(this.#plain(fields), this.#scrub(message));
  }

  warn(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled("warn")) this.#logger.warn(this.#plain(fields), this.#scrub(message));
  }

  error(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled("error")) this.#logger.error(this.#plain(fields), this.#scrub(message));
  }

  #plain(fields: LogFields): Record<string, Plain> {
    const plain: Record<string, Plain> = {};
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) plain[name] = plainValue(value, this.#scrub);
    }
    return plain;
  }
}

/** By allow-list: texts, numbers, booleans, null, lists of these, errors. Other objects are only named. */
function plainValue(value: unknown, scrub: Scrub): Plain {
  switch (typeof value) {
    case "string":
      return scrub(value);
    case "number":
    case "boolean":
      return value;
    case "bigint":
      return String(value);
    case "object":
      return value === null ? null : plainObject(value, scrub);
    case "undefined":
    case "function":
    case "symbol":
      return `[${typeof value}]`;
  }
}

function plainObject(value: object, scrub: Scrub): Plain {
  if (value instanceof Error) return plainError(value, scrub, CAUSES_MAX);
  if (Array.isArray(value)) {
    return value
      .slice(0, ITEMS_MAX)
      .map((item: unknown) =>
        typeof item === "object" && item !== null ? "[object]" : plainValue(item, scrub),
      );
  }
  return "[object]";
}

function plainError(error: Error, scrub: Scrub, causesMax: number): Plain {
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  return {
    name: scrub(error.name),
    ...(code === null ? {} : { code: scrub(code) }),
    message: scrub(error.message),
    ...(error.stack === undefined ? {} : { stack: scrub(error.stack.slice(0, STACK_CHARACTERS_MAX)) }),
    ...(error.cause instanceof Error && causesMax > 0
      ? { cause: plainError(error.cause, scrub, causesMax - 1) }
      : {}),
  };
}
