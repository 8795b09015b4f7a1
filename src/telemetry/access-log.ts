/** One line of JSON for each request that is over: its figures and names, never a prompt or a secret. */
import { type MicroYuan, yuanText } from "../core/money.ts";
import { quoteForLog } from "../wire/log-text.ts";
import type { AttemptResult, Observer, RequestRecord } from "./observer.ts";

/** Where lines go, each with its newline. Neither call may throw or wait. */
export interface LineSink {
  write(line: string): void;
  flush(): void;
}

/**
 * The fields of a line, in this order; one that has no value is left out, so that lines stay short.
 *
 * - `time`: when the request began, ISO 8601 in UTC; `level` is `info` and `message` is `request`, as in the
 *   event log
 * - `request_id`, `client_request_id`
 * - `method`, `route` (`other` where there is none), `door`
 * - `model` (the alias served), `fallback_from` (the name asked for), `upstream`, `upstream_model`, `changes`
 * - `stream` (only where true), `status` (499: the client left), `outcome`, `cause` (two letters: who, and in
 *   which phase)
 * - `error`, `error_source`, `attempts`
 * - `input_tokens`, `cached_input_tokens`, `output_tokens`, `reasoning_tokens`, `provenance` (who counted
 *   them), `cost_cny` (null where the price is not known)
 * - `bytes_in`, `bytes_out` (bodies), `first_byte_ms`, `upstream_ms`, `total_ms`
 *
 * A template of our own costs a seventh of a logger's line; it is written for each request.
 */
export class AccessLog implements Observer {
  readonly #sink: LineSink;
  #second = Number.NaN;
  #secondText = "";

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  requestStarted(): void {}

  requestSkipped(): void {}

  attemptEnded(_target: string, _result: AttemptResult): void {}

  requestEnded(record: RequestRecord): void {
    const { usage } = record;
    this.#sink.write(
      `{"time":"${this.#time(record.startedAtWallMs)}","level":"info","message":"request"` +
        `,"request_id":"${record.requestId}"` +
        (record.clientRequestId === null
          ? ""
          : `,"client_request_id":${quoteForLog(record.clientRequestId)}`) +
        `,"method":${quoted(record.method)},"route":${quoted(record.route)}` +
        text("door", record.door) +
        text("model", record.alias) +
        (record.fallbackFrom === null ? "" : `,"fallback_from":${quoteForLog(record.fallbackFrom)}`) +
        text("upstream", record.upstream) +
        text("upstream_model", record.upstreamModel) +
        (record.changes.length === 0 ? "" : `,"changes":"${record.changes.join(" ")}"`) +
        (record.stream ? ',"stream":true' : "") +
        `,"status":${record.status},"outcome":"${record.outcome}","cause":"${record.cause}"` +
        text("error", record.errorCode) +
        (record.errorSource === null ? "" : `,"error_source":"${record.errorSource}"`) +
        `,"attempts":${record.attempts}` +
        (usage === null
          ? ""
          : `,"input_tokens":${usage.inputTokens},"cached_input_tokens":${usage.cachedInputTokens}` +
            `,"output_tokens":${usage.outputTokens},"reasoning_tokens":${usage.reasoningTokens}` +
            `,"provenance":"${record.provenance}","cost_cny":${cost(record.cost)}`) +
        `,"bytes_in":${record.bodyBytesIn},"bytes_out":${record.bodyBytesOut}` +
        milliseconds("first_byte_ms", record.firstByteMs) +
        milliseconds("upstream_ms", record.upstreamMs) +
        `${milliseconds("total_ms", record.totalMs)}}\n`,
    );
  }

  /** Hands on what waits; more may still be written. */
  close(): void {
    this.#sink.flush();
  }

  /** The date's text is made once a second. */
  #time(wallMs: number): string {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      const date = new Date(second * 1000);
      const isDate = !Number.isNaN(date.getTime());
      this.#secondText = isDate ? date.toISOString().slice(0, -4) : "1970-01-01T00:00:00.";
    }
    const millisecond = Math.floor(wallMs - second * 1000);
    if (millisecond >= 100) return `${this.#secondText}${millisecond}Z`;
    return `${this.#secondText}${millisecond >= 10 ? "0" : "00"}${millisecond}Z`;
  }
}

function text(name: string, value: string | null): string {
  return value === null ? "" : `,"${name}":${quoted(value)}`;
}

/** Names that come again and again; the ids of clients, which do not, must not fill it. */
const QUOTED_MAX = 256;
const quotedWords = new Map<string, string>();

function quoted(word: string): string {
  const known = quotedWords.get(word);
  if (known !== undefined) return known;
  const text = quoteForLog(word);
  if (quotedWords.size < QUOTED_MAX) quotedWords.set(word, text);
  return text;
}

function cost(amount: MicroYuan | null): string {
  return amount === null || !Number.isSafeInteger(amount) ? "null" : yuanText(amount);
}

/** To a tenth; what is no number is left out, since JSON has no word for it. */
function milliseconds(name: string, value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "";
  // Two whole numbers are put into words quicker than one fraction.
  const tenths = Math.max(0, Math.round(value * 10));
  const whole = Math.floor(tenths / 10);
  const rest = tenths - whole * 10;
  return rest === 0 ? `,"${name}":${whole}` : `,"${name}":${whole}.${rest}`;
}
