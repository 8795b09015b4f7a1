/** The window of a minute: what leaves it, and when. */
import { describe, expect, test } from "vitest";
import { MinuteWindow, REQUESTS, TOKENS } from "../../../src/limits/minute-window.ts";
import { Seeded } from "../../support/seeded.ts";

function at(window: MinuteWindow, second: number): { requests: number; tokens: number } {
  window.advance(second);
  return { requests: window.requests, tokens: window.tokens };
}

describe("a minute's window", () => {
  test("what was taken stays for 60 seconds after its own, and is gone with the next", () => {
    const window = new MinuteWindow();
    window.advance(7);
    window.take(7, 1, 50);
    window.take(7, 1, 5);
    expect(at(window, 67)).toEqual({ requests: 2, tokens: 55 });
    expect(at(window, 68)).toEqual({ requests: 0, tokens: 0 });
    expect(window.isEmpty).toBe(true);
  });

  test("puts back only into a slot that is still there", () => {
    const window = new MinuteWindow();
    for (const second of [1, 4, 5, 30]) {
      window.advance(second);
      window.take(second, 1, 10);
    }
    window.giveBack(4, 1, 10);
    window.giveBack(3, 1, 10);
    window.giveBack(31, 1, 10);
    expect(at(window, 30)).toEqual({ requests: 3, tokens: 30 });
    expect(at(window, 64)).toEqual({ requests: 2, tokens: 20 });
    window.giveBack(1, 1, 10);
    expect(at(window, 64)).toEqual({ requests: 2, tokens: 20 });
    expect(at(window, 91)).toEqual({ requests: 0, tokens: 0 });
    window.giveBack(30, 1, 10);
    expect(at(window, 91)).toEqual({ requests: 0, tokens: 0 });
  });

  test("knows the second in which so much has left", () => {
    const window = new MinuteWindow();
    for (const second of [10, 20, 30]) {
      window.advance(second);
      window.take(second, 1, second);
    }
    expect(window.secondOfRelease(REQUESTS, 1)).toBe(71);
    expect(window.secondOfRelease(REQUESTS, 3)).toBe(91);
    expect(window.secondOfRelease(TOKENS, 10)).toBe(71);
    expect(window.secondOfRelease(TOKENS, 11)).toBe(81);
    expect(window.secondOfRelease(TOKENS, 60)).toBe(91);
  });

  test.each([1, 2, 3, 4, 5])("counts as a list of all that happened would (seed %d)", (seed) => {
    const chance = new Seeded(seed);
    const window = new MinuteWindow();
    const events: { second: number; tokens: number }[] = [];
    let second = 0;
    for (let step = 0; step < 3_000; step++) {
      second += chance.pick([0, 0, 0, 1, 1, 2, chance.below(90)]);
      window.advance(second);
      const event = events[chance.below(events.length)];
      if (event !== undefined && chance.below(3) === 0) {
        const tokens = chance.below(event.tokens + 1);
        window.giveBack(event.second, 0, tokens);
        event.tokens -= tokens;
      } else {
        const tokens = chance.below(100);
        window.take(second, 1, tokens);
        events.push({ second, tokens });
      }
      const live = events.filter((past) => past.second >= second - 60);
      expect(window.requests).toBe(live.length);
      expect(window.tokens).toBe(live.reduce((sum, past) => sum + past.tokens, 0));
    }
  });
});
