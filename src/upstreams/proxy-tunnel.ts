/**
 * Opens a tunnel through an HTTP proxy with CONNECT (RFC 9110, 9.3.6), for http and https base URLs alike.
 */
import type { Socket } from "node:net";
import type { PhaseStart } from "./connecting-phase.ts";
import { ExchangeError } from "./upstream.ts";

/** The proxy's answer to CONNECT, head only. */
export const PROXY_HEAD_BYTES_MAX = 16_384;

const HEAD_END = "\r\n\r\n";

export type TunnelTarget = {
  readonly hostname: string;
  readonly port: number;
  readonly authorization: string | null;
};

function connectRequest(target: TunnelTarget): string {
  const host = target.hostname.includes(":") ? `[${target.hostname}]` : target.hostname;
  const authority = `${host}:${target.port}`;
  const authorization =
    target.authorization === null ? "" : `proxy-authorization: ${target.authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization}\r\n`;
}

/** Null where the proxy let us through, else what went wrong. */
function refusalOf(head: string, bytesAfter: number): string | null {
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1];
  if (status === undefined) return "the proxy's answer to CONNECT is not HTTP/1";
  if (!status.startsWith("2")) return `the proxy answered CONNECT with ${status}`;
  return bytesAfter > 0 ? "the proxy sent bytes of its own after its answer to CONNECT" : null;
}

/** A phase that turns a connection to a proxy into one to the target. Fails with `connect`. */
export function openTunnel(socket: Socket, target: TunnelTarget): PhaseStart<Socket> {
  return (succeed, fail) => {
    let received = Buffer.alloc(0);
    const stop = (): void => {
      socket.pause();
      socket.off("data", onData);
      socket.off("close", onClose);
    };
    const refuse = (reason: string): void => {
      stop();
      fail(new ExchangeError("connect", false, new Error(reason)));
    };
    const onClose = (): void => refuse("the proxy closed the connection before it answered CONNECT");
    const onData = (piece: Buffer): void => {
      received = Buffer.concat([received, piece]);
      const headBytes = received.indexOf(HEAD_END);
      if (headBytes > PROXY_HEAD_BYTES_MAX || (headBytes < 0 && received.length > PROXY_HEAD_BYTES_MAX)) {
        refuse("the proxy's answer to CONNECT is too large");
      } else if (headBytes >= 0) {
        const bytesAfter = received.length - headBytes - HEAD_END.length;
        const refusal = refusalOf(received.toString("latin1", 0, headBytes), bytesAfter);
        if (refusal !== null) {
          refuse(refusal);
        } else {
          stop();
          succeed(socket);
        }
      }
    };
    socket.on("data", onData);
    socket.on("close", onClose);
    socket.write(connectRequest(target));
    return () => {
      stop();
      socket.destroy();
    };
  };
}
