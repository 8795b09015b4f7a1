/** `GET /v1/models` in the one shape that OpenAI's, OpenRouter's and Anthropic's clients all read. */
import { yuanOf } from "../core/money.ts";

/** What is known of a model that clients may name. Token figures are null where nobody has said. */
export type ModelCard = {
  readonly id: string;
  readonly displayName: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly contextTokens: number | null;
  readonly inputTokensMax: number | null;
  readonly outputTokensMax: number | null;
  readonly inputModalities: readonly string[];
  /** Micro-yuan per million tokens. */
  readonly price: { readonly input: number; readonly output: number } | null;
  /** For people who choose a model; empty where there is none. */
  readonly description: string;
};

const SUPPORTED_PARAMETERS = [
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "stop",
  "tools",
  "tool_choice",
  "response_format",
  "thinking",
  "reasoning_effort",
] as const;

const TOKENS_PER_PRICE = 1_000_000;

/** Yuan per token as OpenRouter's decimal text, without an exponent. */
function pricePerToken(microYuanPerMillion: number): string {
  const text = (yuanOf(microYuanPerMillion) / TOKENS_PER_PRICE).toFixed(12);
  return text.replace(/0+$/, "").replace(/\.$/, "");
}

function modelObject(card: ModelCard): object {
  return {
    id: card.id,
    object: "model",
    created: card.createdAt,
    owned_by: "volcengine",
    name: card.displayName,
    description: card.description,
    context_length: card.contextTokens,
    architecture: { input_modalities: card.inputModalities, output_modalities: ["text"] },
    pricing:
      card.price === null
        ? null
        : {
            prompt: pricePerToken(card.price.input),
            completion: pricePerToken(card.price.output),
            currency: "CNY",
          },
    top_provider: { max_completion_tokens: card.outputTokensMax },
    supported_parameters: SUPPORTED_PARAMETERS,
    type: "model",
    display_name: card.displayName,
    created_at: new Date(card.createdAt * 1_000).toISOString(),
    max_input_tokens: card.inputTokensMax,
    max_tokens: card.outputTokensMax,
    capabilities: null,
    lifecycle: "active",
  };
}

/** The answer for a list of models. */
export function renderModelList(cards: readonly ModelCard[]): Buffer {
  const list = {
    object: "list",
    data: cards.map(modelObject),
    has_more: false,
    first_id: cards[0]?.id ?? null,
    last_id: cards.at(-1)?.id ?? null,
  };
  return Buffer.from(JSON.stringify(list));
}

/** The answer for one model. */
export function renderModel(card: ModelCard): Buffer {
  return Buffer.from(JSON.stringify(modelObject(card)));
}
