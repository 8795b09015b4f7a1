/** What a call could use, before it is made: an estimate, and bounds that it cannot pass. */
import { costAtMost, type MicroYuan } from "../core/money.ts";
import type { Caller } from "../keys/gate.ts";
import type { Claim } from "../limits/call-limits.ts";
import type { Cargo } from "../protocols/door.ts";
import { splicedLength } from "../wire/json-splice.ts";
import type { House } from "./house.ts";
import { occurrencesOf, picturesIn } from "./pictures.ts";
import type { CallPlan } from "./resolve.ts";

/** What Ark's template puts before a body's text; a message's own marks are shorter than its JSON. */
const TEMPLATE_TOKENS_MAX = 1_024;
/** A picture or a film may be more tokens than the address that stands for it has bytes (ark-api 7). */
const IMAGE_TOKENS_MAX = 16_384;
const VIDEO_TOKENS_MAX = 204_800;
/** Where the model's window is not known: none of Ark's is wider. */
const CONTEXT_TOKENS_MAX = 1_048_576;
/** Ark's own bound on an answer where the client sets none (ark-api 4.1). */
const ANSWER_TOKENS_DEFAULT = 4_096;
/** Thoughts beside the answer, where the model's own bound is not known (ark-api 4.1). */
const THOUGHT_TOKENS_MAX = 65_536;

const ESCAPED_ASCII = Buffer.from("\\u00");
/** Letters and the underscore as escapes, which no serializer writes: the words below may hide in them. */
const HIDDEN_LETTERS = ["\\u005f", "\\u005F", "\\u006", "\\u007"];
const URL_MEMBER = Buffer.from("_url");
const IMAGE = Buffer.from("image_url");
const VIDEO = Buffer.from("video_url");
/** The types of the parts that a name of a few bytes stands for too, whatever their length (ark-api 4.2). */
const FILES = [Buffer.from('"file"')] as const;
/** In Responses and Messages a file has other names, and a picture need no address (ark-api 5.3, 6). */
const OTHER_FILES = [...FILES, Buffer.from('"input_file"'), Buffer.from('"document"')] as const;
const OTHER_VIDEO = Buffer.from('"input_video"');
const AUDIO = Buffer.from('"input_audio"');
/** So many of one word are looked at; a body with more of them may hold anything. */
const LOOKED_AT_MAX = 10_000;
const SPACE = 0x20;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Each figure is worked out when it is asked for: most calls meet no limit that wants it. */
export class CallClaim implements Claim {
  readonly keyId: Claim["keyId"];
  readonly keyLimits: Claim["keyLimits"];
  readonly #house: House;
  readonly #plan: CallPlan;
  readonly #body: Buffer;
  /** With what is put into the body: thoughts that come back may be megabytes. */
  readonly #sentBytes: number;
  #inputTokensMax = -1;
  /** Null: not looked at yet. */
  #maySpeak: boolean | null = null;

  constructor(house: House, caller: Caller, plan: CallPlan, { body, rewrite }: Cargo) {
    this.keyId = caller.keyId;
    this.keyLimits = caller.kind === "key" ? caller.key.limits : null;
    this.#house = house;
    this.#plan = plan;
    this.#body = body;
    // What is taken out of it counts all the same: that is a few bytes.
    this.#sentBytes = Math.max(body.length, splicedLength(body, rewrite.splices));
  }

  get alias(): string {
    return this.#plan.route.alias;
  }

  get tokens(): number {
    const { estimator } = this.#house;
    const { route, measure, intent, answers } = this.#plan;
    if (answers.isFree) return 0;
    const { label } = route.target;
    const answerTokens = estimator.unseenOutputTokens(label, intent.outputTokensMax);
    return estimator.inputTokens(label, measure) + intent.answers * answerTokens;
  }

  get tokensMax(): number {
    return this.#plan.answers.isFree ? 0 : this.inputTokensMax + this.outputTokensMax;
  }

