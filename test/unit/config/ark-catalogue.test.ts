/** Proves the catalogue's figures against a table that was written apart from it, out of Ark's lists. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type ArkModel,
  arkCatalogue,
  findAliasAdvice,
  findArkModel,
  priceOfModel,
  readCatalogue,
} from "../../../src/config/ark-models.ts";
import { exampleModels } from "../../../src/config/defaults.ts";
import { microYuan, type PriceList } from "../../../src/core/money.ts";
import { type Protocol, protocols } from "../../../src/core/protocols.ts";

const shipped = readFileSync(new URL("../../../models.yaml", import.meta.url), "utf8");

/**
 * Windows in thousands (context, longest input, output and thoughts; - where it is not said), what it takes,
 * and prices: input / cached input / output, each for requests of up to 32k, 128k and 256k where they differ.
 */
const textModels = `
doubao-seed-evolving | 1024 1024 256 256 | tiv | 6/1.2/30
doubao-seed-2-1-pro-260628 | 256 256 256 256 | tiv | 6/1.2/30
doubao-seed-2-1-turbo-260628 | 256 256 256 256 | tiv | 3/0.6/15 | fast 6/1.2/30
doubao-seed-2-0-pro-260215 | 256 224 128 128 | tiv | 3.2 4.8 9.6/0.64 0.96 1.92/16 24 48
doubao-seed-2-0-lite-260428 | 256 224 128 128 |tiva| 0.6 0.9 1.8/0.12 0.18 0.36/3.6 5.4 10.8 | audio 9 13.5 27
doubao-seed-2-0-lite-260215 | 256 224 128 128 | tiv | 0.6 0.9 1.8/0.12 0.18 0.36/3.6 5.4 10.8
doubao-seed-2-0-mini-260428 | 256 224 128 128 | tiva | 0.2 0.4 0.8/0.04 0.08 0.16/2 4 8 | audio 3 6 12
doubao-seed-2-0-mini-260215 | 256 224 128 128 | tiv | 0.2 0.4 0.8/0.04 0.08 0.16/2 4 8
doubao-seed-2-0-code-preview-260215 | 256 224 128 128 | tiv | 3.2 4.8 9.6/0.64 0.96 1.92/16 24 48
doubao-seed-character-260628 | 128 96 32 128 | t | 0.8 1.2/0.16/2 6
doubao-seed-character-251128 | 128 96 32 0 | t | 0.8 1.2/0.16/2 6
doubao-seed-translation-250915 | 4 1 3 - | t | 1.2/-/3.6
doubao-seed-1-8-251228 retiring | 256 224 32 32 | tiv | 0.8 1.2 2.4/0.16/8 16 24 | short 2
doubao-seed-code-preview-251028 retiring | 256 224 32 32 | tiv | 1.2 1.4 2.8/0.24/8 12 16
doubao-seed-1-6-251015 retiring | 256 224 32 32 | tiv | 0.8 1.2 2.4/0.16/8 16 24 | short 2
doubao-seed-1-6-250615 retiring | 256 224 32 32 | tiv | 0.8 1.2 2.4/0.16/8 16 24 | short 2
doubao-seed-1-6-flash-250828 retiring | 256 224 32 32 | tiv | 0.15 0.3 0.6/0.03/1.5 3 6
doubao-seed-1-6-flash-250615 retiring | 256 224 32 32 | tiv | 0.15 0.3 0.6/0.03/1.5 3 6
doubao-seed-1-6-vision-250815 retiring | 256 224 32 32 | tiv | 0.8 1.2 2.4/0.16/8 16 24
doubao-1-5-pro-32k-250115 retiring | 128 - 16 - | t | 0.8/0.16/2
doubao-1-5-lite-32k-250115 retiring | 32 - 12 - | t | 0.3/0.06/0.6
doubao-1-5-vision-pro-32k-250115 retiring | 32 - 12 - | ti | 3/-/9
glm-5-2-260617 | 1024 1024 128 128 | t | 8/2/28
glm-4-7-251222 retiring | 200 200 128 128 | t | -
deepseek-v4-pro-ga-260813 | 1024 1024 384 128 | t | 9/0.3/27
deepseek-v4-flash-ga-260731 | 1024 1024 384 128 | t | 3/0.1/9
deepseek-v4-pro-260425 | 1024 1024 384 128 | t | 9/0.3/27
deepseek-v4-flash-260425 | 1024 1024 384 128 | t | 3/0.1/9
`;

