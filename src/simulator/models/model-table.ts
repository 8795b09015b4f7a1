/** The chat models that the simulator serves: a row each, after ark-api 4 and 18.1. */

/** How the seven values of `reasoning_effort` are understood (ark-api 4.6). */
export type EffortScale = "seed" | "glm-5-2" | "deepseek-ga" | "deepseek-preview" | "glm-5-3";

export type Modality = "text" | "image" | "video" | "audio";

export type ChatModel = {
  readonly id: string;
  /** Absent while live; a model that is shut down is still listed but answers 404. */
  readonly status?: "Retiring" | "Shutdown";
  readonly inputs: readonly Modality[];
  readonly contextTokens: number;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  /** 0 where the model does not think. */
  readonly reasoningTokensMax: number;
  readonly thinkingCanBeOff: boolean;
  readonly thinkingCanBeAuto: boolean;
  readonly effort: { readonly scale: EffortScale; readonly byDefault: "medium" | "high" };
  /** `summary` models send a digest of their thoughts, and `encrypted_content` with it. */
  readonly thoughts: "raw" | "summary";
  readonly tools: boolean;
  readonly jsonObject: boolean;
  readonly jsonSchema: boolean;
  /** Closes a stream with usage even where nobody asked for it. */
  readonly usageUnasked: boolean;
  /** `max_tokens` bounds thoughts and answer together, not the answer alone. */
  readonly maxTokensCountsThoughts: boolean;
  /** The answer's bound where the request has none. */
  readonly answerTokensByDefault: number;
  /** The shortest prompt that the implicit cache looks at. */
  readonly cacheTokensMin: number;
};

const K = 1_024;
const text = ["text"] as const satisfies readonly Modality[];
const vision = ["text", "image", "video"] as const satisfies readonly Modality[];
const hearing = [...vision, "audio"] as const satisfies readonly Modality[];

type Family = Omit<ChatModel, "id">;

const seed20: Family = {
  inputs: vision,
  contextTokens: 256 * K,
  inputTokensMax: 224 * K,
  outputTokensMax: 128 * K,
  reasoningTokensMax: 128 * K,
  thinkingCanBeOff: true,
  thinkingCanBeAuto: false,
  effort: { scale: "seed", byDefault: "medium" },
  thoughts: "raw",
  tools: true,
  jsonObject: true,
  jsonSchema: true,
  usageUnasked: false,
  maxTokensCountsThoughts: false,
  answerTokensByDefault: 4_096,
  cacheTokensMin: 1_024,
};

const seed21: Family = {
  ...seed20,
  inputTokensMax: 256 * K,
  outputTokensMax: 256 * K,
  reasoningTokensMax: 256 * K,
  effort: { scale: "seed", byDefault: "high" },
  thoughts: "summary",
};

const seed16: Family = {
  ...seed20,
  status: "Retiring",
  outputTokensMax: 32 * K,
  reasoningTokensMax: 32 * K,
};

const noJson = { jsonObject: false, jsonSchema: false } as const;

const seed15: Family = {
  ...seed20,
  ...noJson,
  status: "Retiring",
  inputs: text,
  contextTokens: 32 * K,
  inputTokensMax: 32 * K,
  outputTokensMax: 12 * K,
  reasoningTokensMax: 0,
};

const glm52: Family = {
  ...seed20,
  inputs: text,
  contextTokens: 1_024 * K,
  inputTokensMax: 1_024 * K,
  effort: { scale: "glm-5-2", byDefault: "high" },
  usageUnasked: true,
  cacheTokensMin: 2_048,
};

const deepseekV4: Family = {
  ...glm52,
  outputTokensMax: 384 * K,
  effort: { scale: "deepseek-ga", byDefault: "high" },
};

const deepseekV4Preview: Family = {
  ...deepseekV4,
  effort: { scale: "deepseek-preview", byDefault: "high" },
  jsonSchema: false,
  usageUnasked: false,
};

const planOnly: Family = { ...glm52, usageUnasked: false, effort: { scale: "seed", byDefault: "high" } };
const gone: Family = {
  ...seed20,
  status: "Shutdown",
  inputs: text,
  contextTokens: 128 * K,
  inputTokensMax: 96 * K,
  outputTokensMax: 16 * K,
  reasoningTokensMax: 32 * K,
};

