/** Answers chat requests as Ark would: who asks, for which model, with what, and what it costs. */
import { ArkRefusal } from "../error-envelope.ts";
import type { Identity } from "../identity.ts";
import type { KeyRing } from "../key-ring.ts";
import type { Registry, ServedModel } from "../models/registry.ts";
import { randomFor } from "../random.ts";
import type { Service, ServiceCall, ServiceReply } from "../service.ts";
import { type Answer, type HeaderLine, JSON_TYPE, type Manners, STREAM_TYPE } from "../wire/answer.ts";
import { refusalAnswer } from "../wire/plain-answer.ts";
import { type AnswerEnvelope, renderChatAnswer } from "./chat-answer.ts";
import { type ChatPlan, planChat } from "./chat-plan.ts";
import { type ChatRequest, readBody, readChatRequest, readModelName } from "./chat-request.ts";
import { ChatStream } from "./chat-stream.ts";
import type { TokenCounts } from "./chat-usage.ts";
import { checkAgainstModel } from "./model-rules.ts";
import { PromptCache } from "./prompt-cache.ts";

export type ChatSettings = {
  readonly seed: number;
  readonly replyTokens: number | null;
  readonly strictRoles: boolean;
  readonly wallMs: () => number;
};

const streamHeaders: readonly HeaderLine[] = [["Content-Type", STREAM_TYPE]];
const wholeHeaders: readonly HeaderLine[] = [["Content-Type", JSON_TYPE]];

/** A reply that costs nothing, with what can still be read of the request. */
export function refusedReply(answer: Answer, body: Buffer): ServiceReply {
  try {
    const { model, stream } = readBody(body);
    return {
      answer,
      modelAsked: typeof model === "string" ? model : null,
      stream: stream === true,
      served: null,
    };
  } catch {
    return { answer, modelAsked: null, stream: false, served: null };
  }
}

export class ChatService implements Service {
  readonly #settings: ChatSettings;
  readonly #keys: KeyRing;
  readonly #registry: Registry;
  readonly #identity: Identity;
  readonly #cache = new PromptCache();

  constructor(settings: ChatSettings, keys: KeyRing, registry: Registry, identity: Identity) {
    this.#settings = settings;
    this.#keys = keys;
    this.#registry = registry;
    this.#identity = identity;
  }

  refusal = refusalAnswer;

  reply(call: ServiceCall): ServiceReply {
    try {
      const key = this.#keys.check(call.entry, call.authorization);
      const body = readBody(call.body);
      const served = this.#registry.resolve(call.entry, readModelName(body));
      const request = readChatRequest(body, this.#settings.strictRoles);
      checkAgainstModel(request, served.model, call.entry);
      return this.#serve(call, request, served, key);
    } catch (thrown) {
      if (!(thrown instanceof ArkRefusal)) throw thrown;
      return refusedReply(refusalAnswer(thrown, call.requestId, call.manners), call.body);
    }
  }

  #serve(call: ServiceCall, request: ChatRequest, served: ServedModel, key: string): ServiceReply {
    const model = served.model;
    const owner = `${key}\n${model.id}`;
    const random = randomFor(this.#settings.seed, call.body);
    const plan = planChat(request, model, random, this.#identity, {
      replyTokens: this.#settings.replyTokens,
      brokenArguments: call.brokenArguments,
    });
    const counts: TokenCounts = {
      promptTokens: request.promptTokens,
      cachedTokens: this.#cache.lookUp(owner, request.prompt, request.promptTokens, model.cacheTokensMin),
      completionTokens: plan.completionTokens,
      reasoningTokens: plan.reasoningTokens,
    };
    const envelope: AnswerEnvelope = {
      requestId: call.requestId,
      createdS: Math.floor(this.#settings.wallMs() / 1_000),
      model: served.echoed,
      serviceTier: request.serviceTier === "fast" ? "fast" : "default",
    };
    return {
      answer: this.#answer(call.manners, request, served, envelope, plan, counts),
      modelAsked: request.model,
      stream: request.stream,
      served: { model: served.echoed, counts },
    };
  }

  #answer(
    manners: Manners,
    request: ChatRequest,
    served: ServedModel,
    envelope: AnswerEnvelope,
    plan: ChatPlan,
    counts: TokenCounts,
  ): Answer {
    const { headers, keepAlive } = manners;
    if (!request.stream) {
      const text = renderChatAnswer(envelope, plan, counts);
      const body = { kind: "whole", text, tokens: counts } as const;
      return { status: 200, headers: [...wholeHeaders, ...headers], body, keepAlive };
    }
    const stream = new ChatStream(envelope, plan, counts, {
      closingUsage: request.includeUsage || served.model.usageUnasked,
      usageOnEveryChunk: request.chunkIncludeUsage,
    });
    return {
      status: 200,
      headers: [...streamHeaders, ...headers],
      body: { kind: "stream", stream },
      keepAlive,
    };
  }
}
