/** The table of doors: a new client protocol is a folder beside this file, and a row here for each door. */
import { chatDoor } from "./chat/index.ts";
import type { Door } from "./door.ts";
import { countTokensDoor, messagesDoor } from "./messages/index.ts";
import { compactDoor } from "./responses/compact.ts";
import { inputTokensDoor, responsesDoor } from "./responses/index.ts";

export const doors: readonly Door[] = [
  chatDoor,
  messagesDoor,
  countTokensDoor,
  responsesDoor,
  inputTokensDoor,
  compactDoor,
];
