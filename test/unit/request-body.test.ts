/** How a body is shaped for the client library: by its size, without copies where it is large. */
import { describe, expect, test } from "vitest";
import { BodySlices, shapeBody, WHOLE_BODY_BYTES_MAX } from "../../src/upstreams/request-body.ts";

function shaped(...pieces: Buffer[]): unknown {
  return shapeBody(
    pieces,
    pieces.reduce((bytes, piece) => bytes + piece.length, 0),
  );
}

describe("shapeBody", () => {
  test("nothing is null", () => {
    expect([shaped(), shaped(Buffer.alloc(0))]).toEqual([null, null]);
  });

  test("one small piece is itself", () => {
    const piece = Buffer.alloc(WHOLE_BODY_BYTES_MAX);
    expect(shaped(piece)).toBe(piece);
  });

  test("small pieces become one", () => {
    expect(shaped(Buffer.from("a"), Buffer.from("b"))).toEqual(Buffer.from("ab"));
  });

  test("one byte more makes slices of the same memory", () => {
    const piece = Buffer.alloc(WHOLE_BODY_BYTES_MAX + 1, 97);
    const slices = [...(shaped(piece) as BodySlices)];
    expect(slices.map((slice) => slice.length)).toEqual([WHOLE_BODY_BYTES_MAX, 1]);
    expect(slices.every((slice) => slice.buffer === piece.buffer)).toBe(true);
  });

  test("slices are let go once they have been taken", () => {
    const slices = new BodySlices([Buffer.from("a"), Buffer.alloc(0), Buffer.from("b")]);
    expect([[...slices], [...slices]].map((all) => Buffer.concat(all).toString())).toEqual(["ab", ""]);
  });
});
