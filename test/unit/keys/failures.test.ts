/** Proves that guessers are held to twenty tries in any minute, and cost a bounded amount of memory. */
import { describe, expect, test } from "vitest";
import { FailedCredentials } from "../../../src/keys/failures.ts";
import { networkOf } from "../../../src/keys/network.ts";
import { Seeded } from "../../support/seeded.ts";

class Time {
  ms = 0;
  monotonicMs = (): number => this.ms;
}

describe("failures of one address", () => {
  test("twenty within a minute are told so, the twenty-first waits until the first is a minute old", () => {
    const time = new Time();
    const failures = new FailedCredentials(time);
    for (let failure = 0; failure < 20; failure++) {
      expect(failures.count("192.0.2.1")).toBeNull();
      time.ms += 1_000;
    }
    expect(failures.count("192.0.2.1")).toBe(40);
    expect(failures.count("192.0.2.2")).toBeNull();
    time.ms = 59_999;
    expect(failures.count("192.0.2.1")).toBe(1);
    time.ms = 60_000;
    expect(failures.count("192.0.2.1")).toBeNull();
    expect(failures.count("192.0.2.1")).toBe(1);
    time.ms = 61_000;
    expect(failures.count("192.0.2.1")).toBeNull();
  });

  test("at most so many are told so in any minute, wherever it begins", () => {
    const time = new Time();
    const chance = new Seeded(7);
    const failures = new FailedCredentials(time, { failuresMax: 5 });
    const told: number[] = [];
    for (let step = 0; step < 20_000; step++) {
      time.ms += chance.below(10) === 0 ? chance.below(90_000) : chance.below(2_000);
      const waitSeconds = failures.count("a");
      if (waitSeconds === null) told.push(time.ms);
      else expect(waitSeconds * 1_000).toBeGreaterThanOrEqual((told.at(-5) ?? 0) + 60_000 - time.ms);
    }
    expect(told.length).toBeGreaterThan(1_000);
    for (const [index, atMs] of told.entries()) {
      const sixthMs = told[index + 5];
      if (sixthMs !== undefined) expect(sixthMs - atMs).toBeGreaterThanOrEqual(60_000);
    }
  });

  test("whoever waits as told is not told to wait again", () => {
    const time = new Time();
    time.ms = 0.75;
    const failures = new FailedCredentials(time, { failuresMax: 1 });
    expect(failures.count("a")).toBeNull();
    time.ms = 100.5;
    const waitSeconds = failures.count("a") ?? 0;
    time.ms += waitSeconds * 1_000;
    expect(failures.count("a")).toBeNull();
  });
});

describe("addresses", () => {
  test("a thousand are remembered; one more takes the place of the first", () => {
    const failures = new FailedCredentials(new Time(), { failuresMax: 1 });
    failures.count("first");
    for (let address = 1; address < 1_000; address++) failures.count(String(address));
    expect(failures.addresses).toBe(1_000);
    expect(failures.count("first")).toBe(60);
    expect(failures.count("one more")).toBeNull();
    expect(failures.addresses).toBe(1_000);
    expect(failures.count("1")).toBe(60);
    expect(failures.count("first")).toBeNull();
  });

  test("all 2^64 of one IPv6 network count as one", () => {
    const failures = new FailedCredentials(new Time());
    for (let host = 1; host <= 20; host++) expect(failures.count(`2001:db8:0:7::${host}`)).toBeNull();
    expect(failures.count("2001:db8:0:7:ffff:ffff:ffff:ffff")).toBe(60);
    expect(failures.count("2001:db8:0:8::1")).toBeNull();
  });

  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["", ""],
    ["::", "0:0:0:0"],
    ["::1", "0:0:0:0"],
    ["2001:db8::", "2001:db8:0:0"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["2001:db8:0:7::1", "2001:db8:0:7"],
    ["2001:DB8:0000:0007:1:2:3:4", "2001:db8:0:7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["1::2:3:4:5:6:7", "1:0:2:3"],
    ["::2:3:4:5:6:7:8", "0:2:3:4"],
    ["fe80::1%eth0", "fe80:0:0:0"],
  ])("%j belongs to %j", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
