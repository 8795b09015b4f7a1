/** How long each phase of a request may wait, in milliseconds; null means for ever. */

export type Timeouts = {
  /** Until the upstream's name is an address. */
  readonly dnsMs: number;
  /** Until the TCP connection stands. */
  readonly connectMs: number;
  /** Until the TLS handshake is done. */
  readonly tlsMs: number;
  /** Until the request's last byte has been written to the upstream. */
  readonly bodyWriteMs: number;
  /** From the request's last byte until the answer's head. */
  readonly firstByteMs: number;
  /** From the answer's head until its first event; null: bounded by `betweenChunksMs` alone. */
  readonly firstTokenMs: number | null;
  /** Between two pieces of the answer. */
  readonly betweenChunksMs: number;
  /** Over the whole call. */
  readonly totalMs: number;
  /** For a client that reads nothing while there is something to read. */
  readonly writeStallMs: number;
};