  /** Null also where a part may be billed at another rate than the list's (`Usage.isSpecial`). */
  get costMax(): MicroYuan | null {
    const { route, intent, answers } = this.#plan;
    if (answers.isFree) return 0;
    if (route.price === null || intent.isSpecialTier || this.#holdsAudio()) return null;
    return costAtMost(this.inputTokensMax, this.outputTokensMax, route.price);
  }

  /** A token is at least a byte of what the client wrote, pictures and films aside. */
  get inputTokensMax(): number {
    if (this.#inputTokensMax < 0) {
      const windowTokens = this.#plan.route.window.contextTokens ?? CONTEXT_TOKENS_MAX;
      const { isOpenEnded } = this.#plan.intent;
      const isWhole = isOpenEnded || this.#sentBytes >= windowTokens || this.#holdsAudio();
      this.#inputTokensMax = isWhole ? windowTokens : Math.min(windowTokens, this.#tokensOfBodyAtMost());
    }
    return this.#inputTokensMax;
  }

  /** `max_tokens` alone does not bound the thoughts, so theirs is added. Of all answers together. */
  get outputTokensMax(): number {
    const { intent, route } = this.#plan;
    // A bound of nothing is outside Ark's range, and many readers take it for none.
    const outputTokensMax = intent.outputTokensMax || null;
    if (outputTokensMax !== null && intent.boundsThoughts) return intent.answers * outputTokensMax;
    const thoughtTokensMax = route.window.reasoningTokensMax ?? THOUGHT_TOKENS_MAX;
    return intent.answers * ((outputTokensMax ?? ANSWER_TOKENS_DEFAULT) + thoughtTokensMax);
  }

  #tokensOfBodyAtMost(): number {
    const { door, answers } = this.#plan;
    const isChat = door.name === "chat" || !answers.isVerbatim;
    const body = this.#body;
    if ((isChat ? FILES : OTHER_FILES).some((word) => mayHold(body, word))) return CONTEXT_TOKENS_MAX;
    return (
      this.#sentBytes +
      TEMPLATE_TOKENS_MAX +
      linkedTokensAtMost(body) +
      (isChat ? 0 : namedTokensAtMost(body))
    );
  }

  /** Looked for once: bodies are long, and every budget asks. */
  #holdsAudio(): boolean {
    this.#maySpeak ??= mayHold(this.#body, AUDIO);
    return this.#maySpeak;
  }
}

/** Of pictures and films by their addresses. */
function linkedTokensAtMost(body: Buffer): number {
  if (!body.includes(URL_MEMBER)) return 0;
  return IMAGE_TOKENS_MAX * occurrencesOf(IMAGE, body) + VIDEO_TOKENS_MAX * occurrencesOf(VIDEO, body);
}

/** Of parts that say what they are, and may name a stored file. */
function namedTokensAtMost(body: Buffer): number {
  return IMAGE_TOKENS_MAX * picturesIn(body) + VIDEO_TOKENS_MAX * occurrencesOf(OTHER_VIDEO, body);
}

function hidesWords(body: Buffer): boolean {
  return body.includes(ESCAPED_ASCII) && HIDDEN_LETTERS.some((letter) => holdsEscape(body, letter));
}

/** Texts about escapes hold them too, behind a backslash of their own. */
function holdsEscape(body: Buffer, letter: string): boolean {
  let looked = 0;
  for (let at = body.indexOf(letter); at >= 0; at = body.indexOf(letter, at + letter.length)) {
    if (++looked > LOOKED_AT_MAX) return true;
    let first = at;
    while (body[first - 1] === BACKSLASH) first--;
    if ((at - first) % 2 === 0) return true;
  }
  return false;
}

/** Whether a member's value is this JSON string, or some string in the body may be any word. */
function mayHold(body: Buffer, word: Buffer): boolean {
  let looked = 0;
  for (let at = body.indexOf(word); at >= 0; at = body.indexOf(word, at + word.length)) {
    if (++looked > LOOKED_AT_MAX) return true;
    let before = at - 1;
    while (before > 0 && (body[before] ?? 0) <= SPACE) before--;
    if (body[before] === COLON) return true;
  }
  return hidesWords(body);
}
