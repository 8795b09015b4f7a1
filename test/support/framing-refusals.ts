/**
 * Requests whose framing is refused, in bytes, each with its status and code: what node:http lets through,
 * and what not.
 */

/**
 * Name, bytes, status, code. The paths and hosts stand for nothing: no such request gets as far as a route.
 */
export type FramingRefusal = readonly [name: string, bytes: string, status: number, code: string];

/** The head of a good POST, without the line break that ends it. */
export const POST_HEAD = "POST /ok HTTP/1.1\r\nHost: a\r\n";

/** What node:http accepts, so that the gateway itself must refuse it (reliability B6). */
export const refusedByGateway: readonly FramingRefusal[] = [
  // What node:http lets through.
  ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "ambiguous_request"],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400, "ambiguous_request"],
  ["two keys", `${POST_HEAD}Authorization: x\r\nauthorization: x\r\n\r\n`, 400, "ambiguous_request"],
  [
    "two content types",
    `${POST_HEAD}Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n`,
    400,
    "ambiguous_request",
  ],
  [
    "TE gzip, chunked",
    `${POST_HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    400,
    "ambiguous_request",
  ],
  ["TE ,chunked", `${POST_HEAD}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n`, 400, "ambiguous_request"],
  [
    "TE on HTTP/1.0",
    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
    "ambiguous_request",
  ],
  ["absolute form, other host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "ambiguous_request"],
  ["a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "ambiguous_request"],
  ["GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 400, "ambiguous_request"],
  [
    "DELETE with a body",
    "DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
    "ambiguous_request",
  ],
  ["HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "http_version_not_supported"],
  ["HTTP/0.9", "GET /\r\n\r\n", 505, "http_version_not_supported"],
  ["TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed"],
  ["a parent segment", "GET /v1/%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "ambiguous_request"],
  [
    "an unknown expectation",
    `${POST_HEAD}Expect: 200-maybe\r\nContent-Length: 1\r\n\r\n`,
    417,
    "expectation_failed",
  ],
];

/** What node:http refuses: then the answer is ours all the same. */
export const refusedByNode: readonly FramingRefusal[] = [
  ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, "method_not_allowed"],
  ["a bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400, "ambiguous_request"],
  ["a bare CR", "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400, "ambiguous_request"],
  ["a folded line", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400, "ambiguous_request"],
  ["NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400, "ambiguous_request"],
  ["a control in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n", 400, "ambiguous_request"],
  ["DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n", 400, "ambiguous_request"],
  ["an empty name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400, "ambiguous_request"],
  [
    "a blank before the colon",
    `${POST_HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    400,
    "ambiguous_request",
  ],
  ["two lengths", `${POST_HEAD}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, 400, "ambiguous_request"],
  ["a list of lengths", `${POST_HEAD}Content-Length: 1, 1\r\n\r\nx`, 400, "ambiguous_request"],
  ["a signed length", `${POST_HEAD}Content-Length: +1\r\n\r\nx`, 400, "ambiguous_request"],
  ["an empty length", `${POST_HEAD}Content-Length:\r\n\r\nx`, 400, "ambiguous_request"],
  ["a huge length", `${POST_HEAD}Content-Length: ${"9".repeat(30)}\r\n\r\nx`, 400, "ambiguous_request"],
  [
    "CL then TE",
    `${POST_HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    "ambiguous_request",
  ],
  [
    "TE then CL",
    `${POST_HEAD}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n`,
    400,
    "ambiguous_request",
  ],
  [
    "TE twice",
    `${POST_HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    "ambiguous_request",
  ],
  ["TE identity", `${POST_HEAD}Transfer-Encoding: identity\r\n\r\nx`, 400, "ambiguous_request"],
  [
    "TE chunked, identity",
    `${POST_HEAD}Transfer-Encoding: chunked, identity\r\n\r\nx`,
    400,
    "ambiguous_request",
  ],
  ["a lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "ambiguous_request"],
  ["raw non-ASCII in the URL", "GET /caf\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "ambiguous_request"],
  ["HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "http_version_not_supported"],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version_not_supported"],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400, "ambiguous_request"],
  ["a URL of 20 kB", `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, "uri_too_long"],
  ["a header of 20 kB", `${POST_HEAD}X: ${"a".repeat(20_000)}\r\n\r\n`, 431, "headers_too_large"],
];

/** Bodies in chunks that no two readers would end at the same byte, or that promise another length. */
export const brokenChunks: readonly (readonly [name: string, bytes: string])[] = [
  ["a chunk size in hexadecimal", "0x1\r\nx\r\n0\r\n\r\n"],
  ["a signed chunk size", "+1\r\nx\r\n0\r\n\r\n"],
  ["a chunk longer than it says", "1\r\nxy\r\n0\r\n\r\n"],
  ["a huge chunk size", `${"f".repeat(20)}\r\nx`],
  ["a chunk extension with a bare LF", "1;a\nx\r\n0\r\n\r\n"],
  ["a length in the trailers", "1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\n"],
];
