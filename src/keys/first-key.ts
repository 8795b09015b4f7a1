/** The key that a gateway makes for itself where nobody could come in otherwise. */
import { UNLIMITED } from "../core/limits.ts";
import type { KeyDesk } from "./key-desk.ts";

/**
 * @returns the key, to be shown once; null where there is one that opens
 * @throws GatewayError ledger_unavailable
 */
export async function ensureFirstKey(desk: KeyDesk, nowWallMs: number): Promise<string | null> {
  if (desk.ring.usable(nowWallMs)) return null;
  const draft = {
    name: "first",
    owner: null,
    models: null,
    limits: UNLIMITED,
    tags: [],
    expiresAtWallMs: null,
  };
  return (await desk.create(draft, "start")).secret;
}