const modalities: Readonly<Record<string, string>> = { t: "text", i: "image", v: "video", a: "audio" };
const lengths = [32, 128, 256];

function numbers(text: string): (number | null)[] {
  return text.split(" ").map((word) => (word === "-" ? null : Number(word)));
}

function tokens(thousands: number | null | undefined): number | null {
  return thousands === null || thousands === undefined ? null : thousands * 1_024;
}

function priceFrom(text: string, shortOutput: number | null): PriceList | null {
  if (text === "-") return null;
  const [input = [], cached = [], output = []] = text.split("/").map(numbers);
  const money = (figures: readonly (number | null)[], index: number) => {
    const figure = figures.length === 1 ? figures[0] : figures[index];
    return figure === null || figure === undefined ? null : microYuan(figure);
  };
  const tiers = input.map((_, index) => ({
    inputTokensMax: input.length === 1 ? null : tokens(lengths[index]),
    outputTokensMax: null as number | null,
    input: money(input, index) ?? Number.NaN,
    cachedInput: money(cached, index),
    output: money(output, index) ?? Number.NaN,
  }));
  const [first] = tiers;
  if (shortOutput !== null && first !== undefined) {
    // 0.2k: 204 tokens are within 204.8, and 205 are not.
    tiers.unshift({ ...first, outputTokensMax: 204, output: microYuan(shortOutput) });
  }
  return { version: "ark-2026-08-27", tiers };
}

/** Three are for chat only (ark-api 18.1); those for roles and translation are kept to it. */
function speaksOf(name: string): readonly Protocol[] {
  return /^doubao-1-5|-character-|-translation-/.test(name) ? ["chat"] : protocols;
}

function modelFrom(line: string): Omit<ArkModel, "advice"> {
  const [name = "", windows = "", takes = "", price = "", ...rest] = line
    .split("|")
    .map((cell) => cell.trim());
  const more = (word: string) => rest.find((cell) => cell.startsWith(`${word} `))?.slice(word.length + 1);
  const [context, longestInput, longestOutput, longestThoughts] = numbers(windows.replace(/ +/g, " "));
  const short = more("short");
  const listed = priceFrom(price, short === undefined ? null : Number(short));
  const audio = more("audio");
  const fast = more("fast");
  return {
    id: name.split(" ")[0] ?? "",
    isRetiring: name.endsWith(" retiring"),
    contextTokens: tokens(context) ?? Number.NaN,
    inputTokensMax: tokens(longestInput),
    outputTokensMax: tokens(longestOutput),
    reasoningTokensMax: tokens(longestThoughts),
    speaks: new Set(speaksOf(name)),
    inputModalities: [...takes].map((letter) => modalities[letter] ?? letter),
    price: listed,
    audioInput:
      audio === undefined
        ? (listed?.tiers ?? []).map(() => null)
        : numbers(audio).map((figure) => microYuan(figure ?? Number.NaN)),
    fastPrice: fast === undefined ? null : priceFrom(fast, null),
  };
}

