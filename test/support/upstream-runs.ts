/** Opens upstreams for one test, and runs small requests on them. */
import { onTestFinished } from "vitest";
import type { LookupFunction } from "../../src/upstreams/name-lookup.ts";
import type { Environment } from "../../src/upstreams/proxy-settings.ts";
import type { Exchange, Upstream, UpstreamRequest } from "../../src/upstreams/upstream.ts";
import { ExchangeRecorder } from "./exchange-recorder.ts";

export type UpstreamSetup = {
  readonly baseUrl: string;
  readonly environment?: Environment;
  readonly transport?: {
    readonly idleMs?: number;
    readonly idleMax?: number;
    readonly headerBytesMax?: number;
    readonly lookup?: LookupFunction;
    readonly extraCertificates?: readonly string[];
  };
};

export type OpenUpstream = (setup: UpstreamSetup) => Upstream;

export const helloBody = Buffer.from('{"model":"hello"}');

export function helloRequest(changes: Partial<UpstreamRequest> = {}): UpstreamRequest {
  const body = changes.body ?? [helloBody];
  return {
    method: "POST",
    base: "data",
    path: "/chat/completions",
    headers: ["content-type", "application/json"],
    credential: "caller-credential",
    body,
    bodyBytes: body.reduce((bytes, piece) => bytes + piece.length, 0),
    timeouts: { dnsMs: 5_000, connectMs: 5_000, tlsMs: 5_000 },
    ...changes,
  };
}

/** An upstream that is closed when the test is over. */
export function opened(open: OpenUpstream, setup: UpstreamSetup): Upstream {
  const upstream = open(setup);
  onTestFinished(() => upstream.close());
  return upstream;
}

export type Running = { readonly exchange: Exchange; readonly recorder: ExchangeRecorder };

export function begin(upstream: Upstream, changes: Partial<UpstreamRequest> = {}): Running {
  const recorder = new ExchangeRecorder();
  return { exchange: upstream.start(helloRequest(changes), recorder), recorder };
}

/** Runs one exchange to its end. */
export function run(upstream: Upstream, changes: Partial<UpstreamRequest> = {}): Promise<ExchangeRecorder> {
  return begin(upstream, changes).recorder.finished();
}
