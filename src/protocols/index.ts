/** The table of doors: a new client protocol is a folder beside this file, and one row here. */
import { chatDoor } from "./chat/index.ts";
import type { Door } from "./door.ts";

export const doors: readonly Door[] = [chatDoor];
