/** The order in which addresses are tried. */
import { describe, expect, test } from "vitest";
import { ADDRESSES_MAX, interleave } from "../../src/upstreams/address-race.ts";

const six = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ address: `::${at + 1}`, family: 6 }));
const four = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ address: `10.0.0.${at}`, family: 4 }));
const order = (addresses: readonly { address: string }[]) => addresses.map(({ address }) => address);

describe("interleave", () => {
  test("lets the families take turns, the resolver's first one first", () => {
    expect(order(interleave([...six(3), ...four(1)]))).toEqual(["::1", "10.0.0.0", "::2", "::3"]);
    expect(order(interleave([...four(2), ...six(2)]))).toEqual(["10.0.0.0", "::1", "10.0.0.1", "::2"]);
    expect(interleave([])).toEqual([]);
  });

  test("keeps as many as the bound, and not one more", () => {
    expect(interleave(four(ADDRESSES_MAX)).length).toBe(ADDRESSES_MAX);
    expect(interleave(four(ADDRESSES_MAX + 1)).length).toBe(ADDRESSES_MAX);
  });
});
