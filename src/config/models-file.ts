/** The schema of `models.yaml`: Ark's models with their prices, read into micro-yuan. */
import { z } from "zod";
import { areTiersInOrder, microYuan, type PriceTier } from "../core/money.ts";
import { protocols } from "../core/protocols.ts";

const tokens = z.int().positive();
const yuan = z.number().positive().transform(microYuan);
const phrase = z.strictObject({ en: z.string().min(1), zh: z.string().min(1) });
const id = z.string().min(1);
const retiring = z.literal(true).optional();

const tierSchema = z.strictObject({
  up_to_input_tokens: tokens.optional(),
  up_to_output_tokens: tokens.optional(),
  input: yuan,
  cached_input: yuan.optional(),
  audio_input: yuan.optional(),
  output: yuan,
});

function tierOf(tier: z.output<typeof tierSchema>): PriceTier {
  return {
    inputTokensMax: tier.up_to_input_tokens ?? null,
    outputTokensMax: tier.up_to_output_tokens ?? null,
    input: tier.input,
    cachedInput: tier.cached_input ?? null,
    output: tier.output,
  };
}

const tiersSchema = z
  .array(tierSchema)
  .transform((tiers) => ({
    tiers: tiers.map(tierOf),
    audioInput: tiers.map((tier) => tier.audio_input ?? null),
  }))
  .refine(({ tiers }) => areTiersInOrder(tiers), "tiers that a call can never reach");

const textModel = z.strictObject({
  id,
  retiring,
  context_tokens: tokens,
  input_tokens_max: tokens.optional(),
  output_tokens_max: tokens.optional(),
  reasoning_tokens_max: z.int().min(0).optional(),
  input_modalities: z.array(z.enum(["text", "image", "video", "audio"])),
  speaks: z.array(z.enum(protocols)).min(1),
  price: tiersSchema.optional(),
  price_fast: tiersSchema.optional(),
  advice: phrase,
});

const embeddingModel = z.strictObject({
  id,
  retiring,
  context_tokens: tokens,
  dimensions: z.array(tokens).min(1).optional(),
  price: z.strictObject({ text: yuan, image: yuan }).optional(),
});

const imageModel = z.strictObject({
  id,
  price: z
    .array(
      z.strictObject({
        up_to_megapixels: z.number().positive().optional(),
        image: yuan,
        layer: yuan.optional(),
      }),
    )
    .min(1),
  input_image: yuan.optional(),
  free_input_images: z.int().nonnegative().optional(),
});

const videoModel = z.strictObject({
  id,
  retiring,
  price: z
    .array(
      z.strictObject({
        resolutions: z.array(z.enum(["480p", "720p", "1080p", "4k"])).optional(),
        video_input: z.boolean().optional(),
        audio: z.boolean().optional(),
        output: yuan,
        flex_output: yuan.optional(),
      }),
    )
    .min(1),
});

const objectModel = z.strictObject({
  id,
  price: z.strictObject({ least: yuan, most: yuan }).refine(({ least, most }) => least <= most),
});

export const modelsFileSchema = z.strictObject({
  price_version: z.string().regex(/^ark-\d{4}-\d{2}-\d{2}$/),
  models: z.array(textModel),
  embeddings: z.array(embeddingModel),
  images: z.array(imageModel),
  videos: z.array(videoModel),
  objects: z.array(objectModel),
  aliases: z.record(z.string(), z.strictObject({ advice: phrase, successors: z.array(z.string()) })),
});

export type ModelsFile = z.output<typeof modelsFileSchema>;
