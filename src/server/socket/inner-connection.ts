/** A connection inside the process: two streams, of which each reads what the other writes. */
import { Duplex } from "node:stream";

type Done = (error?: Error | null) => void;

/**
 * One end of it, with what the data plane asks of a `net.Socket`. A write is done once the other end has
 * taken its bytes, so that who reads slowly is felt on this side.
 */
export class InnerSocket extends Duplex {
  /** The address of the client on whose behalf this connection is made. */
  readonly remoteAddress: string | undefined;
  bytesRead = 0;
  #peer: InnerSocket | null = null;
  #taken = 0;
  /** Of the peer's last write: waits until this end is read again. */
  #peerWaits: Done | null = null;

  constructor(remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
  }

  /** As of a `net.Socket`: with what waits to be taken. */
  get bytesWritten(): number {
    return this.#taken + this.writableLength;
  }

  join(peer: InnerSocket): void {
    this.#peer = peer;
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  override _read(): void {
    const done = this.#peerWaits;
    this.#peerWaits = null;
    done?.();
  }

  override _write(bytes: Buffer, _encoding: string, done: Done): void {
    const peer = this.#peer;
    if (peer === null || peer.destroyed) done(new Error("the other end is closed"));
    else if (bytes.length === 0) done();
    else {
      peer.#receive(bytes, (error) => {
        if (error == null) this.#taken += bytes.length;
        done(error);
      });
    }
  }

  override _final(done: Done): void {
    const peer = this.#peer;
    if (peer !== null && !peer.destroyed) peer.push(null);
    done();
  }

  /** An end that has said all leaves the other what is still to be read; any other end takes it along. */
  override _destroy(error: Error | null, done: Done): void {
    const peer = this.#peer;
    const peerWaits = this.#peerWaits;
    this.#peerWaits = null;
    // A turn later: whoever destroys an end may be in the middle of reading it.
    if (peer !== null && !this.writableFinished) process.nextTick(destroy, peer);
    else if (peerWaits !== null) process.nextTick(peerWaits, new Error("the other end has closed"));
    done(error);
  }

  #receive(bytes: Buffer, done: Done): void {
    this.bytesRead += bytes.length;
    this.#peerWaits = done;
    this.push(bytes);
  }
}

function destroy(socket: InnerSocket): void {
  socket.destroy();
}

/** @param remoteAddress that the server's end shows */
export function innerConnection(remoteAddress: string | undefined): {
  readonly client: InnerSocket;
  readonly server: InnerSocket;
} {
  const client = new InnerSocket(undefined);
  const server = new InnerSocket(remoteAddress);
  client.join(server);
  server.join(client);
  return { client, server };
}
