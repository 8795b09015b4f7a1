/** The journal's files: segments full of zeros, and in them one frame after the other. */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** A place in the journal: everything before it has been dealt with. Offsets in bytes. */
export type JournalPosition = { readonly segment: number; readonly offset: number };

export const SEGMENT_BYTES = 8_388_608;
/** Length and CRC-32 of the payload, each an unsigned 32-bit number, the least byte first. */
export const FRAME_HEAD_BYTES = 8;
/** Of one frame's payload. */
export const PAYLOAD_BYTES_MAX = 262_144;

const NAME_DIGITS = 10;
/** The suffix is also the format's version: another format has another one. */
const SUFFIX = ".journal";
const PREPARING_SUFFIX = ".preparing";
const NAME = /^(\d{10})\.journal$/;
const ZEROS = Buffer.alloc(1_048_576);
const READ_BYTES = 1_048_576;

export function journalFolder(dataFolder: string): string {
  return join(dataFolder, "journal");
}

/** The segment's file name, such as `0000000001.journal`. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(NAME_DIGITS, "0")}${SUFFIX}`;
}

/** The numbers of the segments in a journal's folder, ascending. */
export function listSegments(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const digits = NAME.exec(name)?.[1];
      return digits === undefined ? [] : [Number(digits)];
    })
    .sort((one, other) => one - other);
}

/** Makes the folder, and removes what an earlier process did not finish preparing. */
export function tidyFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    if (name.endsWith(PREPARING_SUFFIX)) rmSync(join(folder, name), { force: true });
  }
}

/**
 * Writes a segment of zeros and sees it to the disk, so that whoever writes into it later changes no size
 * and meets no full disk. It has its name only once it is whole.
 * @throws of the file system, such as ENOSPC; nothing is left behind then
 */
export function prepareSegment(folder: string, segment: number, segmentBytes: number): void {
  const path = join(folder, segmentName(segment));
  const preparing = `${path}${PREPARING_SUFFIX}`;
  try {
    const file = openSync(preparing, "w", 0o600);
    try {
      let rest = segmentBytes;
      while (rest > 0) rest -= writeSync(file, ZEROS, 0, Math.min(rest, ZEROS.length));
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(preparing, path);
  } catch (error) {
    rmSync(preparing, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** A name in a folder outlives a power cut only once the folder is synced. */
function syncFolder(folder: string): void {
  const directory = openSync(folder, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Does nothing where it is gone already. */
export function removeSegment(folder: string, segment: number): void {
  rmSync(join(folder, segmentName(segment)), { force: true });
}

/**
 * Puts the head before a payload that stands in `frame` from FRAME_HEAD_BYTES on.
 * @returns the frame's length
 */
export function sealFrame(frame: Buffer, payloadBytes: number): number {
  const end = FRAME_HEAD_BYTES + payloadBytes;
  frame.writeUInt32LE(payloadBytes, 0);
  frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEAD_BYTES, end)), 4);
  return end;
}

/** Where a frame's bytes come from: fills `into` from `offset` on, and says how many bytes there were. */
export type ReadBytes = (into: Buffer, offset: number) => number;

/**
 * The whole frames of a segment, in order. It stops at zeros, and at a frame that is torn, too long or not
 * what its CRC says: then it stays where it is, and may be asked again once more has been written.
 */
export class FrameReader {
  readonly #read: ReadBytes;
  readonly #window: Buffer;
  #windowStart = 0;
  #windowBytes = 0;
  #offset: number;

  /** @param windowBytes how many are read at once; no frame that is longer is found */
  constructor(read: ReadBytes, offset = 0, windowBytes = READ_BYTES) {
    this.#read = read;
    this.#window = Buffer.allocUnsafe(windowBytes);
    this.#offset = offset;
  }

  /** Over bytes in memory. */
  static over(bytes: Buffer, offset = 0): FrameReader {
    const read: ReadBytes = (into, from) => bytes.copy(into, 0, Math.min(from, bytes.length));
    return new FrameReader(read, offset, bytes.length);
  }

  /** Over an open file. @param file its descriptor; reads may throw as `readSync` does */
  static overFile(file: number, offset = 0): FrameReader {
    return new FrameReader((into, from) => readSync(file, into, 0, into.length, from), offset);
  }

  /** After the last whole frame. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * The next frame's payload, valid until the next call; null where no whole one stands, or where it would
   * end beyond `end`.
   */
  next(end: number = Number.POSITIVE_INFINITY): Buffer | null {
    if (this.#offset + FRAME_HEAD_BYTES > end) return null;
    const head = this.#bytesAt(this.#offset, FRAME_HEAD_BYTES, end);
    if (head === null) return null;
    const payloadBytes = head.readUInt32LE(0);
    const checksum = head.readUInt32LE(4);
    const payloadAt = this.#offset + FRAME_HEAD_BYTES;
    if (payloadBytes === 0 || payloadBytes > PAYLOAD_BYTES_MAX || payloadAt + payloadBytes > end) {
      return this.#stay();
    }
    const payload = this.#bytesAt(payloadAt, payloadBytes, end);
    if (payload === null || crc32(payload) !== checksum) return this.#stay();
    this.#offset = payloadAt + payloadBytes;
    return payload;
  }

  /**
   * Goes on to the next whole frame behind damage. False, and stays, where there is none: then what stands
   * here is the end, whole or torn.
   */
  skipToNext(end: number = Number.POSITIVE_INFINITY): boolean {
    const rest = this.#rest(end);
    // The usual end, told in a moment.
    if (rest.equals(Buffer.alloc(rest.length))) return false;
    for (let at = 1; at + FRAME_HEAD_BYTES <= rest.length; at++) {
      const payloadBytes = rest.readUInt32LE(at);
      const payloadAt = at + FRAME_HEAD_BYTES;
      if (payloadBytes === 0 || payloadBytes > PAYLOAD_BYTES_MAX) continue;
      if (payloadAt + payloadBytes > rest.length) continue;
      if (crc32(rest.subarray(payloadAt, payloadAt + payloadBytes)) !== rest.readUInt32LE(at + 4)) continue;
      this.#offset += at;
      return true;
    }
    return false;
  }

  /** All bytes from here to the end, at most a segment's. */
  #rest(end: number): Buffer {
    const pieces: Buffer[] = [];
    this.#windowBytes = 0;
    for (let at = this.#offset; at < end; ) {
      const length = Math.min(this.#read(this.#window, at), end - at);
      if (length === 0) break;
      pieces.push(Buffer.from(this.#window.subarray(0, length)));
      at += length;
    }
    return Buffer.concat(pieces);
  }

  /** What was read is read anew next time: by then more may have been written there. */
  #stay(): null {
    this.#windowBytes = 0;
    return null;
  }

  #bytesAt(offset: number, length: number, end: number): Buffer | null {
    if (offset < this.#windowStart || offset + length > this.#windowStart + this.#windowBytes) {
      this.#windowStart = offset;
      // Beyond the end somebody may be writing now: what stands there is not to be remembered.
      this.#windowBytes = Math.min(this.#read(this.#window, offset), end - offset);
      if (this.#windowBytes < length) return this.#stay();
    }
    const start = offset - this.#windowStart;
    return this.#window.subarray(start, start + length);
  }
}
