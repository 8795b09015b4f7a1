/** Words as a POSIX shell reads them back. */

const PLAIN = /^[\w.:/@%+=,-]+$/;

/** In single quotes where it must be: inside them, nothing but the quote itself has a meaning. */
export function shellWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

export function exportLines(environment: readonly (readonly [name: string, value: string])[]): string {
  return environment.map(([name, value]) => `export ${name}=${shellWord(value)}\n`).join("");
}
