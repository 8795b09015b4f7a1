/**
 * Readers of JSON that owe nothing to the scanner, to hold it against: plain, slow, and on valid text only.
 */

export type Pair = {
  /** As it is written, with its quotes. */
  readonly rawKey: string;
  readonly key: string;
  readonly rawValue: string;
};

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/** The members of the object that a valid text is, repeats included, in their order. */
export function pairsOf(text: string): Pair[] {
  const pairs: Pair[] = [];
  let depth = 0;
  let rawKey: string | null = null;
  let valueStart = -1;
  for (const token of text.matchAll(TOKEN)) {
    const [word] = token;
    const closes = word === "}" || word === "]";
    if (depth === 1 && rawKey !== null && valueStart >= 0 && (word === "," || closes)) {
      pairs.push({
        rawKey,
        key: JSON.parse(rawKey),
        rawValue: text.slice(valueStart, token.index).trimEnd(),
      });
      rawKey = null;
      valueStart = -1;
    } else if (depth === 1 && rawKey === null) {
      if (word !== ",") rawKey = word;
    } else if (depth === 1 && valueStart < 0 && word !== ":") {
      valueStart = token.index;
    }
    if (closes) depth--;
    else if (word === "{" || word === "[") depth++;
  }
  return pairs;
}

/** Containers inside one another in a valid text. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [word] of text.matchAll(TOKEN)) {
    if (word === "{" || word === "[") deepest = Math.max(deepest, ++depth);
    else if (word === "}" || word === "]") depth--;
  }
  return deepest;
}

const trim = (key: string): string => key.replace(/^[\0-\x20]+|[\0-\x20]+$/g, "");

/** How readers in the field turn a key into the name that they look up. */
export const keyReaders: readonly ((key: string) => string)[] = [
  (key) => key,
  (key) => key.toLowerCase(),
  (key) => key.toUpperCase().toLowerCase(),
  trim,
  (key) => trim(key).toLowerCase(),
  (key) => trim(key).toUpperCase().toLowerCase(),
];

/** Whether some reader takes the key for the name. */
export function isTakenFor(key: string, name: string): boolean {
  return keyReaders.some((read) => read(key) === name);
}

/**
 * What each reader, whether the first or the last of repeats wins, finds under a name; undefined: nothing.
 */
export function valuesUnder(pairs: readonly Pair[], name: string): (string | undefined)[] {
  return keyReaders.flatMap((read) => {
    const found = pairs.filter(({ key }) => read(key) === name).map(({ rawValue }) => rawValue);
    return [found.at(0), found.at(-1)];
  });
}

/** What a parser of the platform makes of the bytes, or undefined where it refuses them. */
export function parseStrictly(bytes: Buffer): { text: string; value: unknown } | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
