/**
 * Ark's `GET /models`: the catalogue in its live shape, shut-down and partial entries included (ark-api 13).
 */
import { type ChatModel, datedModels } from "./model-table.ts";

type ListedModel = {
  readonly id: string;
  readonly name: string;
  readonly version?: string;
  readonly object: "model";
  readonly created: number;
  readonly domain: string;
  readonly status?: "Retiring" | "Shutdown";
  readonly task_type?: readonly string[];
  readonly modalities: object;
  readonly token_limits: object;
  readonly features: object;
};

/** An undated model has no day of its own to be listed under. */
const UNDATED_CREATED_S = 1_780_000_000;

function splitVersion(id: string): { name: string; version?: string } {
  const match = /^(.+)-(\d{6})$/.exec(id);
  if (match?.[1] === undefined || match[2] === undefined) return { name: id };
  return { name: match[1], version: match[2] };
}

function createdOf(version: string | undefined): number {
  if (version === undefined) return UNDATED_CREATED_S;
  const [year, month, day] = [version.slice(0, 2), version.slice(2, 4), version.slice(4, 6)].map(Number);
  return Date.UTC(2_000 + (year ?? 0), (month ?? 1) - 1, day ?? 1) / 1_000;
}

function listChatModel(model: ChatModel): ListedModel {
  const { name, version } = splitVersion(model.id);
  const sees = model.inputs.includes("image");
  return {
    id: model.id,
    name,
    ...(version === undefined ? {} : { version }),
    object: "model",
    created: createdOf(version),
    domain: sees ? "VLM" : "LLM",
    ...(model.status === undefined ? {} : { status: model.status }),
    task_type: sees ? ["VisualQuestionAnswering", "TextGeneration"] : ["TextGeneration"],
    modalities: { input_modalities: model.inputs, output_modalities: ["text"] },
    token_limits: {
      context_window: model.contextTokens,
      max_input_token_length: model.inputTokensMax,
      max_output_token_length: model.outputTokensMax,
      ...(model.reasoningTokensMax > 0 ? { max_reasoning_token_length: model.reasoningTokensMax } : {}),
    },
    features: {
      batch: { batch_chat: true, batch_job: true },
      cache: { prefix_cache: true, session_cache: true },
      structured_outputs: { json_object: model.jsonObject, json_schema: model.jsonSchema },
      tools: { function_calling: model.tools },
    },
  };
}

function listOther(id: string, domain: string, taskTypes: readonly string[] | null): ListedModel {
  const { name, version } = splitVersion(id);
  return {
    id,
    name,
    ...(version === undefined ? {} : { version }),
    object: "model",
    created: createdOf(version),
    domain,
    ...(taskTypes === null ? {} : { task_type: taskTypes }),
    modalities: {},
    token_limits: {},
    features: {},
  };
}

/** Entries that are no chat models, or no more: their objects are partial, as on the wire. */
const otherModels: readonly ListedModel[] = [
  listOther("doubao-embedding-large-text-250515", "Embedding", ["TextEmbedding"]),
  listOther("doubao-embedding-vision-250615", "Embedding", ["MultimodalEmbedding"]),
  listOther("doubao-seedream-4-0-250828", "ImageGeneration", ["TextToImage", "ImageToImage"]),
  listOther("doubao-seedream-4-5-251128", "ImageGeneration", ["TextToImage", "ImageToImage"]),
  listOther("doubao-seedance-1-0-pro-250528", "VideoGeneration", ["TextToVideo", "ImageToVideo"]),
  listOther("doubao-seed3d-2-0-260328", "3DGeneration", null),
  {
    ...listOther("doubao-1.5-ui-tars-250328", "VLM", ["VisualQuestionAnswering"]),
    status: "Shutdown",
  },
  {
    ...listOther("doubao-embedding-text-240515", "Embedding", ["TextEmbedding"]),
    name: "doubao-embedding",
    version: "text-240515",
    status: "Shutdown",
  },
  {
    ...listOther("doubao-1-5-pro-32k-character-250715", "LLM", ["TextGeneration"]),
    name: "doubao-1-5-pro-32k",
    version: "character-250715",
    status: "Retiring",
    features: { tools: { function_calling: false } },
  },
];

/** The body of `GET /models`. */
export const modelListJson = JSON.stringify({
  object: "list",
  data: [...datedModels.map(listChatModel), ...otherModels],
});
