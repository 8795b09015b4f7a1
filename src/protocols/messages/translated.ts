/** The way of a Messages call to a model that speaks chat: its passage there, and its answer's way back. */

import { chatPassage, type Translation } from "../chat-passage.ts";
import type { CallContext, Passage, TargetTraits } from "../door.ts";
import { replayReasoning } from "../remembered-reasoning.ts";
import { thoughtSealFor } from "../sealed-thoughts.ts";
import type { AnswerTraits } from "./answer/answer-traits.ts";
import { MessageEvents } from "./answer/event-writer.ts";
import { messageIdOf } from "./answer/message-json.ts";
import { writeMessage } from "./answer/write-message.ts";
import type { MessagesBody } from "./read-body.ts";
import { translateRequest } from "./request/translate.ts";

/** Made apart from the request, so that nothing of it is kept while the answer streams. */
function answerWriters(traits: AnswerTraits): Pick<Translation, "openWriter" | "writeWhole"> {
  return {
    openWriter: () => new MessageEvents(traits),
    writeWhole: (answer) => writeMessage(answer, traits),
  };
}

/** @throws GatewayError invalid_request, invalid_json */
export function translatedPassage(body: MessagesBody, target: TargetTraits, context: CallContext): Passage {
  const seal = thoughtSealFor(target.model, context);
  const { request, names, omitsThoughts } = translateRequest(body.bytes, target.model, body.intent, seal);
  const { messages, isChanged } = replayReasoning(request.messages, target, context);
  const writers = answerWriters({
    messageId: messageIdOf(context.requestId),
    model: target.model,
    names,
    omitsThoughts,
    seal,
  });
  const translation = {
    request: { ...request, messages },
    changes: [
      ...(target.model === body.intent.model ? [] : (["model"] as const)),
      ...(isChanged ? (["reasoning_replay"] as const) : []),
    ],
    ...writers,
  };
  return chatPassage(translation, target, context);
}
