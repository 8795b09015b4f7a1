/** What a call could use, before it is made: an estimate, and bounds that it cannot pass. */
import { costAtMost, type MicroYuan } from "../core/money.ts";
import type { Caller } from "../keys/gate.ts";
import type { Claim } from "../limits/call-limits.ts";
import type { House } from "./house.ts";
import type { Plan } from "./resolve.ts";

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

/** Each figure is worked out when it is asked for: most calls meet no limit that wants it. */
export class CallClaim implements Claim {
  readonly keyId: Claim["keyId"];
  readonly keyLimits: Claim["keyLimits"];
  readonly #house: House;
  readonly #plan: Plan;
  readonly #body: Buffer;
  #inputTokensMax = -1;

  constructor(house: House, caller: Caller, plan: Plan, body: Buffer) {
    this.keyId = caller.keyId;
    this.keyLimits = caller.kind === "key" ? caller.key.limits : null;
    this.#house = house;
    this.#plan = plan;
    this.#body = body;
  }

  get alias(): string {
    return this.#plan.route.alias;
  }

  get tokens(): number {
    const { estimator } = this.#house;
    const { route, measure, intent } = this.#plan;
    const { label } = route.target;
    return (
      estimator.inputTokens(label, measure) + estimator.unseenOutputTokens(label, intent.outputTokensMax)
    );
  }

  get tokensMax(): number {
    return this.inputTokensMax + this.outputTokensMax;
  }

  get costMax(): MicroYuan | null {
    const { price } = this.#plan.route;
    return price === null ? null : costAtMost(this.inputTokensMax, this.outputTokensMax, price);
  }

  /** A token is at least a byte of what the client wrote, pictures and films aside. */
  get inputTokensMax(): number {
    if (this.#inputTokensMax < 0) {
      const windowTokens = this.#plan.route.window.contextTokens ?? CONTEXT_TOKENS_MAX;
      this.#inputTokensMax = Math.min(windowTokens, tokensOfBodyAtMost(this.#body));
    }
    return this.#inputTokensMax;
  }

  /** `max_tokens` alone does not bound the thoughts, so theirs is added. */
  get outputTokensMax(): number {
    const { intent, route } = this.#plan;
    const { outputTokensMax, boundsThoughts } = intent;
    if (outputTokensMax !== null && boundsThoughts) return outputTokensMax;
    const thoughtTokensMax = route.window.outputTokensMax ?? THOUGHT_TOKENS_MAX;
    return (outputTokensMax ?? ANSWER_TOKENS_DEFAULT) + thoughtTokensMax;
  }
}

function tokensOfBodyAtMost(body: Buffer): number {
  if (body.includes(ESCAPED_ASCII) && HIDDEN_LETTERS.some((letter) => body.includes(letter))) {
    return CONTEXT_TOKENS_MAX;
  }
  const text = body.length + TEMPLATE_TOKENS_MAX;
  if (!body.includes(URL_MEMBER)) return text;
  return text + IMAGE_TOKENS_MAX * countOf(body, IMAGE) + VIDEO_TOKENS_MAX * countOf(body, VIDEO);
}

function countOf(body: Buffer, word: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(word); at >= 0; at = body.indexOf(word, at + word.length)) count++;
  return count;
}
