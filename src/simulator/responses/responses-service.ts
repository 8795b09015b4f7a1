/** Answers Responses requests as Ark would: creates, and stores what later ones can go on from. */
import { planChat } from "../chat/chat-plan.ts";
import { readBody, readModelName } from "../chat/chat-request.ts";
import { refusedReply } from "../chat/chat-service.ts";
import { checkAgainstModel } from "../chat/model-rules.ts";
import { PromptCache } from "../chat/prompt-cache.ts";
import { ArkRefusal } from "../error-envelope.ts";
import type { Identity } from "../identity.ts";
import type { JsonObject } from "../json-value.ts";
import type { KeyRing } from "../key-ring.ts";
import type { Registry, ServedModel } from "../models/registry.ts";
import { randomFor } from "../random.ts";
import type { Service, ServiceCall, ServiceReply } from "../service.ts";
import { type Answer, type HeaderLine, JSON_TYPE, type Manners, STREAM_TYPE } from "../wire/answer.ts";
import { refusalAnswer } from "../wire/plain-answer.ts";
import { type ConversationItem, InputReader } from "./input-items.ts";
import { requestShape } from "./request-shape.ts";
import {
  finalItems,
  itemStatus,
  outputItemsOf,
  type PlannedResponse,
  type ResponseEnvelope,
  ResponseRenderer,
  renderItem,
  renderResponse,
} from "./response-object.ts";
import { renderResponseUsage } from "./response-usage.ts";
import { type ResponsesRequest, readPreviousId, readResponsesRequest } from "./responses-request.ts";
import { ResponsesStream } from "./responses-stream.ts";
import type { StoredResponses } from "./stored-responses.ts";
import { checkShape } from "./strict-shape.ts";

export type ResponsesSettings = {
  readonly seed: number;
  readonly replyTokens: number | null;
  /** Refuses members and types that Ark does not know. */
  readonly strictMembers: boolean;
  readonly wallMs: () => number;
};

export type ResponsesParts = {
  readonly keys: KeyRing;
  readonly registry: Registry;
  readonly identity: Identity;
  readonly stored: StoredResponses;
};

/** A request that may be served, and for whom. */
type Accepted = {
  readonly key: string;
  readonly request: ResponsesRequest;
  readonly served: ServedModel;
  readonly previousId: string | null;
};

/** What is done with the response's JSON once it is all said. */
type Ended = (responseJson: string) => void;

const streamHeaders: readonly HeaderLine[] = [["Content-Type", STREAM_TYPE]];
const wholeHeaders: readonly HeaderLine[] = [["Content-Type", JSON_TYPE]];

const EXPIRY_S_BY_DEFAULT = 259_200;

/** The same request gives the same reply, streamed or whole. */
function seedBytes(body: JsonObject): Buffer {
  return Buffer.from(JSON.stringify({ ...body, stream: undefined }));
}

function wholeAnswer(manners: Manners, reply: PlannedResponse, onEnd: Ended): Answer {
  const { renderer, items, plan, counts } = reply;
  const text = renderResponse(renderer, items, plan, renderResponseUsage(counts));
  onEnd(text);
  const body = { kind: "whole", text, tokens: counts } as const;
  return { status: 200, headers: [...wholeHeaders, ...manners.headers], body, keepAlive: manners.keepAlive };
}

function streamedAnswer(manners: Manners, reply: PlannedResponse, onEnd: Ended): Answer {
  const body = { kind: "stream", stream: new ResponsesStream(reply, onEnd) } as const;
  return { status: 200, headers: [...streamHeaders, ...manners.headers], body, keepAlive: manners.keepAlive };
}

export class ResponsesService implements Service {
  readonly #settings: ResponsesSettings;
  readonly #parts: ResponsesParts;
  readonly #cache = new PromptCache();

