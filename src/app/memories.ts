/** What the gateway keeps for its callers between calls, as the configuration wants it. */
import { hkdfSync } from "node:crypto";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import type { Memories, ResponseStore } from "../core/memories.ts";
import { DiskResponseStore } from "../memory/disk-response-store.ts";
import { RememberedThoughts } from "../memory/reasoning-memory.ts";
import { MemoryResponseStore } from "../memory/response-store.ts";
import { SealedTexts } from "../memory/seal.ts";
import type { EventLog } from "../telemetry/event-log.ts";

export type OpenMemories = {
  readonly memories: Memories;
  /** Once no call is left that could want them. */
  close(): Promise<void>;
};

const FILE = "responses.sealed";
const SECRET_BYTES = 32;

/** @param salt what is as secret as the ledger that it stands in, and stays as long */
function secretOf(salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", salt, "", "what is kept between calls", SECRET_BYTES));
}

function memoriesWith(salt: Buffer, responses: ResponseStore): Memories {
  return {
    reasoning: new RememberedThoughts({ clock: systemClock }),
    responses,
    seal: new SealedTexts(secretOf(salt)),
  };
}

export function memoriesInMemory(salt: Buffer): OpenMemories {
  const memories = memoriesWith(salt, new MemoryResponseStore({ clock: systemClock }));
  return { memories, close: () => Promise.resolve() };
}

/** With `responses.store: disk`, what was kept before is read back. */
export async function openMemories(
  { responses, ledger }: Config,
  salt: Buffer,
  log: EventLog,
): Promise<OpenMemories> {
  if (responses.store === "memory") return memoriesInMemory(salt);
  const store = await DiskResponseStore.open({
    path: join(ledger.folder, FILE),
    secret: secretOf(salt),
    clock: systemClock,
    onFailure: (error) => {
      log.warn(
        { error },
        "responses cannot be kept on the disk; they are in memory alone until it works again",
      );
    },
  });
  return { memories: memoriesWith(salt, store), close: () => store.close() };
}
