/** Finds where clients reach the gateway: as the one that runs says, else as the configuration says. */
import { request } from "undici";
import { z } from "zod";
import { readControlFile } from "../../app/control-file.ts";
import type { Config } from "../../config/config.ts";
import { localUrlOf } from "../listening.ts";

const ANSWER_MS = 2_000;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

const answerSchema = z.object({ server: z.object({ host: z.string(), port: z.int() }) });
type Place = z.infer<typeof answerSchema>["server"];

async function jsonOf(body: AsyncIterable<Buffer>): Promise<unknown> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) throw new RangeError("The answer has no end.");
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString("utf8"));
}

/** Where a gateway over this data folder listens; null where none runs, or it says nothing. */
async function placeOfRunning(folder: string): Promise<Place | null> {
  const control = readControlFile(folder);
  if (control.kind !== "ok") return null;
  try {
    const { body } = await request(`${control.access.url}/admin/config`, {
      headers: { authorization: `Bearer ${control.access.token}` },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const answer = answerSchema.safeParse(await jsonOf(body));
    return answer.success ? answer.data.server : null;
  } catch {
    // A gateway that was killed leaves its control file behind.
    return null;
  }
}

/** Such as `http://127.0.0.1:5000`; null: it listens on any free port, and none runs that would say which. */
export async function findGateway({ ledger, server }: Config): Promise<string | null> {
  const place = (await placeOfRunning(ledger.folder)) ?? server;
  return place.port === 0 ? null : localUrlOf(place);
}
