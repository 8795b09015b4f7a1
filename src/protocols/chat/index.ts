/** The chat door: OpenAI's chat completions, which Ark speaks itself: bodies go through verbatim. */
import type { Door } from "../door.ts";
import { openaiDialect } from "../openai-dialect.ts";
import { readBody } from "./read-body.ts";

export const chatDoor: Door = {
  name: "chat",
  paths: ["/chat/completions"],
  dialect: openaiDialect,
  read: readBody,
};
