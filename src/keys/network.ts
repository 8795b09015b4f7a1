/** Whom an address belongs to: of IPv6, a whole network is one subscriber's. */
import { isIPv6 } from "node:net";

/** A subscriber has a /64 at least (RFC 6177), and all 2^64 addresses of it. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;
/** How a socket that takes both writes an IPv4 address (RFC 4291, 2.5.5.2). */
const MAPPED = "::ffff:";

/** What is no IP address, such as the empty text of a socket that has gone, stands for itself. */
export function networkOf(address: string): string {
  if (address.startsWith(MAPPED) && address.includes(".")) return address.slice(MAPPED.length);
  if (!isIPv6(address)) return address;
  const [head = "", tail = null] = address.split("::");
  const groups = groupsOf(head);
  if (tail !== null) {
    const behind = groupsOf(tail);
    while (groups.length + behind.length < GROUPS) groups.push("0");
    groups.push(...behind);
  }
  return groups.slice(0, NETWORK_GROUPS).map(withoutZeros).join(":");
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}

function withoutZeros(group: string): string {
  return Number.parseInt(group, 16).toString(16);
}
