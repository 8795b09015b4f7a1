/** What of a request its answer depends on: little, since streams live long. */
import type { StoredResponse } from "../../../../core/memories.ts";
import type { ThoughtSeal } from "../../../sealed-thoughts.ts";
import type { ToolNames } from "../../tool-names.ts";
import type { ResponseIds } from "../ids.ts";

export type AnswerTraits = {
  readonly ids: ResponseIds;
  readonly createdSeconds: number;
  /** For an answer that does not say which model served it. */
  readonly model: string;
  /** The members of a response that say what was asked for, in JSON, without the braces. */
  readonly echoes: string;
  /** The client is to be given sealed thoughts. */
  readonly includesSealed: boolean;
  readonly seal: ThoughtSeal;
  readonly names: ToolNames;
  /** Keeps the response, once it has ended; null where it is not to be stored. */
  readonly keep: ((made: Pick<StoredResponse, "response" | "outputItems">) => void) | null;
};
