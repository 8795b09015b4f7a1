/** Reads Ark's list of models: which ids there are, and which of them live on. */
import { z } from "zod";

/** `status` by id; null where the model lives. */
export type ArkList = ReadonlyMap<string, string | null>;

const listSchema = z.object({
  data: z.array(z.object({ id: z.string(), status: z.string().optional() })),
});

/** Null where the bytes are no such list. */
export function readArkList(body: Buffer): ArkList | null {
  try {
    const result = listSchema.safeParse(JSON.parse(body.toString("utf8")));
    return result.success ? new Map(result.data.data.map(({ id, status }) => [id, status ?? null])) : null;
  } catch {
    return null;
  }
}
