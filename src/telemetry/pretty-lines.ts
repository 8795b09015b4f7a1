/** Turns the logs' JSON lines into lines for people who read along in a terminal. */

type Fields = Record<string, unknown>;

export type PrettyLinesOptions = {
  /** Where lines go, each with its newline. */
  readonly sink: { write(line: string): void; flush(): void };
  /** ANSI colours for the levels. */
  readonly color: boolean;
};

const colors: Readonly<Record<string, string>> = {
  fatal: "\u001b[31m",
  error: "\u001b[31m",
  warn: "\u001b[33m",
  info: "\u001b[32m",
};
const RESET = "\u001b[0m";
/** Said in the line's head, or of no use to somebody who reads along. */
const unlisted: ReadonlySet<string> = new Set(["time", "level", "message"]);

/** A sink in front of another. What is no JSON object goes through as it is. */
export class PrettyLines {
  readonly #sink: PrettyLinesOptions["sink"];
  readonly #color: boolean;

  constructor({ sink, color }: PrettyLinesOptions) {
    this.#sink = sink;
    this.#color = color;
  }

  write(line: string): void {
    const fields = fieldsOf(line);
    this.#sink.write(fields === null ? line : this.#render(fields));
  }

  flush(): void {
    this.#sink.flush();
  }

  #render(fields: Fields): string {
    const level = String(fields["level"] ?? "");
    const color = this.#color ? colors[level] : undefined;
    const name = level.toUpperCase().padEnd(5);
    const clock = String(fields["time"] ?? "").slice(11, 23);
    let text = `${clock} ${color === undefined ? name : color + name + RESET}`;
    text += ` ${printable(String(fields["message"] ?? ""))}`;
    for (const [field, value] of Object.entries(fields)) {
      if (unlisted.has(field) || isError(value)) continue;
      text += ` ${field}=${printable(typeof value === "string" ? value : JSON.stringify(value))}`;
    }
    for (const value of Object.values(fields)) if (isError(value)) text += renderError(value);
    return `${text}\n`;
  }
}

function fieldsOf(line: string): Fields | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return null;
  }
}

function isError(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && "message" in value && "name" in value;
}

/** The stack, indented, its causes after it; without a stack, name and message. */
function renderError(error: Fields): string {
  const stack = error["stack"];
  const lines = typeof stack === "string" ? stack.split("\n") : [`${error["name"]}: ${error["message"]}`];
  const text = lines.map((line) => `\n    ${printable(line)}`).join("");
  const cause = error["cause"];
  return isError(cause) ? `${text}\n    caused by${renderError(cause)}` : text;
}

/** Controls, and what turns the direction of text, as escapes again: a terminal must not obey a log. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => {
    const code = found.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
