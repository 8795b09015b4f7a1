/** The upstream kind `ark`: Volcengine Ark's data plane over HTTP/1.1, with its own keys or the caller's. */
import type { UpstreamErrorNote } from "../../core/errors.ts";
import { Connector } from "../connection.ts";
import { FreeList, type KeepSettings } from "../free-list.ts";
import { hostLookup, type LookupFunction } from "../name-lookup.ts";
import { type Environment, proxyFor } from "../proxy-settings.ts";
import { flawOf } from "../request-check.ts";
import { UndiciExchange } from "../undici-exchange.ts";
import type { Exchange, ExchangeListener, Upstream, UpstreamRequest } from "../upstream.ts";
import { readArkError } from "./error-codes.ts";

export type ArkOptions = {
  readonly name: string;
  /** Without a trailing slash, such as `https://ark.cn-beijing.volces.com/api/v3`. */
  readonly baseUrl: string;
  /** Of Anthropic's protocol, such as `https://ark.cn-beijing.volces.com/api/compatible`, or null. */
  readonly anthropicBaseUrl: string | null;
  /** In turn, one per exchange that brings no credential of its own. */
  readonly apiKeys: readonly string[];
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are looked up. */
  readonly environment: Environment;
  /** Sent as `user-agent`, such as `volcano-proxy/0.1.0`; the client's own stays here. */
  readonly userAgent: string;
  /** What tests replace. */
  readonly transport?: Partial<TransportSettings>;
};

export type TransportSettings = KeepSettings & {
  readonly lookup: LookupFunction;
  /** Certificates in PEM to trust beside the usual ones. */
  readonly extraCertificates: readonly string[];
};

/**
 * Ark closes idle connections later than this, so that a request seldom meets a connection that is closing.
 */
export const arkTransport: TransportSettings = {
  idleMs: 4_000,
  idleMax: 1_024,
  headerBytesMax: 16_384,
  lookup: hostLookup,
  extraCertificates: [],
};

/** What is the same in every request with one credential. */
function headersFor(credential: string, userAgent: string): readonly string[] {
  return ["authorization", `Bearer ${credential}`, "accept-encoding", "identity", "user-agent", userAgent];
}

type Base = { readonly path: string; readonly connections: FreeList };

function pathOf(url: URL): string {
  return url.pathname.replace(/\/$/, "");
}

function baseAt(url: URL, options: ArkOptions): Base {
  const transport = { ...arkTransport, ...options.transport };
  const connector = new Connector({
    origin: url,
    proxy: proxyFor(url, options.environment),
    lookup: transport.lookup,
    extraCertificates: transport.extraCertificates,
  });
  return { path: pathOf(url), connections: new FreeList(url.origin, connector, transport) };
}

class ArkUpstream implements Upstream {
  readonly name: string;
  readonly holdsKey: boolean;
  readonly hasMessagesBase: boolean;
  readonly #data: Base;
  /** The data plane's own connections where both are one host. */
  readonly #messages: Base | null;
  readonly #userAgent: string;
  readonly #keyHeaders: readonly (readonly string[])[];
  #nextKey = 0;

  constructor(options: ArkOptions, baseUrl: URL, anthropicBaseUrl: URL | null) {
    this.name = options.name;
    this.holdsKey = options.apiKeys.length > 0;
    this.#userAgent = options.userAgent;
    this.#keyHeaders = options.apiKeys.map((key) => headersFor(key, options.userAgent));
    this.hasMessagesBase = anthropicBaseUrl !== null;
    this.#data = baseAt(baseUrl, options);
    this.#messages = anthropicBaseUrl === null ? null : this.#besides(anthropicBaseUrl, baseUrl, options);
  }

  start(request: UpstreamRequest, listener: ExchangeListener): Exchange {
    const base = request.base === "data" ? this.#data : this.#messages;
    const exchange = new UndiciExchange((base ?? this.#data).connections, listener);
    const flaw = flawOf(request) ?? this.#keyFlaw(request.credential);
    if (flaw !== null || base === null) {
      exchange.refuse("protocol", flaw ?? "the upstream has no base for Anthropic's protocol");
      return exchange;
    }
    exchange.start({
      method: request.method,
      path: base.path + request.path,
      headers: this.#headersWith(request.credential).concat(request.headers),
      body: request.body,
      bodyBytes: request.bodyBytes,
      timeouts: request.timeouts,
    });
    return exchange;
  }

  readError(status: number, body: Buffer): UpstreamErrorNote | null {
    return readArkError(status, body);
  }

  async close(): Promise<void> {
    await Promise.all([this.#data.connections.close(), this.#messages?.connections.close()]);
  }

  #besides(url: URL, dataUrl: URL, options: ArkOptions): Base {
    if (url.origin !== dataUrl.origin) return baseAt(url, options);
    return { path: pathOf(url), connections: this.#data.connections };
  }

  #keyFlaw(credential: string | null): string | null {
    return credential === null && !this.holdsKey ? "the upstream has no key of its own" : null;
  }

  #headersWith(credential: string | null): readonly string[] {
    if (credential !== null) return headersFor(credential, this.#userAgent);
    const headers = this.#keyHeaders[this.#nextKey];
    if (headers === undefined) return [];
    this.#nextKey = (this.#nextKey + 1) % this.#keyHeaders.length;
    return headers;
  }
}

function readBaseUrl(name: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new Error(`The base URL of upstream ${name} is not an http or https URL.`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new Error(`The base URL of upstream ${name} has more than scheme, host, port and path.`);
  }
  return url;
}

/**
 * Opens an Ark upstream; nothing is connected before the first exchange.
 * @throws Error where the base URL, a key or the proxy of the environment cannot be used; no secret in the
 * message
 */
export function createArkUpstream(options: ArkOptions): Upstream {
  const baseUrl = readBaseUrl(options.name, options.baseUrl);
  const { anthropicBaseUrl: text } = options;
  const anthropicBaseUrl = text === null ? null : readBaseUrl(options.name, text);
  if (options.apiKeys.some((key) => !/^[\x21-\x7e]+$/.test(key))) {
    throw new Error(
      `An API key of upstream ${options.name} is empty or has a space or control character in it.`,
    );
  }
  return new ArkUpstream(options, baseUrl, anthropicBaseUrl);
}
