/** Remembers the beginnings of prompts, so that a repeated one costs `cached_tokens` (ark-api 4.9). */
import { crc32 } from "node:zlib";
import { countTokens } from "./tokenizer.ts";

const BLOCK_CHARACTERS = 512;
const BLOCKS_MAX = 65_536;

export class PromptCache {
  /** Hashes of prefixes, oldest first. */
  readonly #prefixes = new Set<number>();

  /**
   * How many of a prompt's tokens have been seen before by this owner, and remembers the prompt. Prompts of
   * fewer than `tokensMin` tokens are neither looked up nor kept.
   */
  lookUp(owner: string, prompt: string, promptTokens: number, tokensMin: number): number {
    if (promptTokens < tokensMin) return 0;
    let hash = crc32(owner);
    let cachedTokens = 0;
    let stillCached = true;
    for (let start = 0; start + BLOCK_CHARACTERS <= prompt.length; start += BLOCK_CHARACTERS) {
      const block = prompt.slice(start, start + BLOCK_CHARACTERS);
      hash = crc32(block, hash);
      stillCached &&= this.#prefixes.has(hash);
      if (stillCached) cachedTokens += countTokens(block);
      this.#remember(hash);
    }
    return cachedTokens < tokensMin ? 0 : Math.min(cachedTokens, promptTokens);
  }

  #remember(hash: number): void {
    this.#prefixes.delete(hash);
    this.#prefixes.add(hash);
    if (this.#prefixes.size <= BLOCKS_MAX) return;
    for (const oldest of this.#prefixes) {
      this.#prefixes.delete(oldest);
      break;
    }
  }
}
