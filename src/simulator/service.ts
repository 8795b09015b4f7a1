/** What every billed call is to the exchange that carries it: a request in, an answer with its counts out. */
import type { TokenCounts } from "./chat/chat-usage.ts";
import type { ArkRefusal } from "./error-envelope.ts";
import type { Entry } from "./models/registry.ts";
import type { Answer, Manners } from "./wire/answer.ts";

export type ServiceCall = {
  readonly entry: Entry;
  /** Such as `Bearer KEY`; null where the request brings no key. */
  readonly authorization: string | null;
  readonly body: Buffer;
  readonly requestId: string;
  readonly manners: Manners;
  /** Leaves out the end of each tool call's arguments. */
  readonly brokenArguments: boolean;
};

export type ServiceReply = {
  readonly answer: Answer;
  readonly modelAsked: string | null;
  readonly stream: boolean;
  /** What was served; null where the request was refused. */
  readonly served: { readonly model: string; readonly counts: TokenCounts } | null;
};

export interface Service {
  /** Never throws for what a client can send. */
  reply(call: ServiceCall): ServiceReply;
  /** One of Ark's errors, in the shape that this API gives them. */
  refusal(refusal: ArkRefusal, requestId: string, manners: Manners): Answer;
}
