/** Listens to a Responses stream of Ark's on its way to the client: its events, its usage, its end. */
import type { ErrorFacts } from "../../../core/errors.ts";
import type { TextMeasure } from "../../../core/text-measure.ts";
import { wantedNames } from "../../../wire/json-key.ts";
import { readCount } from "../../../wire/json-number.ts";
import type { JsonMember } from "../../../wire/json-scan.ts";
import { decodeString } from "../../../wire/json-string.ts";
import { JsonSyntaxError, skipSpace } from "../../../wire/json-value.ts";
import type { EventFields } from "../../../wire/sse-events.ts";
import {
  codeOf,
  EventTap,
  isCumulative,
  isDoneMark,
  parseObject,
  type TapSettings,
  withBlankLine,
} from "../../event-tap.ts";
import { failedEvent, unbegunResponse } from "../responses-dialect.ts";
import { DeltaMeasure } from "./delta-measure.ts";
import { isCallDelta, isThoughtDelta, plainDeltaEnd } from "./plain-delta.ts";
import { type ResponseFacts, readResponse } from "./read-answer.ts";
import type { AnswerRewrite } from "./rewrite-answer.ts";
import { EventRewriter } from "./rewrite-events.ts";
import { membersOf } from "./rewriting.ts";

/** The last event holds the whole answer, and the tools that were sent. */
export const EVENT_BYTES_MAX = 4 * 1_048_576;
const NAME_BYTES_MAX = 128;
const endNames: ReadonlySet<string> = new Set(["response.completed", "response.incomplete"]);
const DATA = Buffer.from("data:");
const LF = 0x0a;
const CR = 0x0d;

const eventNames = wantedNames(["type", "response", "sequence_number", "code", "error"]);

export type ResponsesTapSettings = TapSettings & {
  /** Null where the client gets what Ark sent. */
  readonly rewrite?: AnswerRewrite | null;
  readonly listener?: ResponseListener | null;
};

/** Is told of the response that has begun, once. */
export interface ResponseListener {
  begun(response: ResponseFacts): void;
}

type Members = ReadonlyMap<string, JsonMember>;
type DataSpan = { readonly start: number; readonly end: number };

/** The one line of data in an event, without its field name; null where there are several. */
function dataSpan(event: Buffer): DataSpan | null {
  let span: DataSpan | null = null;
  for (let at = 0; at < event.length; at++) {
    const start = at;
    while (at < event.length && event[at] !== LF && event[at] !== CR) at++;
    if (at - start < DATA.length || event.compare(DATA, 0, DATA.length, start, start + DATA.length) !== 0)
      continue;
    if (span !== null) return null;
    span = { start: skipSpace(event, start + DATA.length, at), end: at };
  }
  return span;
}

function wordIn(bytes: Buffer, member: JsonMember | undefined): string | null {
  if (member?.kind !== "string") return null;
  return decodeString(bytes, member.valueStart, member.valueEnd, NAME_BYTES_MAX);
}

export class ResponsesTap extends EventTap {
  readonly measure = new DeltaMeasure();
  readonly #rewriter: EventRewriter | null;
  #listener: ResponseListener | null;
  #response: ResponseFacts | null = null;
  #sequence = -1;
  /** The last event, as the client is to see it: it waits for `[DONE]`, or for the end without it. */
  #ending: Buffer | null = null;

  constructor({ rewrite = null, listener = null, ...settings }: ResponsesTapSettings = {}) {
    super({ tailBytesMax: EVENT_BYTES_MAX, ...settings });
    this.#rewriter = rewrite === null ? null : new EventRewriter(rewrite);
    this.#listener = listener;
  }

