/** Chat streams that say given texts, in the simulator's chunks and counted by its tokeniser. */
import { ChatStream } from "../../src/simulator/chat/chat-stream.ts";
import { type Token, tokenOf } from "../../src/simulator/chat/prose.ts";
import { countTokens } from "../../src/simulator/chat/tokenizer.ts";
import type { Seeded } from "./seeded.ts";
import { type Script, textPieces } from "./written-texts.ts";

export type WrittenEvent = { readonly bytes: Buffer; readonly tokens: number };

/** How one model writes. */
export type Manner = {
  /** Pieces of text in a chunk, at most: 1 is a chunk for every word, mark or character. */
  readonly piecesMax: number;
  /** Tokens of thought for each that is shown; 1 where thoughts are shown as they are. */
  readonly thoughtTokensPerShown: number;
  readonly callsTools: boolean;
};

const ENVELOPE = {
  requestId: `02${"1790000000000"}${"0123456789abcdef".repeat(3).slice(0, 38)}`,
  createdS: 1_790_000_000,
  model: "doubao-seed-2-0-lite-260215",
  serviceTier: "default",
} as const;

type Chunk = { readonly token: Token; readonly tokens: number };

/** About so many tokens of a text from anywhere in it, in chunks about as long as this model's are. */
function chunksOf(
  pieces: readonly string[],
  random: Seeded,
  tokensAbout: number,
  piecesMax: number,
): Chunk[] {
  const chunks: Chunk[] = [];
  let at = random.below(pieces.length);
  let total = 0;
  while (total < tokensAbout) {
    let text = "";
    for (let left = 1 + random.below(piecesMax); left > 0; left--) text += pieces[at++ % pieces.length] ?? "";
    const tokens = countTokens(text);
    total += Math.max(tokens, 0.1);
    chunks.push({ token: tokenOf(text), tokens });
  }
  return chunks;
}

function tokensIn(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { tokens }) => sum + tokens, 0);
}

function thoughtsOf(
  pieces: readonly string[],
  random: Seeded,
  manner: Manner,
  answerTokens: number,
): Chunk[] {
  if (random.below(2) === 0) return [];
  const shown = (answerTokens * (0.3 + random.fraction())) / manner.thoughtTokensPerShown;
  const chunks = chunksOf(pieces, random, shown, manner.piecesMax);
  if (manner.thoughtTokensPerShown === 1) return chunks;
  // One digest is closer than another.
  const share = manner.thoughtTokensPerShown * (0.9 + 0.2 * random.fraction());
  return chunks.map(({ token, tokens }) => ({ token, tokens: tokens * share }));
}

/** Short ones of 20 to 120 tokens, long ones of 400 to 1,600; half of them with thoughts first. */
export function writeAnswer(
  script: Script,
  part: "learned" | "judged",
  random: Seeded,
  manner: Manner,
): readonly WrittenEvent[] {
  const pieces = textPieces(script, part);
  const answerTokens = random.below(3) === 0 ? 400 + random.below(1_200) : 20 + random.below(100);
  // Nobody thinks in code.
  const thinks = script === "code" ? textPieces("english", part) : pieces;
  const thoughts = thoughtsOf(thinks, random, manner, answerTokens);
  const said = chunksOf(pieces, random, answerTokens, manner.piecesMax);
  const callsTool = manner.callsTools && random.below(3) === 0;
  const plan = {
    thoughts: thoughts.map(({ token }) => token),
    reasoningTokens: Math.round(tokensIn(thoughts)),
    encryptedContent: thoughts.length > 0 && manner.thoughtTokensPerShown > 1 ? "djF+".repeat(33) : null,
    content: callsTool ? [] : said.map(({ token }) => token),
    toolCalls: callsTool
      ? [{ id: "call_0123456789", name: "write_file", fragments: said.map((each) => each.token) }]
      : [],
    finishReason: callsTool ? "tool_calls" : "stop",
    completionTokens: Math.round(tokensIn(thoughts) + tokensIn(said)),
  } as const;
  const counts = {
    promptTokens: 9,
    cachedTokens: 0,
    completionTokens: plan.completionTokens,
    reasoningTokens: plan.reasoningTokens,
  };
  const stream = new ChatStream(ENVELOPE, plan, counts, { closingUsage: true, usageOnEveryChunk: false });
  const tokens = [...thoughts, ...said].map((chunk) => chunk.tokens);
  const events: WrittenEvent[] = [];
  for (let event = stream.next(); event !== null; event = stream.next()) {
    const holdsText = event.part === "thought" || event.completionTokens > 0;
    events.push({ bytes: Buffer.from(event.text), tokens: holdsText ? (tokens.shift() ?? 0) : 0 });
  }
  return events;
}
