/** How stored responses stand in their file: sealed frames one after the other, found again after damage. */
import { crc32 } from "node:zlib";
import type { KeyId } from "../core/ids.ts";
import type { StoredResponse } from "../core/memories.ts";
import type { SealedBox } from "./sealed-box.ts";

/** What happened to a response. Times are wall milliseconds, as they must hold in another process. */
export type FileRecord =
  | {
      readonly kind: "kept";
      readonly keyId: KeyId;
      readonly expiresAtWallMs: number;
      readonly response: StoredResponse;
    }
  | { readonly kind: "removed"; readonly keyId: KeyId; readonly id: string };

/** The format's version, too: another format has another mark. */
const MARK = Buffer.from("VPR1");
const LENGTH_AT = MARK.length;
const CRC_AT = LENGTH_AT + 4;
/** Mark, length of the sealed payload, and CRC-32 of both; numbers with the least byte first. */
export const FRAME_HEAD_BYTES = CRC_AT + 4;
/** Of a payload: more than any response that a store keeps. */
export const FRAME_PAYLOAD_BYTES_MAX = 256 * 1_048_576;
/** What is sealed is one of these; a seal of another kind of ours is none. */
const CONTEXT = "response";

function payloadOf(record: FileRecord): string {
  if (record.kind === "removed") return JSON.stringify([record.kind, record.keyId, record.id]);
  const { keyId, expiresAtWallMs, response } = record;
  const { id, previousId, response: text, inputItems, outputItems } = response;
  return JSON.stringify([record.kind, keyId, expiresAtWallMs, id, previousId, text, inputItems, outputItems]);
}

/** Null for one that is too long, which no store keeps. */
export function encodeFrame(box: SealedBox, record: FileRecord): Buffer | null {
  const sealed = box.seal(Buffer.from(payloadOf(record)), CONTEXT);
  if (sealed.length > FRAME_PAYLOAD_BYTES_MAX) return null;
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + sealed.length);
  MARK.copy(frame);
  frame.writeUInt32LE(sealed.length, LENGTH_AT);
  frame.writeUInt32LE(crc32(frame.subarray(0, CRC_AT)), CRC_AT);
  sealed.copy(frame, FRAME_HEAD_BYTES);
  return frame;
}

function areTexts(values: readonly unknown[]): values is readonly string[] {
  return values.every((value) => typeof value === "string");
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return null;
  }
}

function recordOf(payload: string): FileRecord | null {
  const fields = parsed(payload);
  if (!Array.isArray(fields)) return null;
  const [kind, keyId, ...rest] = fields as readonly unknown[];
  if (typeof keyId !== "string") return null;
  if (kind === "removed") {
    const [id] = rest;
    return typeof id === "string" ? { kind, keyId: keyId as KeyId, id } : null;
  }
  const [expiresAtWallMs, id, previousId, ...texts] = rest;
  if (kind !== "kept" || typeof expiresAtWallMs !== "number" || typeof id !== "string") return null;
  if (!areTexts(texts) || (previousId !== null && typeof previousId !== "string")) return null;
  const [response, inputItems, outputItems] = texts;
  if (response === undefined || inputItems === undefined || outputItems === undefined) return null;
  return {
    kind,
    keyId: keyId as KeyId,
    expiresAtWallMs,
    response: { id, response, inputItems, outputItems, previousId },
  };
}

/** Null for what was not sealed here. */
export function openPayload(box: SealedBox, sealed: Buffer): FileRecord | null {
  const payload = box.open(sealed, CONTEXT);
  return payload === null ? null : recordOf(payload.toString("utf8"));
}

/** The length of the payload behind a head that begins with these bytes; -1 where they are no head. */
export function payloadLength(head: Buffer): number {
  if (head.length < FRAME_HEAD_BYTES || head.compare(MARK, 0, MARK.length, 0, MARK.length) !== 0) return -1;
  if (crc32(head.subarray(0, CRC_AT)) !== head.readUInt32LE(CRC_AT)) return -1;
  const length = head.readUInt32LE(LENGTH_AT);
  return length > FRAME_PAYLOAD_BYTES_MAX ? -1 : length;
}

/** Where in the bytes the next mark begins, or may begin with their last ones; their length where none. */
export function nextMark(bytes: Buffer): number {
  const at = bytes.indexOf(MARK);
  if (at >= 0) return at;
  for (let length = MARK.length - 1; length > 0; length--) {
    const start = bytes.length - length;
    if (start >= 0 && bytes.compare(MARK, 0, length, start) === 0) return start;
  }
  return bytes.length;
}
