/** Reads the records of a file of stored responses, whatever has become of the file. */
import type { FileHandle } from "node:fs/promises";
import {
  type FileRecord,
  FRAME_HEAD_BYTES,
  nextMark,
  openPayload,
  payloadLength,
} from "./response-frames.ts";
import type { SealedBox } from "./sealed-box.ts";

const READ_BYTES = 262_144;

/** `bytes`: what it takes in the file. */
export type FoundRecord = { readonly record: FileRecord; readonly bytes: number };

/** Reads a file from its beginning on, a window at a time. */
class FileWindow {
  readonly #file: FileHandle;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Fewer bytes only where the file ends. */
  async read(position: number, length: number): Promise<Buffer> {
    if (length > READ_BYTES) return this.#readAt(position, length);
    const at = position - this.#start;
    if (at < 0 || at + length > this.#bytes.length) return (await this.#fill(position)).subarray(0, length);
    return this.#bytes.subarray(at, at + length);
  }

  /** At least one byte, unless the file ends there. */
  async rest(position: number): Promise<Buffer> {
    const at = position - this.#start;
    return at < 0 || at >= this.#bytes.length ? this.#fill(position) : this.#bytes.subarray(at);
  }

  async #fill(position: number): Promise<Buffer> {
    this.#bytes = await this.#readAt(position, READ_BYTES);
    this.#start = position;
    return this.#bytes;
  }

  async #readAt(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let read = 0;
    while (read < length) {
      const { bytesRead } = await this.#file.read(bytes, read, length - read, position + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return bytes.subarray(0, read);
  }
}

/**
 * Every record in a file, in order; what is torn, damaged or another's is passed over.
 * @throws of the file system
 */
export async function* readRecords(file: FileHandle, box: SealedBox): AsyncGenerator<FoundRecord> {
  const { size } = await file.stat();
  const window = new FileWindow(file);
  let at = 0;
  while (at + FRAME_HEAD_BYTES <= size) {
    const length = payloadLength(await window.read(at, FRAME_HEAD_BYTES));
    const payloadStart = at + FRAME_HEAD_BYTES;
    const isThere = length >= 0 && payloadStart + length <= size;
    const record = isThere ? openPayload(box, await window.read(payloadStart, length)) : null;
    if (record !== null) {
      yield { record, bytes: FRAME_HEAD_BYTES + length };
      at = payloadStart + length;
      continue;
    }
    // A frame that was torn may claim what was appended behind it: look right behind its first byte.
    at++;
    for (let isFound = false; !isFound && at < size; ) {
      const bytes = await window.rest(at);
      const skipped = nextMark(bytes);
      isFound = skipped < bytes.length || bytes.length === 0;
      at += skipped;
    }
  }
}
