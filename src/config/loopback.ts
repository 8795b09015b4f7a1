/** Whether a host to listen on can be reached from this machine alone. */
import { isIPv4, isIPv6 } from "node:net";

export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase();
  if (isIPv4(name)) return name.startsWith("127.");
  if (!isIPv6(name)) return name === "localhost";
  return name === "::1" || name === "0:0:0:0:0:0:0:1" || /^::ffff:127(\.\d{1,3}){3}$/.test(name);
}
