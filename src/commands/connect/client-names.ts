/** The clients that `connect` knows, by the names that people type. */

/** In the order in which help lists them. */
export const clientNames = [
  "claude-code",
  "codex",
  "opencode",
  "cline",
  "qwen-code",
  "cherry-studio",
  "lobechat",
  "open-webui",
  "dify",
  "openai",
  "anthropic",
] as const;

export type ClientName = (typeof clientNames)[number];

export function isClientName(name: string): name is ClientName {
  return clientNames.some((known) => known === name);
}
