/** Answers that no model has to think about: a JSON text, an error, nothing. */
import { type ArkRefusal, arkErrors, renderError } from "../error-envelope.ts";
import { type Answer, JSON_TYPE, type Manners } from "./answer.ts";
import { noTokens } from "./wire-step.ts";

export function wholeAnswer(status: number, contentType: string, text: string, manners: Manners): Answer {
  return {
    status,
    headers: [["Content-Type", contentType], ...manners.headers],
    body: { kind: "whole", text, tokens: noTokens },
    keepAlive: manners.keepAlive,
  };
}

export function jsonAnswer(status: number, text: string, manners: Manners): Answer {
  return wholeAnswer(status, JSON_TYPE, text, manners);
}

export function emptyAnswer(status: number, manners: Manners): Answer {
  return { status, headers: manners.headers, body: { kind: "none" }, keepAlive: manners.keepAlive };
}

/** A refusal in Ark's envelope. */
export function refusalAnswer(refusal: ArkRefusal, requestId: string, manners: Manners): Answer {
  const text = renderError(refusal.code, refusal.message, refusal.param, requestId);
  return jsonAnswer(arkErrors[refusal.code].status, text, manners);
}