  /** A response that has ended has not failed, even where the stream breaks before its mark. */
  failureEvent(error: ErrorFacts, _requestId: string): Buffer {
    if (this.#ending !== null) return this.#ending;
    const unbegun = unbegunResponse();
    const broken = {
      id: this.#response?.id ?? unbegun.id,
      createdSeconds: this.#response?.createdSeconds ?? unbegun.createdSeconds,
      model: this.#response?.model ?? unbegun.model,
    };
    return failedEvent(broken, error, this.#sequence + 1);
  }

  override finish(): Buffer | null {
    const rest = super.finish();
    if (this.#ending === null || this.done) return rest;
    this.done = true;
    this.#ending = withBlankLine(this.#ending);
    return rest === null ? this.#ending : Buffer.concat([this.#ending, rest]);
  }

  protected ordinaryEnd(bytes: Buffer, from: number): number {
    const rewriter = this.#rewriter;
    if (this.#ending !== null || rewriter?.fillsRequired === true) return 0;
    if (rewriter?.hearsCalls === true && isCallDelta(bytes, from)) return 0;
    return plainDeltaEnd(bytes, from);
  }

  protected measureOrdinary(bytes: Buffer, start: number, end: number): void {
    this.#sequence++;
    this.measure.addDelta(bytes, start, end, isThoughtDelta(bytes, start));
  }

  protected measureUnread(event: TextMeasure): void {
    this.#sequence++;
    this.measure.addUnread(event);
  }

  /** An event is what its name says; one without a name is what its data says. */
  protected hear(event: EventFields, data: string, bytes: Buffer): Buffer | boolean {
    const before = this.#ending;
    const isEnd = event.name !== null && endNames.has(event.name);
    if (before !== null && !isEnd) return this.#end(isDoneMark(data) ? bytes : null);
    // Without a last event before it, it would make a good end of a cut one.
    if (isDoneMark(data)) return false;
    const heard = this.#hearEvent(event, data, bytes);
    if (!isEnd) return heard;
    // By its name the client takes it for the end, whether the rest of it can be read or not.
    if (this.#ending === before) this.#ending = bytes;
    // Of two the last one counts, and waits; the other goes out.
    return before ?? false;
  }

  #hearEvent(event: EventFields, data: string, bytes: Buffer): Buffer | boolean {
    const span = dataSpan(bytes);
    const json = span === null ? Buffer.from(data) : bytes;
    try {
      return this.#hearJson(event, bytes, json, span ?? { start: 0, end: json.length }, span !== null);
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      this.#sequence++;
      if (event.name === "error" || event.name === "response.failed") this.failure = { code: null };
      return true;
    }
  }

  #hearJson(
    event: EventFields,
    bytes: Buffer,
    json: Buffer,
    { start, end }: DataSpan,
    isOneLine: boolean,
  ): Buffer | boolean {
    const { members } = membersOf(json, start, end, eventNames);
    if (members === null) return true;
    const name = event.name ?? wordIn(json, members.get("type")) ?? "";
    this.#count(json, name.endsWith(".delta") ? undefined : members.get("sequence_number"));
    if (name.endsWith(".delta")) {
      this.measure.addDelta(bytes, 0, bytes.length, name.startsWith("response.reasoning"));
    }
    const ends = this.#hearNamed(name, json, members);
    const shown = isOneLine ? this.#rewritten(name, bytes, { start, end }) : bytes;
    if (!ends) return shown ?? false;
    this.#ending = shown ?? bytes;
    return false;
  }

  /** Whether the response ends with it. */
  #hearNamed(name: string, json: Buffer, members: Members): boolean {
    const response = members.get("response");
    switch (name) {
      case "response.created":
      case "response.in_progress":
      case "response.queued":
        if (this.#response === null) this.#hearResponse(json, response, false);
        return false;
      case "response.completed":
      case "response.incomplete":
        this.#hearResponse(json, response, true);
        return true;
      case "response.failed":
        this.failure = { code: this.#hearResponse(json, response, true)?.errorCode ?? null };
        return false;
      default:
        if (name === "error" || members.get("error")?.kind === "object") this.#hearError(json, members);
        return false;
    }
  }

  #hearResponse(json: Buffer, response: JsonMember | undefined, isLast: boolean): ResponseFacts | null {
    if (response?.kind !== "object") return null;
    const facts = readResponse(json, response.valueStart, response.valueEnd);
    const { usage } = facts;
    if (usage !== null && isCumulative(usage, this.usage)) {
      this.usage = usage;
      this.usageIsFinal = isLast;
    }
    this.#response ??= facts;
    this.#listener?.begun(facts);
    this.#listener = null;
    return facts;
  }

  /** Its code stands in it, or, as in Ark's error bodies, in its `error`. */
  #hearError(json: Buffer, members: Members): void {
    const code = wordIn(json, members.get("code"));
    const error = members.get("error");
    const nested =
      error === undefined ? null : parseObject(json.toString("utf8", error.valueStart, error.valueEnd));
    this.failure = { code: code ?? codeOf(nested) };
  }

  #rewritten(name: string, bytes: Buffer, { start, end }: DataSpan): Buffer | null {
    if (this.#rewriter === null) return bytes;
    return this.#rewriter.rewrite({ bytes, name, dataStart: start, dataEnd: end });
  }

  /** Deltas are counted, however they are heard. */
  #count(json: Buffer, number: JsonMember | undefined): void {
    const told = number?.kind === "number" ? readCount(json, number.valueStart, number.valueEnd) : null;
    this.#sequence = told ?? this.#sequence + 1;
  }

  /** @param mark `[DONE]`, as it came; null where something else came behind the last event. */
  #end(mark: Buffer | null): Buffer {
    const ending = this.#ending ?? Buffer.alloc(0);
    this.#ending = null;
    this.done = true;
    return mark === null ? ending : Buffer.concat([ending, mark]);
  }
}
