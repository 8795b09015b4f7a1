/** Finds the names that somebody most likely meant: by edit distance, or where one begins with the other. */

/** Longer names are compared by their beginnings, so that a client's text cannot make the comparison slow. */
const COMPARED_CHARACTERS_MAX = 64;
const PREFIX_CHARACTERS_MIN = 3;

/**
 * Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other (optimal
 * string alignment), over at most the first 64 characters of each.
 */
export function editDistance(left: string, right: string): number {
  const a = left.slice(0, COMPARED_CHARACTERS_MAX);
  const b = right.slice(0, COMPARED_CHARACTERS_MAX);
  let beforeLast: number[] = [];
  let last: number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a.charCodeAt(row - 1) === b.charCodeAt(column - 1);
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 &&
        column > 1 &&
        a.charCodeAt(row - 1) === b.charCodeAt(column - 2) &&
        a.charCodeAt(row - 2) === b.charCodeAt(column - 1);
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

function beginsAlike(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < PREFIX_CHARACTERS_MIN) return false;
  return a.startsWith(b) || b.startsWith(a);
}

/**
 * The candidates that are near to the name, the nearest first, at most `namesMax`. Letter case is ignored.
 * Near means that at most a third of the longer name's characters differ, or that one begins with the other.
 */
export function nearestNames(name: string, candidates: Iterable<string>, namesMax = 3): readonly string[] {
  const wanted = name.slice(0, COMPARED_CHARACTERS_MAX).toLowerCase();
  const near: { readonly candidate: string; readonly distance: number }[] = [];
  for (const candidate of candidates) {
    const other = candidate.slice(0, COMPARED_CHARACTERS_MAX).toLowerCase();
    const distance = editDistance(wanted, other);
    const bound = Math.max(1, Math.floor(Math.max(wanted.length, other.length) / 3));
    if (distance <= bound || beginsAlike(wanted, other)) near.push({ candidate, distance });
  }
  near.sort((one, two) => one.distance - two.distance || (one.candidate < two.candidate ? -1 : 1));
  return near.slice(0, namesMax).map((found) => found.candidate);
}

/** The nearest of the candidates, or null where none is near. */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  return nearestNames(name, candidates, 1)[0] ?? null;
}
