/** The protocols that clients and upstreams speak. */

/** OpenAI's chat completions and Responses, Anthropic's Messages; Ark speaks all three (ark-api 4 to 6). */
export const protocols = ["chat", "responses", "messages"] as const;
export type Protocol = (typeof protocols)[number];
