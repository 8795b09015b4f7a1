/** Responses to keep, in their simplest form. */
import type { StoredResponse } from "../../src/core/memories.ts";

export function storedResponse(id: string, previousId: string | null = null, text = "你好"): StoredResponse {
  return {
    id,
    response: JSON.stringify({ id, output_text: text }),
    inputItems: JSON.stringify([{ id: `msg_${id}`, content: text }]),
    outputItems: "[]",
    previousId,
  };
}
