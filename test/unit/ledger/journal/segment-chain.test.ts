/** The journal's segments are remembered for as long as the ledger's thread may have to hear of them. */
import { expect, test } from "vitest";
import { SegmentChain } from "../../../../src/ledger/journal/segment-chain.ts";
import { FailingDisk } from "../../../support/failing-disk.ts";

const SEGMENT_BYTES = 4_096;

function chainOf(segments: number): SegmentChain {
  const disk = new FailingDisk();
  const chain = new SegmentChain({
    folder: "/journal",
    disk,
    segmentBytes: SEGMENT_BYTES,
    frameBytesMax: 1_024,
    syncs: true,
  });
  for (let segment = 1; segment <= segments; segment++) {
    disk.addSegment(segment, SEGMENT_BYTES);
    chain.addSpare(segment);
  }
  return chain;
}

test("a segment that ends after all of it was read is told of until the thread is through with it", () => {
  const chain = chainOf(3);
  chain.append("line\n");
  const read = chain.position;
  if (read === null) throw new Error("nothing was written");
  // As when a sync fails for the second time: nothing is written elsewhere yet.
  chain.renounce();
  chain.forget(read);
  expect(chain.ended).toEqual([read]);
  expect(chain.segments).toEqual([1, 2, 3]);
  chain.forget({ segment: read.segment + 1, offset: 0 });
  expect(chain.ended).toEqual([]);
  expect(chain.segments).toEqual([2, 3]);
});

test("a segment that was never written to is told of, too", () => {
  const chain = chainOf(1);
  chain.renounce();
  chain.forget({ segment: 1, offset: 0 });
  expect(chain.ended).toEqual([{ segment: 1, offset: 0 }]);
  chain.forget({ segment: 2, offset: 0 });
  expect(chain.ended).toEqual([]);
});
