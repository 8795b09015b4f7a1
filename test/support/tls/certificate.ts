/** A certificate for ark.test and proxy.test with its key, signed by itself, valid from 2020 to 2120. */
import { readFileSync } from "node:fs";

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

/** Made with `openssl ca -selfsign`; worth nothing outside the tests. */
export const testCertificate = { cert: read("certificate.pem"), key: read("key.pem") };
