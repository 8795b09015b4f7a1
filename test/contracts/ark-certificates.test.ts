/** NODE_EXTRA_CA_CERTS is believed by the Ark upstream; Node reads it once, when a process starts. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { answer, answering, openRawOrigin } from "../support/raw-origin.ts";
import { testCertificate } from "../support/tls/certificate.ts";

/** Runs one exchange with ark.test on the port and prints its end. */
const program = (port: number): string => `
  import { createArkUpstream } from "./src/upstreams/ark/index.ts";
  const upstream = createArkUpstream({
    name: "ark", baseUrl: "https://ark.test:${port}", anthropicBaseUrl: null,
    apiKeys: [], environment: {}, userAgent: "test",
    transport: { lookup: (_name, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]) },
  });
  const listener = {
    onDispatch() {}, onRequestSent() {}, onHead(head) { console.log(head.status); }, onPiece() {},
    onEnd() { upstream.close(); }, onError(error) { console.log(error.fault); },
  };
  upstream.start({
    method: "GET", base: "data", path: "/models", headers: [], credential: "key", body: [], bodyBytes: 0,
    timeouts: { dnsMs: 9_000, connectMs: 9_000, tlsMs: 9_000 },
  }, listener);
`;

function printed(port: number, environment: Record<string, string>): Promise<string> {
  const root = new URL("../..", import.meta.url);
  const args = ["--input-type=module", "--eval", program(port)];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: root, env: { ...process.env, ...environment } },
      (_error, out) => {
        resolve(out.trim());
      },
    );
  });
}

test("a certificate is trusted where the environment names it, and only there", async () => {
  const origin = await openRawOrigin(answering(answer("hello")), testCertificate);
  const file = fileURLToPath(new URL("../support/tls/certificate.pem", import.meta.url));
  expect(await printed(origin.port, { NODE_EXTRA_CA_CERTS: file })).toBe("200");
  expect(await printed(origin.port, { NODE_EXTRA_CA_CERTS: "" })).toBe("certificate");
});
