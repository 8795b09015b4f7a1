/** Reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY: which proxy, if any, stands before a host. */
import { BlockList, isIP } from "node:net";

export type Environment = Readonly<Record<string, string | undefined>>;

export type ForwardProxy = {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** The value of `proxy-authorization`, from the URL's user and password; never logged. */
  readonly authorization: string | null;
};

/**
 * The proxy for a base URL, or null to connect directly. The lower-case name wins where both are set, as in
 * curl; loopback is never proxied, as in Go.
 * @throws Error where the proxy's URL cannot be used; the message names the variable, not its value
 */
export function proxyFor(baseUrl: URL, environment: Environment): ForwardProxy | null {
  const name = baseUrl.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = read(environment, name);
  if (value === "") return null;
  const hostname = bareHostname(baseUrl);
  if (isLoopback(hostname) || isExempt(hostname, portOf(baseUrl), read(environment, "NO_PROXY"))) return null;
  return parseProxy(name, value);
}

/** The URL's host without the brackets of an IPv6 address. */
export function bareHostname(url: URL): string {
  return url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
}

export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

function read(environment: Environment, name: string): string {
  return (environment[name.toLowerCase()] ?? environment[name] ?? "").trim();
}

function parseProxy(name: string, value: string): ForwardProxy {
  const url = URL.parse(value.includes("://") ? value : `http://${value}`);
  if (url === null || url.hostname === "") {
    throw new Error(`${name} is not a URL. Write it as http://user:password@host:port.`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new Error(`${name} names a proxy of kind ${url.protocol} but only http: and https: can be used.`);
  }
  return {
    secure: url.protocol === "https:",
    hostname: bareHostname(url),
    port: portOf(url),
    authorization: url.username === "" && url.password === "" ? null : basic(name, url),
  };
}

function basic(name: string, url: URL): string {
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair).toString("base64")}`;
  } catch {
    throw new Error(`${name} has a % in its user or password that is no percent-encoding. Write it as %25.`);
  }
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || isIn(loopback, hostname);
}

function isIn(list: BlockList, hostname: string): boolean {
  const family = isIP(hostname);
  return family !== 0 && list.check(hostname, family === 4 ? "ipv4" : "ipv6");
}

/** NO_PROXY in curl's sense: names with their subdomains, addresses, CIDR blocks, a port where given, `*`. */
function isExempt(hostname: string, port: number, list: string): boolean {
  for (const entry of list.toLowerCase().split(/[\s,]+/)) {
    if (entry !== "" && matches(entry, hostname, port)) return true;
  }
  return false;
}

function matches(entry: string, hostname: string, port: number): boolean {
  if (entry === "*") return true;
  const slash = entry.indexOf("/");
  if (slash > 0) return matchesBlock(entry.slice(0, slash), entry.slice(slash + 1), hostname);
  let name = entry;
  if (isIP(name) === 0) {
    const colon = name.lastIndexOf(":");
    if (colon > 0) {
      if (name.slice(colon + 1) !== String(port)) return false;
      name = name.slice(0, colon);
    }
    if (name.startsWith("[")) name = name.slice(1, -1);
  }
  if (isIP(name) !== 0) return isIP(hostname) !== 0 && sameAddress(name, hostname);
  name = name.replace(/^\*?\./, "");
  return name !== "" && (hostname === name || hostname.endsWith(`.${name}`));
}

function sameAddress(one: string, other: string): boolean {
  const list = new BlockList();
  list.addAddress(one, isIP(one) === 4 ? "ipv4" : "ipv6");
  return isIn(list, other);
}

function matchesBlock(network: string, length: string, hostname: string): boolean {
  const family = isIP(network);
  const prefix = Number(length);
  if (family === 0 || !/^\d{1,3}$/.test(length) || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 4 ? "ipv4" : "ipv6");
  return isIn(list, hostname);
}
