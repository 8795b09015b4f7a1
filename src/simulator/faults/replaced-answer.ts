/** Answers that take the place of the model's own: errors of Ark, and what a broken middle box sends. */

import { ArkRefusal } from "../error-envelope.ts";
import type { Service } from "../service.ts";
import type { Answer, HeaderLine, Manners } from "../wire/answer.ts";
import { emptyAnswer, refusalAnswer, wholeAnswer } from "../wire/plain-answer.ts";
import type { FullFault, FullFaultOf } from "./faults.ts";

/** Seen on one of Ark's entries with every answer, and of no use: nothing remains, yet calls succeed. */
const uselessRateLimits: readonly HeaderLine[] = [
  ["x-ratelimit-limit-requests", "500"],
  ["x-ratelimit-remaining-requests", "0"],
  ["x-ratelimit-reset-requests", "1"],
];

function scriptedError(
  fault: FullFaultOf<"error">,
  requestId: string,
  manners: Manners,
  refuse: Service["refusal"],
): Answer {
  const refusal = new ArkRefusal(fault.code, fault.message ?? undefined);
  const answer = refuse(refusal, requestId, manners);
  const retryAfter: readonly HeaderLine[] =
    fault.retryAfter === null ? [] : [["Retry-After", fault.retryAfter]];
  const rateLimits = fault.rateLimitHeaders ? uselessRateLimits : [];
  return {
    ...answer,
    status: fault.status ?? answer.status,
    headers: [...answer.headers, ...retryAfter, ...rateLimits],
  };
}

const HTML_PAGE =
  "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><h1>Bad Gateway</h1></body>\r\n</html>\r\n";

/** The answer that a fault sends instead of the model's; null where the fault leaves that one standing. */
export function replacedAnswer(
  fault: FullFault,
  requestId: string,
  manners: Manners,
  refuse: Service["refusal"] = refusalAnswer,
): Answer | null {
  switch (fault.kind) {
    case "error":
      return scriptedError(fault, requestId, manners, refuse);
    case "html":
      return wholeAnswer(fault.status, "text/html", HTML_PAGE, manners);
    case "empty":
      return emptyAnswer(fault.status, manners);
    case "redirect": {
      const answer = emptyAnswer(fault.status, manners);
      return { ...answer, headers: [...answer.headers, ["Location", fault.location]] };
    }
    default:
      return null;
  }
}
