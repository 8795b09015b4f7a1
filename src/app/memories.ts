/** What the gateway keeps for its callers between calls, as the configuration wants it. */
import type { Config } from "../config/config.ts";
import type { Memories } from "../core/memories.ts";
import type { StoredPages } from "../protocols/door.ts";

/** Nothing is kept. */
const nothing: Memories = {
  reasoning: null,
  responses: {
    find: () => null,
    keep: () => {},
    remove: () => false,
    own: () => {},
    isAnothers: () => false,
  },
  seal: { seal: (_keyId, text) => Buffer.from(text).toString("base64url"), open: () => null },
};

export function openMemories(_config: Config): Memories {
  return nothing;
}

/** None are shown. */
export const storedPages: StoredPages = {
  isOurs: (id) => id.startsWith("resp_vp"),
  render: () => Buffer.from("{}"),
};
