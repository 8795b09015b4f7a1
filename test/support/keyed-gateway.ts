/** A gateway that holds an Ark key and lets in whoever has one of its own. */
import { UNLIMITED } from "../../src/core/limits.ts";
import type { KeyDraft } from "../../src/keys/key-desk.ts";
import type { KeyRecord } from "../../src/keys/key-record.ts";
import { type Answered, type Call, callChat, callGateway } from "./gateway-call.ts";
import { type RunningGateway, type RunningOptions, startGateway } from "./running-gateway.ts";

export const ARK_KEY = "the-ark-key-of-the-gateway";

export const PLAIN_DRAFT: KeyDraft = {
  name: "test",
  owner: null,
  models: null,
  limits: UNLIMITED,
  tags: [],
  expiresAtWallMs: null,
};

export type KeyedGateway = RunningGateway & {
  newKey(draft?: Partial<KeyDraft>): Promise<{ readonly record: KeyRecord; readonly secret: string }>;
};

export async function startKeyedGateway(options: RunningOptions = {}): Promise<KeyedGateway> {
  const running = await startGateway({
    ...options,
    simulator: { keys: [ARK_KEY], ...options.simulator },
    environment: { ARK_API_KEY: ARK_KEY, ...options.environment },
  });
  return { ...running, newKey: (draft = {}) => running.desk.create({ ...PLAIN_DRAFT, ...draft }, "test") };
}

/** A chat call with a key of the gateway's. */
export function chatWith(
  gateway: { readonly port: number },
  secret: string,
  body: object,
  headers: Call["headers"] = {},
): Promise<Answered> {
  return callChat(gateway, body, { headers: { authorization: `Bearer ${secret}`, ...headers } });
}

export function getWith(gateway: { readonly port: number }, secret: string, path: string): Promise<Answered> {
  return callGateway(gateway, { path, headers: { authorization: `Bearer ${secret}` } });
}