  constructor(settings: ResponsesSettings, parts: ResponsesParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  refusal = refusalAnswer;

  reply(call: ServiceCall): ServiceReply {
    try {
      return this.#serve(call, this.#accept(call));
    } catch (thrown) {
      if (!(thrown instanceof ArkRefusal)) throw thrown;
      return refusedReply(refusalAnswer(thrown, call.requestId, call.manners), call.body);
    }
  }

  #accept(call: ServiceCall): Accepted {
    const { keys, registry, identity, stored } = this.#parts;
    const key = keys.check(call.entry, call.authorization);
    const body = readBody(call.body);
    if (this.#settings.strictMembers) checkShape(body, requestShape);
    const served = registry.resolve(call.entry, readModelName(body));
    const input = new InputReader(identity, (id) => stored.item(key, id)).read(body["input"] ?? undefined);
    const previousId = readPreviousId(body);
    const request = readResponsesRequest(body, {
      entry: call.entry,
      model: served.model,
      input,
      chain: this.#chain(key, previousId),
      nowS: this.#nowS(),
    });
    checkAgainstModel(request.chat, served.model, call.entry);
    return { key, request, served, previousId };
  }

  #chain(key: string, previousId: string | null): readonly ConversationItem[] {
    if (previousId === null) return [];
    const { stored } = this.#parts;
    if (stored.get(key, previousId) !== null) return stored.conversation(key, previousId);
    const text = `Previous response with id ${previousId} not found.`;
    throw new ArkRefusal("InvalidParameter.PreviousResponseNotFound", text, "previous_response_id");
  }

  #nowS(): number {
    return Math.floor(this.#settings.wallMs() / 1_000);
  }

  #serve(call: ServiceCall, accepted: Accepted): ServiceReply {
    const { request, served } = accepted;
    const envelope = this.#envelope(call, accepted);
    const planned = this.#plan(call, accepted, envelope);
    const onEnd = (json: string): void => {
      if (request.store) this.#store(accepted, envelope, planned, json);
    };
    const make = request.chat.stream ? streamedAnswer : wholeAnswer;
    return {
      answer: make(call.manners, planned, onEnd),
      modelAsked: request.chat.model,
      stream: request.chat.stream,
      served: { model: served.echoed, counts: planned.counts },
    };
  }

  #envelope(call: ServiceCall, { request, served }: Accepted): ResponseEnvelope {
    const createdS = this.#nowS();
    const expireAtS = request.expireAtS ?? createdS + EXPIRY_S_BY_DEFAULT;
    return {
      id: `resp_${call.requestId}`,
      createdS,
      model: served.echoed,
      serviceTier: request.chat.serviceTier === "fast" ? "fast" : "default",
      expireAtS: request.store ? expireAtS : null,
    };
  }

  #plan(call: ServiceCall, { key, request, served }: Accepted, envelope: ResponseEnvelope): PlannedResponse {
    const { identity } = this.#parts;
    const { chat } = request;
    const { model } = served;
    const random = randomFor(this.#settings.seed, seedBytes(request.body));
    const plan = planChat(chat, model, random, identity, {
      replyTokens: this.#settings.replyTokens,
      brokenArguments: call.brokenArguments,
    });
    const owner = `${key}\n${model.id}`;
    const cachedTokens = this.#cache.lookUp(owner, chat.prompt, chat.promptTokens, model.cacheTokensMin);
    return {
      renderer: new ResponseRenderer(envelope, request),
      items: outputItemsOf(plan, request.includesSealed, identity),
      plan,
      counts: {
        promptTokens: chat.promptTokens,
        cachedTokens,
        completionTokens: plan.completionTokens,
        reasoningTokens: plan.reasoningTokens,
      },
    };
  }

  #store(
    accepted: Accepted,
    envelope: ResponseEnvelope,
    { items, plan }: PlannedResponse,
    body: string,
  ): void {
    const output = finalItems(items, plan).map((item, index, kept) => {
      const json = renderItem(item, itemStatus(kept, index, plan));
      return JSON.parse(json) as ConversationItem;
    });
    this.#parts.stored.add(accepted.key, {
      id: envelope.id,
      body,
      previousId: accepted.previousId,
      input: accepted.request.input,
      output,
      expireAtS: envelope.expireAtS ?? 0,
    });
  }
}
