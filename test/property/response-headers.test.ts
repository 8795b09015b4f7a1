/** The one pass over an answer's head agrees with a plain reading of it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAnswerHeaders } from "../../src/wire/response-headers.ts";

const wanted = {
  contentType: "content-type",
  contentLength: "content-length",
  contentEncoding: "content-encoding",
  transferEncoding: "transfer-encoding",
  retryAfter: "retry-after",
  clientRequestId: "x-client-request-id",
  requestId: "x-request-id",
} as const;
const names = Object.values(wanted);

/** The names in any case, names of the same length, and any bytes. */
const name = fc.oneof(
  fc
    .tuple(fc.constantFrom(...names), fc.infiniteStream(fc.boolean()))
    .map(([text, upper]) =>
      [...text].map((letter) => (upper.next().value ? letter.toUpperCase() : letter)).join(""),
    ),
  fc.constantFrom(...names).chain((text) => fc.string({ minLength: text.length, maxLength: text.length })),
  fc.string(),
);
const value = fc.oneof(
  fc.constantFrom(
    "",
    "5",
    " 17\t",
    "007",
    "9007199254740991",
    "9007199254740992",
    "5, 5",
    "-1",
    "chunked",
    "gzip",
  ),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);
const head = fc.array(fc.tuple(name, value), { maxLength: 12 });

function plainly(pairs: readonly (readonly [string, string])[], named: string): string[] {
  return pairs
    .filter(([name]) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) === named)
    .map(([, text]) => text.replace(/^[\t ]+|[\t ]+$/g, ""));
}

describe("readAnswerHeaders", () => {
  test("reads what a plain reading reads", () => {
    fc.assert(
      fc.property(head, (pairs) => {
        const latin = pairs.map(
          ([name, text]) => [Buffer.from(name, "latin1").toString("latin1"), text] as const,
        );
        const read = readAnswerHeaders(latin.flat().map((text) => Buffer.from(text, "latin1")));
        for (const member of ["contentType", "retryAfter", "clientRequestId", "requestId"] as const) {
          expect(read[member]).toBe(plainly(latin, wanted[member])[0] ?? null);
        }
        for (const member of ["contentEncoding", "transferEncoding"] as const) {
          const values = plainly(latin, wanted[member]);
          expect(read[member]).toBe(values.length === 0 ? null : values.join(", "));
        }
        const [length = "", ...more] = plainly(latin, wanted.contentLength);
        const isPlain =
          more.length === 0 && /^\d{1,16}$/.test(length) && Number.isSafeInteger(Number(length));
        expect(read.contentLength).toBe(isPlain ? Number(length) : null);
      }),
      { numRuns: 3_000 },
    );
  });

  test("takes a head that ends in a name without its value", () => {
    expect(readAnswerHeaders([Buffer.from("content-type")]).contentType).toBe(null);
  });

  test("does not take a control character for the hyphen that it resembles", () => {
    const names = ["content\rtype", "retry\rafter"].map((name) => Buffer.from(name));
    for (const odd of names) {
      const read = readAnswerHeaders([odd, Buffer.from("1")]);
      expect([read.contentType, read.retryAfter]).toEqual([null, null]);
    }
  });
});
