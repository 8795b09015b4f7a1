/** Proves how the flags of `keys create` and `keys rotate` are read, and that a wrong one is named. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Flags } from "../../../src/commands/flags.ts";
import { readKeyDraft, readOverlap } from "../../../src/commands/keys/key-draft.ts";
import { DAY_MS } from "../../../src/core/beijing-day.ts";

const now = Date.parse("2026-11-22T10:00:00Z");
const named = (flags: Flags): Flags => ({ name: "ci", ...flags });

describe("a draft", () => {
  test("of a name alone limits nothing", () => {
    expect(readKeyDraft({ name: " ci " }, now)).toEqual({ kind: "ok", draft: { name: "ci", limits: {} } });
  });

  test("of every flag", () => {
    const flags: Flags = {
      name: "构建",
      owner: "team-a",
      models: "doubao-*, fast",
      budget: "0.1cny/day,2000tokens",
      requestsPerMinute: 60,
      tokensPerMinute: 100_000,
      concurrent: 3,
      expires: "90d",
      tags: "ci, nightly",
    };
    expect(readKeyDraft(flags, now)).toEqual({
      kind: "ok",
      draft: {
        name: "构建",
        owner: "team-a",
        models: ["doubao-*", "fast"],
        limits: {
          budgets: [
            { cny: 0.1, per: "day" },
            { tokens: 2_000, per: "all" },
          ],
          requests_per_minute: 60,
          tokens_per_minute: 100_000,
          concurrent: 3,
        },
        expires_at: "2027-02-20T10:00:00.000Z",
        tags: ["ci", "nightly"],
      },
    });
  });

  test.each([
    ["1s", now + 1_000],
    ["3650d", now + 3_650 * DAY_MS],
    // The day that is named is the last on which the key opens, in Beijing.
    ["2026-11-22", Date.parse("2026-11-22T16:00:00Z")],
    ["2026-12-31", Date.parse("2026-12-31T16:00:00Z")],
  ])("--expires %s", (expires, expected) => {
    const reading = readKeyDraft(named({ expires }), now);
    expect(reading).toMatchObject({ draft: { expires_at: new Date(expected).toISOString() } });
  });

  test.each<[Flags, string]>([
    [{ expires: "2026-11-21" }, "expires"],
    [{ expires: "2026-02-30" }, "expires"],
    [{ expires: "3651d" }, "expires"],
    [{ expires: "2126-11-22" }, "expires"],
    [{ expires: "0s" }, "expires"],
    [{ expires: "-1d" }, "expires"],
    [{ expires: "soon" }, "expires"],
    [{ budget: "100" }, "budget"],
    [{ budget: "1cny,1cny" }, "budget"],
    [{ models: "a,,b" }, "models"],
    [{ models: Array.from({ length: 257 }, (_, index) => `m${index}`).join(",") }, "models"],
    [{ tags: "a,a" }, "tags"],
    [{ tags: "" }, "tags"],
    [{ owner: " " }, "owner"],
    [{ owner: "o".repeat(129) }, "owner"],
    [{ name: " " }, "name"],
    [{ name: "a\u001b[31m" }, "name"],
    [{ owner: "a\u202eb" }, "owner"],
    [{ models: "two words" }, "models"],
    [{ tags: "a\nb" }, "tags"],
    [{ name: "n".repeat(129) }, "name"],
  ])("refused: %#", (flags, flag) => {
    const reading = readKeyDraft(named(flags), now);
    expect(reading).toMatchObject({ kind: "wrong", flag });
    if (reading.kind !== "wrong") return;
    for (const text of Object.values(reading.sentence)) {
      expect(text).toContain(`--${flag}`);
      expect(text).not.toMatch(/another value|其他值/);
    }
  });

  test("the longest name and owner that are taken", () => {
    const long = "n".repeat(128);
    expect(readKeyDraft({ name: long, owner: long }, now)).toMatchObject({
      draft: { name: long, owner: long },
    });
  });

  test("whatever is typed: a draft, or the flag that is wrong", () => {
    const text = fc.option(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("1d", "a,b")), {
      nil: undefined,
    });
    const typed = fc.record({
      name: fc.string({ unit: "binary" }),
      owner: text,
      models: text,
      budget: text,
      expires: text,
      tags: text,
    });
    fc.assert(
      fc.property(typed, (flags) => {
        const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
        const reading = readKeyDraft(given, now);
        if (reading.kind === "wrong") {
          expect(Object.keys(given)).toContain(reading.flag);
        } else {
          expect(reading.draft.name).toBe(flags.name.trim());
          expect(Date.parse(reading.draft.expires_at ?? "9999-01-01T00:00:00Z")).toBeGreaterThan(now);
        }
      }),
    );
  });
});

describe("an overlap", () => {
  test.each([
    [undefined, 86_400],
    ["24h", 86_400],
    ["0s", 0],
    ["90s", 90],
    ["30d", 2_592_000],
  ])("%s", (overlap, seconds) => {
    expect(readOverlap(overlap === undefined ? {} : { overlap })).toEqual({ kind: "ok", seconds });
  });

  test.each(["31d", "500ms", "1", "-1s", "day", "2592001s"])("%s is refused", (overlap) => {
    expect(readOverlap({ overlap })).toMatchObject({ kind: "wrong", flag: "overlap" });
  });
});
