/** Opens connections to one origin, each phase with its own deadline: name, TCP, proxy tunnel, TLS. */
import { isIP, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Timeouts } from "../core/timeouts.ts";
import { raceAddresses } from "./address-race.ts";
import { type PhaseStart, runPhase } from "./connecting-phase.ts";
import { type LookupFunction, NameLookup } from "./name-lookup.ts";
import { bareHostname, type ForwardProxy, portOf } from "./proxy-settings.ts";
import { openTunnel } from "./proxy-tunnel.ts";
import { ExchangeError } from "./upstream.ts";

export type ConnectTimeouts = Pick<Timeouts, "dnsMs" | "connectMs" | "tlsMs">;

export type ConnectorOptions = {
  /** An http or https URL; its path is not looked at. */
  readonly origin: URL;
  readonly proxy: ForwardProxy | null;
  readonly lookup: LookupFunction;
  /** Certificates in PEM to trust beside the bundled ones and those of NODE_EXTRA_CA_CERTS. */
  readonly extraCertificates: readonly string[];
};

/** One end that TLS may be spoken with; remembers the last session so that the next handshake is short. */
class TlsPeer {
  readonly #hostname: string;
  readonly #context: SecureContext;
  #session: Buffer | undefined;

  constructor(hostname: string, context: SecureContext) {
    this.#hostname = hostname;
    this.#context = context;
  }

  /**
   * A phase: the handshake, HTTP/1.1 only. Fails with `certificate` where the peer is not who it should be.
   */
  over(socket: Socket): PhaseStart<Socket> {
    return (succeed, fail) => {
      const secure = connectTls({
        socket,
        host: this.#hostname,
        servername: isIP(this.#hostname) === 0 ? this.#hostname : "",
        secureContext: this.#context,
        // Said, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would turn the default off.
        rejectUnauthorized: true,
        ALPNProtocols: ["http/1.1"],
        ...(this.#session === undefined ? {} : { session: this.#session }),
      });
      const broken = (error?: Error): void => {
        // Node leaves null where the certificate was never looked at, whatever its types say.
        const refused: unknown = secure.authorizationError;
        const fault = refused === null || refused === undefined ? "tls" : "certificate";
        fail(new ExchangeError(fault, false, error));
      };
      secure.on("session", (session) => {
        this.#session = session;
      });
      secure.on("error", broken);
      secure.once("close", () => broken());
      secure.once("secureConnect", () => succeed(secure));
      return () => {
        secure.destroy();
        socket.destroy();
      };
    };
  }
}

export class Connector {
  readonly #target: { readonly hostname: string; readonly port: number };
  readonly #proxy: ForwardProxy | null;
  readonly #names: NameLookup;
  readonly #targetTls: TlsPeer | null;
  readonly #proxyTls: TlsPeer | null;

  constructor(options: ConnectorOptions) {
    const hostname = bareHostname(options.origin);
    const proxy = options.proxy;
    this.#target = { hostname, port: portOf(options.origin) };
    this.#proxy = proxy;
    this.#names = new NameLookup(proxy?.hostname ?? hostname, options.lookup);
    const context = secureContextWith(options.extraCertificates);
    this.#targetTls = options.origin.protocol === "https:" ? new TlsPeer(hostname, context) : null;
    this.#proxyTls = proxy?.secure === true ? new TlsPeer(proxy.hostname, context) : null;
  }

  /**
   * Connects. What the signal calls off is closed at once.
   * @throws ExchangeError `name` to `certificate`, or `aborted`; never dispatched
   */
  async open(timeouts: ConnectTimeouts, signal: AbortSignal): Promise<Socket> {
    const names = { ms: timeouts.dnsMs, late: "name_timeout", signal } as const;
    const addresses = await runPhase(names, this.#names.within(timeouts.dnsMs));
    const end = this.#proxy ?? this.#target;
    const connecting = { ms: timeouts.connectMs, late: "connect_timeout", signal } as const;
    const handshake = { ms: timeouts.tlsMs, late: "tls_timeout", signal } as const;
    let socket = await runPhase(connecting, raceAddresses(addresses, end.port));
    if (this.#proxyTls !== null) socket = await runPhase(handshake, this.#proxyTls.over(socket));
    if (this.#proxy !== null) {
      const target = { ...this.#target, authorization: this.#proxy.authorization };
      socket = await runPhase(connecting, openTunnel(socket, target));
    }
    if (this.#targetTls !== null) socket = await runPhase(handshake, this.#targetTls.over(socket));
    return socket;
  }
}

/** One context for all connections: making one costs more than a handshake's own work. */
function secureContextWith(extraCertificates: readonly string[]): SecureContext {
  if (extraCertificates.length === 0) return createSecureContext();
  return createSecureContext({ ca: [...getCACertificates("default"), ...extraCertificates] });
}