describe("text models", () => {
  const rows = textModels.trim().split("\n").map(modelFrom);

  test("are those of the list, each once", () => {
    expect([...arkCatalogue().models.keys()].toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
  });

  test.each(rows.map((row) => [row.id, row] as const))("%s is as it is listed", (id, row) => {
    const { advice, ...figures } = findArkModel(id) ?? expect.fail("it is not in the catalogue");
    expect(figures).toEqual(row);
    expect(advice.en).toMatch(/\.$/);
    expect(advice.zh).toMatch(/。$/);
  });

  test("an endpoint id and an unknown name have no price", () => {
    expect(priceOfModel("deepseek-v4-flash-ga-260731")).toBe(
      findArkModel("deepseek-v4-flash-ga-260731")?.price,
    );
    expect(["ep-20250218144306-sshj5", "gpt-4o", "glm-4-7-251222", "__proto__"].map(priceOfModel)).toEqual(
      Array(4).fill(null),
    );
  });
});

test("what is priced otherwise than text is as it is listed, in micro-yuan", () => {
  const { embeddings, images, videos, objects } = arkCatalogue().media;
  expect(embeddings.map(({ id, price }) => [id, price?.text ?? null, price?.image ?? null])).toEqual([
    ["doubao-embedding-vision-251215", 700_000, 1_800_000],
    ["doubao-embedding-vision-250615", 700_000, 1_800_000],
    ["doubao-embedding-large-text-250515", null, null],
    ["doubao-embedding-text-240715", null, null],
    ["doubao-embedding-text-240515", null, null],
  ]);
  expect(images).toEqual([
    {
      id: "doubao-seedream-5-0-pro-260628",
      price: [
        { up_to_megapixels: 2.61, image: 300_000, layer: 150_000 },
        { image: 600_000, layer: 300_000 },
      ],
      input_image: 20_000,
      free_input_images: 1,
    },
    { id: "doubao-seedream-5-0-260128", price: [{ image: 220_000 }] },
    { id: "doubao-seedream-5-0-lite-260128", price: [{ image: 220_000 }] },
    { id: "doubao-seedream-4-5-251128", price: [{ image: 250_000 }] },
    { id: "doubao-seedream-4-0-250828", price: [{ image: 200_000 }] },
  ]);
  const videoLines = videos.flatMap(({ id, price }) =>
    price.map((row) => {
      const { resolutions = ["any"], video_input: video, audio, output, flex_output: flex } = row;
      const asked = [...resolutions, video === true ? "video" : "", audio === false ? "silent" : ""];
      return `${id.slice(16)} ${asked.filter((word) => word !== "").join(" ")}: ${output} ${flex ?? "-"}`;
    }),
  );
  expect(videoLines).toEqual([
    "2-5-260628 480p 720p: 70000000 -",
    "2-5-260628 1080p: 77000000 -",
    "2-5-260628 480p 720p video: 42000000 -",
    "2-5-260628 1080p video: 46000000 -",
    "2-0-260128 480p 720p: 46000000 -",
    "2-0-260128 1080p: 51000000 -",
    "2-0-260128 4k: 26000000 -",
    "2-0-260128 480p 720p video: 28000000 -",
    "2-0-260128 1080p video: 31000000 -",
    "2-0-260128 4k video: 16000000 -",
    "2-0-fast-260128 any: 37000000 -",
    "2-0-fast-260128 any video: 22000000 -",
    "2-0-mini-260615 any: 23000000 -",
    "2-0-mini-260615 any video: 14000000 -",
    "1-5-pro-251215 any: 16000000 8000000",
    "1-5-pro-251215 any silent: 8000000 4000000",
    "1-0-pro-250528 any: 15000000 7500000",
    "1-0-pro-fast-251015 any: 4200000 2100000",
  ]);
  expect(objects.map(({ id, price }) => [id, price.least, price.most])).toEqual([
    ["doubao-seed3d-2-0-260328", 2_400_000, 2_400_000],
    ["hyper3d-gen2-260112", 1_800_000, 1_800_000],
    ["hitem3d-2-0-251223", 5_800_000, 13_050_000],
  ]);
});

describe("the file", () => {
  const { models, aliases, priceVersion } = arkCatalogue();

  test("is dated in its first line as its prices are, and knows each id once", () => {
    const date = /price list of (\d{4}-\d{2}-\d{2})/.exec(shipped.split("\n")[0] ?? "")?.[1];
    expect(priceVersion).toBe(`ark-${date}`);
    const ids = [...shipped.matchAll(/^ {2}- (?:\{ )?id: ([\w-]+)/gm)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(models.size + Object.values(arkCatalogue().media).flat().length);
  });

  test("advises on each alias of the default table, with successors that it knows and that do not end", () => {
    expect([...aliases.keys()].toSorted()).toEqual([...exampleModels.keys()].toSorted());
    for (const [alias, { successors }] of aliases) {
      expect([alias, successors.length > 0]).toEqual([alias, true]);
      for (const successor of successors) expect(findArkModel(successor)?.isRetiring).toBe(false);
    }
    expect(findAliasAdvice("deepseek-r1")?.successors).toEqual(["deepseek-v4-pro-ga-260813"]);
    expect(findAliasAdvice("mine")).toBeNull();
  });

  test.each([
    ["a price without a unit that is known", "cached_input: 2,", "cached: 2,"],
    ["a price of nothing", "{ input: 8,", "{ input: 0,"],
    ["tiers out of order", "up_to_input_tokens: 131072", "up_to_input_tokens: 1024"],
    ["a table without its version", "price_version: ark-2026-08-27", "price_version: latest"],
    ["a resolution that nobody makes", "resolutions: [4k]", "resolutions: [8k]"],
    ["a range that goes down", "least: 5.8", "least: 58"],
  ])("%s is refused", (_what, found, replacement) => {
    expect(shipped).toContain(found);
    expect(() => readCatalogue(shipped)).not.toThrow();
    expect(() => readCatalogue(shipped.replace(found, replacement))).toThrow();
  });
});
