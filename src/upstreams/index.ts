/** The table of upstream kinds: the `kind` of an upstream in the configuration, and what opens it. */
import { createArkUpstream } from "./ark/index.ts";

export const upstreamKinds = { ark: createArkUpstream } as const;
