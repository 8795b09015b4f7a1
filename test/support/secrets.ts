/** Looks for secrets in all bytes that a gateway leaves behind. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";

/** So many characters in a row of a key are a secret still. */
const KEY_PIECE_CHARACTERS = 8;

/** Every file below the folder, as a name and its bytes. */
export function filesBelow(folder: string): readonly (readonly [string, Buffer])[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => [name, readFileSync(join(folder, name))] as const);
}

/** Which piece of which secret turned up where; a piece is so long that it tells something. */
export function secretsIn(
  places: readonly (readonly [string, Buffer | string])[],
  secrets: readonly string[],
  pieceCharacters = KEY_PIECE_CHARACTERS,
): string[] {
  const pieces = secrets.flatMap((secret) =>
    Array.from({ length: Math.max(1, secret.length - pieceCharacters + 1) }, (_, start) =>
      Buffer.from(secret.slice(start, start + pieceCharacters)),
    ),
  );
  const found: string[] = [];
  for (const [place, content] of places) {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const piece = pieces.find((each) => bytes.includes(each));
    if (piece !== undefined) found.push(`'${piece}' in ${place}`);
  }
  return found;
}

/** Open files of this process that lie below the folder; none where the system does not tell. */
export function descriptorsInto(folder: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}
