/** A WebSocket client on a bare socket: sends the very frames of a test, right or wrong (RFC 6455, 5.2). */
import { RawHttpClient } from "./raw-http-client.ts";

export const TEXT = 0x1;
export const CONTINUATION = 0x0;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

export type RawFrame = { readonly opcode: number; readonly payload: Buffer };

export function handshake(headers: readonly string[] = [], path = "/v1/responses"): string {
  const own = [
    `GET ${path} HTTP/1.1`,
    "Host: a",
    "Connection: keep-alive, Upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${KEY}`,
  ];
  return `${[...own, ...headers].join("\r\n")}\r\n\r\n`;
}

export type FrameOptions = {
  readonly isLast?: boolean;
  readonly isMasked?: boolean;
  readonly reserved?: number;
};

/** One frame with a mask of zeros, so that its payload stands in it as it is. */
export function frame(opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([frameHead(opcode, bytes.length, options), bytes]);
}

export function frameHead(opcode: number, length: number, options: FrameOptions = {}): Buffer {
  const { isLast = true, isMasked = true, reserved = 0 } = options;
  const head = Buffer.alloc(14 + 4);
  head[0] = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  let at = 2;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    at = head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    at = head.writeBigUInt64BE(BigInt(length), 2);
  }
  if (isMasked) {
    head[1] = (head[1] ?? 0) | 0x80;
    at += 4;
  }
  return head.subarray(0, at);
}

export class RawSocket extends RawHttpClient {
  #taken = 0;

  /** Resolves once the protocol has changed. @throws Error with the answer where it has not */
  async upgrade(headers: readonly string[] = []): Promise<this> {
    await this.send(handshake(headers));
    const answer = await this.answer();
    if (answer.status !== 101) throw new Error(`not upgraded: ${answer.status} ${answer.body}`);
    return this;
  }

  /** The whole frames that have come, since the last call. */
  frames(): RawFrame[] {
    const bytes = Buffer.from(this.received, "latin1");
    const frames: RawFrame[] = [];
    for (;;) {
      const at = this.#taken;
      if (at + 2 > bytes.length) return frames;
      let length = (bytes[at + 1] ?? 0) & 0x7f;
      let from = at + 2;
      if (length >= 126) {
        const size = length === 126 ? 2 : 8;
        if (from + size > bytes.length) return frames;
        length = bytes.readUIntBE(size === 2 ? from : from + 2, size === 2 ? 2 : 6);
        from += size;
      }
      if (from + length > bytes.length) return frames;
      frames.push({ opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(from, from + length) });
      this.#taken = from + length;
    }
  }

  /** The code of the close frame, once the connection has ended. */
  async closeCode(deadlineMs = 5_000): Promise<number | null> {
    await this.ended(deadlineMs);
    const close = this.frames().find(({ opcode }) => opcode === CLOSE);
    return close === undefined || close.payload.length < 2 ? null : close.payload.readUInt16BE(0);
  }
}
