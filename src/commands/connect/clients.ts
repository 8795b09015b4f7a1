/** All clients that `connect` knows, by name. */
import { chatApps } from "./chat-apps.ts";
import type { Client, Setup } from "./client.ts";
import type { ClientName } from "./client-names.ts";
import { codingAgents } from "./coding-agents.ts";
import { sdks } from "./sdks.ts";
import type { Site } from "./site.ts";

export const clients: { readonly [name in ClientName]: Client } = { ...codingAgents, ...chatApps, ...sdks };

/** What a client is to be told of this gateway. */
export function setupOf(client: Client, site: Site): Setup {
  const own = client.setup(site, client.baseUrl(site.origin));
  return {
    files: [],
    environment: [],
    isEnvironmentEnough: false,
    snippets: [],
    fields: [],
    command: null,
    notes: [],
    ...own,
  };
}