/** Models that are called by id, dated as Ark dates them. */
export const datedModels: readonly ChatModel[] = [
  { ...seed21, id: "doubao-seed-evolving", contextTokens: 1_024 * K, inputTokensMax: 1_024 * K },
  { ...seed21, id: "doubao-seed-2-1-pro-260628" },
  { ...seed21, id: "doubao-seed-2-1-turbo-260628", cacheTokensMin: 2_048 },
  { ...seed20, id: "doubao-seed-2-0-pro-260215" },
  { ...seed20, id: "doubao-seed-2-0-lite-260428", inputs: hearing, thoughts: "summary" },
  { ...seed20, id: "doubao-seed-2-0-lite-260215" },
  { ...seed20, id: "doubao-seed-2-0-mini-260428", inputs: hearing },
  { ...seed20, id: "doubao-seed-2-0-mini-260215" },
  { ...seed20, ...noJson, id: "doubao-seed-2-0-code-preview-260215" },
  {
    ...seed20,
    id: "doubao-seed-character-260628",
    contextTokens: 128 * K,
    inputTokensMax: 96 * K,
    outputTokensMax: 32 * K,
  },
  { ...seed15, id: "doubao-seed-character-251128", contextTokens: 128 * K, inputTokensMax: 96 * K },
  {
    ...seed15,
    id: "doubao-seed-translation-250915",
    contextTokens: 4 * K,
    inputTokensMax: K,
    outputTokensMax: 3 * K,
    tools: false,
    answerTokensByDefault: 3_072,
  },
  { ...seed16, id: "doubao-seed-1-8-251228" },
  { ...seed16, ...noJson, id: "doubao-seed-code-preview-251028" },
  { ...seed16, id: "doubao-seed-1-6-251015" },
  { ...seed16, id: "doubao-seed-1-6-250615", thinkingCanBeAuto: true },
  { ...seed16, id: "doubao-seed-1-6-flash-250828" },
  { ...seed16, id: "doubao-seed-1-6-vision-250815" },
  { ...seed15, id: "doubao-1-5-pro-32k-250115", contextTokens: 128 * K, outputTokensMax: 16 * K },
  { ...seed15, id: "doubao-1-5-lite-32k-250115" },
  { ...seed15, id: "doubao-1-5-vision-pro-32k-250115", inputs: ["text", "image"] },
  { ...glm52, id: "glm-5-2-260617" },
  {
    ...glm52,
    id: "glm-4-7-251222",
    status: "Retiring",
    contextTokens: 200_000,
    inputTokensMax: 200_000,
    usageUnasked: false,
    cacheTokensMin: K,
  },
  { ...deepseekV4, id: "deepseek-v4-pro-ga-260813" },
  { ...deepseekV4, id: "deepseek-v4-flash-ga-260731" },
  { ...deepseekV4Preview, id: "deepseek-v4-pro-260425" },
  { ...deepseekV4Preview, id: "deepseek-v4-flash-260425" },
  { ...gone, id: "deepseek-r1-250120" },
  { ...gone, id: "deepseek-r1-250528" },
  { ...gone, id: "deepseek-v3-241226", reasoningTokensMax: 0 },
  { ...gone, id: "deepseek-v3-250324", reasoningTokensMax: 0 },
  { ...gone, id: "deepseek-r1-distill-qwen-7b-250120" },
  { ...gone, id: "deepseek-r1-distill-qwen-32b-250120" },
  { ...gone, id: "kimi-k2-250905", reasoningTokensMax: 0 },
];

/** Models that are called by Model Name, on the plan entries alone. */
export const planOnlyModels: readonly ChatModel[] = [
  {
    ...planOnly,
    id: "glm-5.3",
    thinkingCanBeOff: false,
    effort: { scale: "glm-5-3", byDefault: "high" },
  },
  { ...planOnly, id: "glm-5.3-flash", inputs: ["text", "image"] },
  { ...planOnly, id: "kimi-k2.7-code", contextTokens: 256 * K, outputTokensMax: 32 * K },
  { ...planOnly, id: "kimi-k3", maxTokensCountsThoughts: true },
  { ...planOnly, id: "minimax-m3" },
];

/** Model Names of the plans that stand for a dated model; any version of the family is served by this one. */
export const planNames: Readonly<Record<string, string>> = {
  "doubao-seed-2.1-pro": "doubao-seed-2-1-pro-260628",
  "doubao-seed-2.1-turbo": "doubao-seed-2-1-turbo-260628",
  "doubao-seed-2.0-pro": "doubao-seed-2-0-pro-260215",
  "doubao-seed-2.0-lite": "doubao-seed-2-0-lite-260215",
  "doubao-seed-2.0-mini": "doubao-seed-2-0-mini-260215",
  "doubao-seed-2.0-code": "doubao-seed-2-0-code-preview-260215",
  "glm-5.2": "glm-5-2-260617",
  "deepseek-v4-pro": "deepseek-v4-pro-ga-260813",
  "deepseek-v4-flash": "deepseek-v4-flash-ga-260731",
};

/** Names that route to another model: what serves, and what the answer calls itself. */
export const planRouters: Readonly<Record<string, { readonly servedBy: string; readonly echoed: string }>> = {
  "ark-code-latest": { servedBy: "doubao-seed-2-1-turbo-260628", echoed: "auto" },
  "glm-latest": { servedBy: "glm-5.3", echoed: "glm-5.3" },
  "kimi-latest": { servedBy: "kimi-k3", echoed: "kimi-k3" },
  "minimax-latest": { servedBy: "minimax-m3", echoed: "minimax-m3" },
  "deepseek-latest": { servedBy: "deepseek-v4-pro-ga-260813", echoed: "deepseek-v4-pro-ga-260813" },
};

/** The endpoint ids of the gateway's default aliases, and the models that they were made for. */
export const defaultEndpoints: Readonly<Record<string, string>> = {
  "ep-20250218144306-sshj5": "deepseek-r1-250120",
  "ep-20250218170310-pvmdb": "deepseek-v3-241226",
  "ep-20250218182157-7rdv4": "deepseek-r1-distill-qwen-7b-250120",
  "ep-20250218182233-vxkqv": "deepseek-r1-distill-qwen-32b-250120",
};
