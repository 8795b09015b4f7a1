/** Counts the pictures in a body, which are tokens that no letter of it tells of. */

/** As parts of Responses and of Messages are called (ark-api 5.3, 6); those of chat have an address. */
const PICTURES = [Buffer.from('"input_image"'), Buffer.from('"image"')] as const;

export function occurrencesOf(word: Buffer, body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(word); at >= 0; at = body.indexOf(word, at + word.length)) count++;
  return count;
}

/** Or a few more, where a text speaks of them. */
export function picturesIn(body: Buffer): number {
  let pictures = 0;
  for (const word of PICTURES) pictures += occurrencesOf(word, body);
  return pictures;
}
