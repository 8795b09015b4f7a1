/** Answers Anthropic's Messages as Ark's base for them would, and counts their tokens. */
import { planChat } from "../chat/chat-plan.ts";
import { type ChatRequest, readBody, readChatRequest, readModelName } from "../chat/chat-request.ts";
import { type ChatSettings, refusedReply } from "../chat/chat-service.ts";
import type { TokenCounts } from "../chat/chat-usage.ts";
import { checkAgainstModel } from "../chat/model-rules.ts";
import { PromptCache } from "../chat/prompt-cache.ts";
import { ArkRefusal } from "../error-envelope.ts";
import { type Identity, sealedThought } from "../identity.ts";
import type { JsonObject } from "../json-value.ts";
import type { KeyRing } from "../key-ring.ts";
import type { Entry, Registry, ServedModel } from "../models/registry.ts";
import { randomFor } from "../random.ts";
import type { Service, ServiceCall, ServiceReply } from "../service.ts";
import { type Answer, JSON_TYPE, STREAM_TYPE } from "../wire/answer.ts";
import { jsonAnswer } from "../wire/plain-answer.ts";
import { chatBodyOf } from "./chat-body.ts";
import { blocksOf, renderMessage } from "./message-blocks.ts";
import { messagesRefusal } from "./messages-error.ts";
import { MessagesStream } from "./messages-stream.ts";

const PLAN_MODEL_FOR_CLAUDE = "doubao-seed-2.1-turbo";

type Accepted = { readonly key: string; readonly request: ChatRequest; readonly served: ServedModel };

/** The same request gives the same reply, streamed or whole. */
function seedBytes(body: JsonObject): Buffer {
  return Buffer.from(JSON.stringify({ ...body, stream: undefined }));
}

/** The plan serves every name of Anthropic's by a model of its own, and says so only in the answer. */
function nameServed(entry: Entry, asked: string): string {
  return entry === "plan" && asked.startsWith("claude-") ? PLAN_MODEL_FOR_CLAUDE : asked;
}

/** `max_tokens` bounds thoughts and answer together, as Anthropic has it (for Ark: unconfirmed). */
function readRequest(body: JsonObject, isCounting: boolean, strict: boolean): ChatRequest {
  const read = readChatRequest(chatBodyOf(body, { isCounting, strict }), false);
  return { ...read, model: readModelName(body), maxTokens: null, maxCompletionTokens: read.maxTokens };
}

const NO_COUNTS: TokenCounts = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };

export class MessagesService implements Service {
  readonly refusal = messagesRefusal;
  readonly #settings: ChatSettings;
  readonly #keys: KeyRing;
  readonly #registry: Registry;
  readonly #identity: Identity;
  readonly #isCounting: boolean;
  readonly #cache = new PromptCache();

  /** @param isCounting answers with the tokens of the request, and costs nothing */
  constructor(
    settings: ChatSettings,
    keys: KeyRing,
    registry: Registry,
    identity: Identity,
    isCounting: boolean,
  ) {
    this.#settings = settings;
    this.#keys = keys;
    this.#registry = registry;
    this.#identity = identity;
    this.#isCounting = isCounting;
  }

  reply(call: ServiceCall): ServiceReply {
    try {
      const key = this.#keys.check(call.entry, call.authorization);
      const body = readBody(call.body);
      const served = this.#registry.resolve(call.entry, nameServed(call.entry, readModelName(body)));
      const request = readRequest(body, this.#isCounting, this.#settings.strictRoles);
      checkAgainstModel(request, served.model, call.entry);
      return this.#isCounting
        ? counted(call, request, served)
        : this.#serve(call, body, { key, request, served });
    } catch (thrown) {
      if (!(thrown instanceof ArkRefusal)) throw thrown;
      return refusedReply(messagesRefusal(thrown, call.requestId, call.manners), call.body);
    }
  }

  #serve(call: ServiceCall, body: JsonObject, { key, request, served }: Accepted): ServiceReply {
    const { model } = served;
    const random = randomFor(this.#settings.seed, seedBytes(body));
    const plan = planChat(request, model, random, this.#identity, {
      replyTokens: this.#settings.replyTokens,
      brokenArguments: call.brokenArguments,
    });
    const owner = `${key}\n${model.id}`;
    const counts: TokenCounts = {
      promptTokens: request.promptTokens,
      cachedTokens: this.#cache.lookUp(owner, request.prompt, request.promptTokens, model.cacheTokensMin),
      completionTokens: plan.completionTokens,
      reasoningTokens: plan.reasoningTokens,
    };
    const envelope = { id: call.requestId, model: served.echoed };
    const blocks = blocksOf(plan, () => sealedThought(random));
    const { headers, keepAlive } = call.manners;
    const contentType = request.stream ? STREAM_TYPE : JSON_TYPE;
    const answer: Answer = {
      status: 200,
      headers: [["Content-Type", contentType], ...headers],
      body: request.stream
        ? { kind: "stream", stream: new MessagesStream(envelope, blocks, plan, counts) }
        : { kind: "whole", text: renderMessage(envelope, blocks, plan, counts), tokens: counts },
      keepAlive,
    };
    return {
      answer,
      modelAsked: request.model,
      stream: request.stream,
      served: { model: served.echoed, counts },
    };
  }
}

function counted(call: ServiceCall, request: ChatRequest, served: ServedModel): ServiceReply {
  return {
    answer: jsonAnswer(200, `{"input_tokens":${request.promptTokens}}`, call.manners),
    modelAsked: request.model,
    stream: false,
    served: { model: served.echoed, counts: NO_COUNTS },
  };
}
