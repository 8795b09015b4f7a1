/** Lays text out for terminals: columns with Chinese characters two wide, colours where they are welcome. */
import type { Environment } from "../config/substitution.ts";
import type { Output } from "./invocation.ts";

/** East Asian wide and fullwidth characters (UAX 11), as far as names and texts here have them. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/gu;

/** Terminal cells that the text takes. */
export function displayWidth(text: string): number {
  return [...text].length + (text.match(wide)?.length ?? 0);
}

/**
 * Rows as lines, each column as wide as its widest cell, two blanks between them.
 * @param rightFrom the first of the columns whose cells stand at the right, such as figures
 */
export function layOutTable(
  rows: readonly (readonly string[])[],
  rightFrom = Number.POSITIVE_INFINITY,
): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const blanks = " ".repeat((widths[column] ?? 0) - displayWidth(cell));
        return column < rightFrom ? cell + blanks : blanks + cell;
      })
      .join("  ")
      .trimEnd(),
  );
}

const codes = { green: 32, yellow: 33, red: 31, dim: 2, bold: 1 } as const;
export type Colour = keyof typeof codes;

export type Paint = (colour: Colour, text: string) => string;

/** Colours on a terminal only, and never where NO_COLOR is set (https://no-color.org). */
export function paintFor(output: Output, environment: Environment): Paint {
  if (!output.isTerminal || (environment["NO_COLOR"] ?? "") !== "") return (_colour, text) => text;
  return (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m`;
}
