/** Takes secrets out of texts that were not written by us, such as the messages of errors. */

const REMOVED = "[removed]";
/** Shorter texts are no secrets, and would be found everywhere. */
const SECRET_CHARACTERS_MIN = 6;
const TEXT_CHARACTERS_MAX = 8_192;

/** Each alternative consumes every character at most once, so the time is linear in the text. */
const KEY_LIKE = /\b(?:bearer|basic) +[^\s"',;]+|\bsk-[\w-]{8,}|:\/\/[^\s/@"']+@/gi;

/** A function that removes the given secrets, and whatever looks like a credential or a URL's user part. */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= SECRET_CHARACTERS_MIN);
  return (text) => {
    let clean = text.length > TEXT_CHARACTERS_MAX ? text.slice(0, TEXT_CHARACTERS_MAX) : text;
    for (const secret of known) clean = clean.replaceAll(secret, REMOVED);
    return clean.replace(KEY_LIKE, replacementOf);
  };
}

function replacementOf(found: string): string {
  return found.startsWith("://") ? `://${REMOVED}@` : REMOVED;
}
