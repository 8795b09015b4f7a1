/** Writes what the simulated models say: short sentences in Chinese and English, token by token. */
import type { SeededRandom } from "../random.ts";

/** One token of text, beside the same as the inside of a JSON string. */
export type Token = { readonly text: string; readonly json: string };

export function tokenOf(text: string): Token {
  return { text, json: JSON.stringify(text).slice(1, -1) };
}

type Sentence = readonly Token[];
type Sentences = readonly [Sentence, ...Sentence[]];

function sentence(marked: string): Sentence {
  return marked.split("|").map(tokenOf);
}

const answerSentences: Sentences = [
  sentence("你好|，|这里|是|一座|会|说话|的|模拟|火山|🌋|。"),
  sentence("真正|的|方舟|停在|远方|的|云里|，|我|只|替|它|练习|发声|。"),
  sentence("山|不|言语|，|字|却|一个|一个|地|流|下来|。"),
  sentence("雨|落在|屋檐|上|，|像|一串|小小|的|令牌|。"),
  sentence("清晨|的|茶|还|温|着|，|窗外|有|鸟|在|数|云|。"),
  sentence("同样|的|问题|，|我|总|给|同样|的|回答|：|这|是|种子|的|约定|。"),
  sentence("岩浆|很|热|，|账单|很|清|，|一|厘|也|不|差|。"),
  sentence("船|过|了|河|，|缆绳|还|记得|岸|的|形状|。"),
  sentence("灯|亮|了|，|字|也|就|醒|了|✨|。"),
  sentence("慢慢|来|，|好|句子|都|有|自己|的|脚步|。"),
  sentence(" The| mountain| is| quiet| today|,| and| the| stream| keeps| its| pace|."),
  sentence(" Every| word| here| is| invented|,| but| every| token| is| counted|."),
  sentence(" A| small| boat| carries| a| long| letter| across| the| lake|."),
  sentence(" Rain| taps| on| the| roof|;| somebody| hums| an| old| café| tune|."),
  sentence(" Ask| again| and| you| will| hear| exactly| the| same| thing|."),
  sentence(" Somewhere| a| lamp| is| lit|,| and| “|the| night| shift|”| begins|."),
  sentence(" Lava| cools| into| stone|,| stone| into| soil|,| soil| into| tea|."),
  sentence(" Nothing| was| asked| of| the| sea|,| and| the| sea| said| so|.|\n\n"),
];

const thoughtSentences: Sentences = [
  sentence("用户|想要|一个|回答|，|先|看看|问题|在|问|什么|。"),
  sentence("这|里|没有|真正|的|模型|，|所以|说|得|短|一些|。"),
  sentence("先|想|结构|，|再|选|词|，|最后|收尾|。"),
  sentence("语气|要|温和|，|不|必|太|长|。"),
  sentence(" Let| me| see| what| is| being| asked|."),
  sentence(" A| short| answer| will| do|,| perhaps| with| an| image|."),
  sentence(" Check| the| facts|,| then| the| rhythm|."),
  sentence(" Good|,| that| is| enough| thinking|."),
];

const FULL_STOP = tokenOf("。");

function write(sentences: Sentences, random: SeededRandom, tokens: number): Token[] {
  const written: Token[] = [];
  let last = -1;
  while (written.length < tokens) {
    let next = random.below(sentences.length);
    if (next === last) next = (next + 1) % sentences.length;
    last = next;
    for (const token of sentences[next] ?? sentences[0]) written.push(token);
  }
  return written;
}

/** As many sentences as it takes to reach about so many tokens; the last one is whole. */
export function writeSentences(random: SeededRandom, tokensAbout: number): Token[] {
  return write(answerSentences, random, tokensAbout);
}

/** Exactly so many tokens; the last is a full stop. */
export function writeExactly(random: SeededRandom, tokens: number): Token[] {
  return close(write(answerSentences, random, tokens), tokens);
}

/** A chain of thought of exactly so many tokens. */
export function writeThought(random: SeededRandom, tokens: number): Token[] {
  return close(write(thoughtSentences, random, tokens), tokens);
}

function close(written: Token[], tokens: number): Token[] {
  if (written.length === tokens) return written;
  written.length = tokens;
  if (tokens > 0) written[tokens - 1] = FULL_STOP;
  return written;
}

const FRAGMENT_CHARACTERS = 6;

/** Cuts a text that must stay as it is, such as JSON, into tokens; never inside a character. */
export function cutIntoTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let fragment = "";
  let characters = 0;
  for (const character of text) {
    fragment += character;
    if (++characters < FRAGMENT_CHARACTERS) continue;
    tokens.push(tokenOf(fragment));
    fragment = "";
    characters = 0;
  }
  if (fragment !== "") tokens.push(tokenOf(fragment));
  return tokens;
}
