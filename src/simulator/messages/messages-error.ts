/** Ark's errors on its Anthropic base: its own, in Anthropic's envelope (ark-api 6, 14.1). */
import { type ArkRefusal, arkErrors, renderError } from "../error-envelope.ts";
import type { Answer, Manners } from "../wire/answer.ts";
import { jsonAnswer } from "../wire/plain-answer.ts";

export function renderMessagesError({ code, message, param }: ArkRefusal, requestId: string): string {
  return `{"type":"error",${renderError(code, message, param, requestId).slice(1)}`;
}

export function messagesRefusal(refusal: ArkRefusal, requestId: string, manners: Manners): Answer {
  return jsonAnswer(arkErrors[refusal.code].status, renderMessagesError(refusal, requestId), manners);
}
