/** The way of a Responses call to a model that speaks chat: its passage there, and its answer's way back. */
import type { JsonObject } from "../../../core/chat.ts";
import { chatPassage, type Translation } from "../../chat-passage.ts";
import { parseBody } from "../../client-json.ts";
import type { CallContext, Passage, TargetTraits } from "../../door.ts";
import { invalidMember } from "../../read-members.ts";
import { replayReasoning } from "../../remembered-reasoning.ts";
import { thoughtSealFor } from "../../sealed-thoughts.ts";
import type { AnswerTraits } from "./answer/answer-traits.ts";
import { ResponseEvents, writeResponse } from "./answer/event-writer.ts";
import { ResponseIds } from "./ids.ts";
import { echoesOf } from "./request/echoes.ts";
import { keptInput } from "./request/kept-input.ts";
import { type TranslatedRequest, translateRequest } from "./request/translate.ts";

const SEALED_THOUGHTS = "reasoning.encrypted_content";
const MS_PER_SECOND = 1_000;

/** Made apart from the request, so that nothing else of it is kept while the answer streams. */
function keeper(
  { keyId, memories }: CallContext,
  id: string,
  inputItems: string,
  previousId: string | null,
): NonNullable<AnswerTraits["keep"]> {
  const { responses } = memories;
  return (made) => responses.keep(keyId, { ...made, id, inputItems, previousId });
}

function answerWriters(traits: AnswerTraits): Pick<Translation, "openWriter" | "writeWhole"> {
  return {
    openWriter: () => new ResponseEvents(traits),
    writeWhole: (answer) => writeResponse(answer, traits),
  };
}

/** What is no flag must not be kept for a guess. @throws GatewayError invalid_request */
function isToBeStored({ store }: JsonObject): boolean {
  if (store === undefined || store === null || typeof store === "boolean") return store !== false;
  throw invalidMember("store", "`store` must be true, false or null.");
}

function answerTraits(
  body: JsonObject,
  { conversation, names }: TranslatedRequest,
  model: string,
  context: CallContext,
): AnswerTraits {
  const ids = ResponseIds.make();
  const isStored = isToBeStored(body);
  const { include } = body;
  const { own, previousId } = conversation;
  return {
    ids,
    createdSeconds: Math.floor(context.startedAtWallMs / MS_PER_SECOND),
    model,
    echoes: echoesOf(body, isStored),
    includesSealed: !isStored || (Array.isArray(include) && include.includes(SEALED_THOUGHTS)),
    seal: thoughtSealFor(model, context),
    names,
    keep: isStored ? keeper(context, ids.response, keptInput(own, ids), previousId) : null,
  };
}

/**
 * Translates a Responses body, which has been scanned: valid JSON, and one `model`. Stored unless it says
 * `store: false`, once its answer has ended.
 * @throws GatewayError invalid_json, invalid_request, previous_response_not_found
 */
export function translateResponses(body: Buffer, target: TargetTraits, context: CallContext): Passage {
  const parsed = parseBody(body);
  const translated = translateRequest(parsed, target.model, context);
  const { messages, isChanged } = replayReasoning(translated.request.messages, target, context);
  const translation = {
    request: { ...translated.request, messages },
    changes: [
      ...(parsed["model"] === target.model ? [] : (["model"] as const)),
      ...(isChanged ? (["reasoning_replay"] as const) : []),
    ],
    ...answerWriters(answerTraits(parsed, translated, target.model, context)),
  };
  return chatPassage(translation, target, context);
}
