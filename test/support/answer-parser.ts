/**
 * Reads HTTP/1.x answers strictly as their bytes come: any byte out of place is a flaw that a test can see.
 */

export class ParsedAnswer {
  readonly status: number;
  readonly version: string;
  /** By lower-case name; of a repeated one, the values joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  isComplete = false;
  #pieces: Buffer[] = [];

  constructor(status: number, version: string, headers: ReadonlyMap<string, string>) {
    this.status = status;
    this.version = version;
    this.headers = headers;
  }

  get body(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? Buffer.alloc(0);
  }

  get text(): string {
    return this.body.toString("utf8");
  }

  add(piece: Buffer): void {
    if (piece.length > 0) this.#pieces.push(piece);
  }
}

type State =
  | { readonly kind: "head" }
  | { readonly kind: "counted"; left: number }
  | { readonly kind: "chunk-size" }
  | { readonly kind: "chunk"; left: number }
  | { readonly kind: "chunk-end" }
  | { readonly kind: "last" }
  | { readonly kind: "until-close" };

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

export class AnswerParser {
  readonly answers: ParsedAnswer[] = [];
  /** Statuses of interim answers, in their order. */
  readonly interim: number[] = [];
  /** Sizes of the chunks that have come, without the last one of no bytes. */
  readonly chunkBytes: number[] = [];
  /** What was not HTTP; null while all was. */
  flaw: string | null = null;
  #rest: Buffer = Buffer.alloc(0);
  #state: State = { kind: "head" };

  push(piece: Buffer): void {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    while (this.flaw === null && this.#rest.length > 0 && this.#step());
  }

  /** The connection has ended in order. */
  end(): void {
    const answer = this.answers.at(-1);
    if (this.#state.kind === "until-close" && answer !== undefined) answer.isComplete = true;
    else if (this.#state.kind !== "head" || this.#rest.length > 0) this.flaw ??= "the answer is cut";
  }

  /** Whether there was enough to go on with. */
  #step(): boolean {
    const state = this.#state;
    switch (state.kind) {
      case "head":
        return this.#readHead();
      case "counted":
      case "chunk":
        state.left -= this.#give(state.left);
        if (state.left === 0) this.#leave(state.kind);
        return true;
      case "chunk-size":
        return this.#readSize();
      case "chunk-end":
        return this.#readLineEnd({ kind: "chunk-size" });
      case "last": {
        const isRead = this.#readLineEnd({ kind: "head" });
        if (isRead) this.#complete();
        return isRead;
      }
      case "until-close":
        this.#give(this.#rest.length);
        return true;
    }
  }

  #leave(kind: "counted" | "chunk"): void {
    if (kind === "chunk") this.#state = { kind: "chunk-end" };
    else this.#complete();
  }

  #complete(): void {
    const answer = this.answers.at(-1);
    if (answer !== undefined) answer.isComplete = true;
    this.#state = { kind: "head" };
  }

  #give(bytes: number): number {
    const piece = this.#rest.subarray(0, bytes);
    this.answers.at(-1)?.add(piece);
    this.#rest = this.#rest.subarray(piece.length);
    return piece.length;
  }

  #readLineEnd(next: State): boolean {
    if (this.#rest.length < 2) return false;
    if (!this.#rest.subarray(0, 2).equals(LINE_END)) this.flaw = "no CRLF where a chunk ends";
    this.#rest = this.#rest.subarray(2);
    this.#state = next;
    return true;
  }

  #readSize(): boolean {
    const end = this.#rest.indexOf(LINE_END);
    if (end < 0) return false;
    const line = this.#rest.toString("latin1", 0, end);
    this.#rest = this.#rest.subarray(end + 2);
    if (!/^[0-9a-f]{1,8}$/.test(line)) {
      this.flaw = `no chunk size: ${JSON.stringify(line.slice(0, 40))}`;
      return false;
    }
    const left = Number.parseInt(line, 16);
    if (left > 0) this.chunkBytes.push(left);
    this.#state = left > 0 ? { kind: "chunk", left } : { kind: "last" };
    return true;
  }

  #readHead(): boolean {
    const end = this.#rest.indexOf(HEAD_END);
    if (end < 0) return false;
    const [first = "", ...lines] = this.#rest.toString("latin1", 0, end).split("\r\n");
    this.#rest = this.#rest.subarray(end + 4);
    const match = /^HTTP\/(1\.[01]) (\d{3}) /.exec(first);
    if (match === null) {
      this.flaw = `no status line: ${JSON.stringify(first.slice(0, 40))}`;
      return false;
    }
    const status = Number(match[2]);
    if (status < 200) {
      this.interim.push(status);
      return true;
    }
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    this.answers.push(new ParsedAnswer(status, match[1] ?? "", headers));
    this.#frame(status, headers);
    return true;
  }

  #frame(status: number, headers: ReadonlyMap<string, string>): void {
    const length = headers.get("content-length");
    if (headers.get("transfer-encoding") !== undefined) {
      if (length !== undefined) this.flaw = "both a length and chunks";
      this.#state = { kind: "chunk-size" };
    } else if (status === 204 || length === "0") {
      this.#complete();
    } else {
      this.#state =
        length === undefined ? { kind: "until-close" } : { kind: "counted", left: Number(length) };
    }
  }
}
