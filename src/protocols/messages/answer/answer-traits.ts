/** What of a request its answer depends on: little, since streams live long. */
import type { ThoughtSeal } from "../../sealed-thoughts.ts";
import type { ToolNames } from "../tool-names.ts";

export type AnswerTraits = {
  readonly messageId: string;
  /** For an answer that does not say which model served it. */
  readonly model: string;
  readonly names: ToolNames;
  /** The client wants the signatures of thoughts, and not their text. */
  readonly omitsThoughts: boolean;
  readonly seal: ThoughtSeal;
};
