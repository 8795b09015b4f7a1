/** The name and version that the gateway gives itself, as its package has them. */
import { readFileSync } from "node:fs";

function versionOf(manifest: unknown): string {
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) {
    if (typeof manifest.version === "string") return manifest.version;
  }
  throw new TypeError("package.json has no version");
}

export const PRODUCT = "volcano-proxy";
/** The same two folders up from the sources and from the compiled package. */
export const VERSION = versionOf(
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")),
);
