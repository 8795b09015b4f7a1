/** Reads HTTP/1.1 answers from raw bytes, however they are cut, cheaply enough to leave the cores alone. */

/** What an answer is told to. A piece of the decoded body is only good during the call. */
export type AnswerSink = {
  answerHead(status: number): void;
  /** A frame of a chunked body begins: the relay wrote once, however many events it had read at once. */
  answerFrame(): void;
  answerPiece(piece: Buffer): void;
  answerEnd(): void;
};

const HEAD_BYTES_MAX = 64 * 1024;
const LINE_BYTES_MAX = 256;

/** One answer after another on a keep-alive connection, without pipelining. */
export class AnswerReader {
  readonly #sink: AnswerSink;
  #state: "head" | "length" | "size" | "frame" | "frame-end" | "trailer" = "head";
  #held = "";
  #left = 0;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** True between answers. */
  get idle(): boolean {
    return this.#state === "head" && this.#held === "";
  }

  /** Takes the next bytes. Throws an Error on anything but a well-framed answer with a known length. */
  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case "head":
          at = this.#head(bytes, at);
          break;
        case "length":
        case "frame":
          at = this.#body(bytes, at);
          break;
        case "frame-end":
        case "size":
        case "trailer":
          at = this.#line(bytes, at);
          break;
      }
    }
  }

  #head(bytes: Buffer, at: number): number {
    const heldBefore = this.#held.length;
    const text = this.#held + bytes.toString("latin1", at);
    const end = text.indexOf("\r\n\r\n", Math.max(0, heldBefore - 3));
    if (end < 0) {
      if (text.length > HEAD_BYTES_MAX) throw new Error("the head does not end");
      this.#held = text;
      return bytes.length;
    }
    this.#held = "";
    this.#frame(text.slice(0, end + 2));
    return at + end + 4 - heldBefore;
  }

  #frame(head: string): void {
    const status = /^HTTP\/1\.1 (\d{3})[ \r]/.exec(head);
    if (status === null) throw new Error(`no status line: ${head.slice(0, 40)}`);
    this.#sink.answerHead(Number(status[1]));
    const length = /\r\ncontent-length: *(\d{1,15})\r/i.exec(head);
    if (length !== null) {
      this.#left = Number(length[1]);
      this.#state = "length";
      if (this.#left === 0) this.#end();
    } else if (/\r\ntransfer-encoding: *chunked\r/i.test(head)) {
      this.#state = "size";
    } else {
      throw new Error("the answer says neither its length nor that it is chunked");
    }
  }

  #body(bytes: Buffer, at: number): number {
    const stop = Math.min(bytes.length, at + this.#left);
    this.#left -= stop - at;
    this.#sink.answerPiece(bytes.subarray(at, stop));
    if (this.#left > 0) return stop;
    if (this.#state === "length") this.#end();
    else this.#state = "frame-end";
    return stop;
  }

  #line(bytes: Buffer, at: number): number {
    const lineFeed = bytes.indexOf(0x0a, at);
    const line = this.#held + bytes.toString("latin1", at, lineFeed < 0 ? bytes.length : lineFeed + 1);
    if (line.length > LINE_BYTES_MAX) throw new Error("a framing line is too long");
    if (lineFeed < 0) {
      this.#held = line;
      return bytes.length;
    }
    this.#held = "";
    this.#framing(line);
    return lineFeed + 1;
  }

  #framing(line: string): void {
    if (this.#state === "size") {
      if (!/^[0-9a-f]{1,8}(?:;[^\r\n]*)?\r\n$/i.test(line)) throw new Error(`not a chunk size: ${line}`);
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? "trailer" : "frame";
      if (this.#left > 0) this.#sink.answerFrame();
    } else if (line === "\r\n") {
      if (this.#state === "trailer") this.#end();
      else this.#state = "size";
    } else if (this.#state === "frame-end") {
      throw new Error("a chunk is longer than it said");
    }
  }

  #end(): void {
    this.#state = "head";
    this.#sink.answerEnd();
  }
}

/** Counts the events of a stream by their blank lines, wherever the bytes are cut. */
export class EventCounter {
  #lineFeedLast = false;

  /** How many events end in this piece. */
  count(piece: Buffer): number {
    let events = 0;
    let previous = this.#lineFeedLast ? -1 : -2;
    for (let at = piece.indexOf(0x0a); at >= 0; at = piece.indexOf(0x0a, at + 1)) {
      if (at === previous + 1) {
        events += 1;
        previous = -2;
      } else {
        previous = at;
      }
    }
    if (piece.length > 0) this.#lineFeedLast = previous === piece.length - 1;
    return events;
  }
}
