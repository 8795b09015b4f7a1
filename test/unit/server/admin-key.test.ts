/** Proves how the admin key is made and checked, and how long guessers are kept out. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/core/errors.ts";
import {
  AdminGate,
  adminKeyAtStart,
  adminKeyHash,
  newAdminKey,
} from "../../../src/server/admin/admin-key.ts";

const KEY = "vp-admin-test-key";

class Time {
  ms = 0;
  monotonicMs = (): number => this.ms;
}

function gateAt(time: Time, key: string | null = KEY): AdminGate {
  return new AdminGate(() => (key === null ? null : adminKeyHash(key)), time);
}

/** The error that a check ends in; null where it lets in. */
function refusal(gate: AdminGate, authorization: string | undefined, address = "a"): GatewayError | null {
  try {
    gate.check(authorization, address);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    return error as GatewayError;
  }
}

describe("the key", () => {
  test("has 160 bits in 32 digits of base 32, and no two are alike", () => {
    const keys = Array.from({ length: 2_000 }, newAdminKey);
    for (const key of keys) expect(key).toMatch(/^vp-admin-[a-z2-7]{32}$/);
    expect(new Set(keys).size).toBe(keys.length);
    // Each digit of the alphabet at each of the places: none is stuck, none is left out.
    for (let place = 0; place < 32; place++) {
      expect(new Set(keys.map((key) => key[9 + place])).size).toBe(32);
    }
  });

  test("is known by its SHA-256", () => {
    expect(adminKeyHash(KEY)).toBe(createHash("sha256").update(KEY).digest("hex"));
  });

  test("a configured one goes before the stored, the stored before a new one", () => {
    expect(adminKeyAtStart(KEY, "00")).toEqual({ hash: adminKeyHash(KEY), made: null });
    expect(adminKeyAtStart(null, "00")).toEqual({ hash: "00", made: null });
    const { hash, made } = adminKeyAtStart(null, null);
    expect(made).toMatch(/^vp-admin-/);
    expect(hash).toBe(adminKeyHash(made ?? ""));
  });
});

describe("the gate", () => {
  test.each([`Bearer ${KEY}`, `bearer ${KEY}`, `BEARER   ${KEY}  `])("%j is let in", (header) => {
    expect(refusal(gateAt(new Time()), header)).toBeNull();
  });

  test("says the same whatever is wrong", () => {
    const wrong = [
      undefined,
      "",
      KEY,
      "Bearer",
      "Bearer ",
      `Basic ${KEY}`,
      `Bearer ${KEY}x`,
      "Bearer \u00e9",
    ];
    const told = wrong.map((header, index) => refusal(gateAt(new Time()), header, String(index)));
    expect(new Set(told.map((error) => error?.message)).size).toBe(1);
    for (const error of told) {
      expect(error).toMatchObject({ code: "invalid_api_key", status: 401 });
      expect(error?.details.headers).toEqual({ "www-authenticate": "Bearer" });
      expect(error?.message).not.toContain(KEY);
    }
  });

  test("lets nobody in where there is no key", () => {
    for (const header of [undefined, "Bearer ", `Bearer ${KEY}`]) {
      expect(refusal(gateAt(new Time(), null), header)?.status).toBe(401);
    }
  });

  test("ten wrong keys within a minute are told so, the eleventh waits; the right one never does", () => {
    const time = new Time();
    const gate = gateAt(time);
    for (let failure = 0; failure < 10; failure++) {
      expect(refusal(gate, "Bearer wrong")?.status).toBe(401);
      time.ms += 1_000;
    }
    expect(refusal(gate, "Bearer wrong")).toMatchObject({
      code: "rate_limit_exceeded",
      details: { retryAfterSeconds: 50 },
    });
    expect(refusal(gate, `Bearer ${KEY}`)).toBeNull();
    expect(refusal(gate, "Bearer wrong", "another address")?.status).toBe(401);
    time.ms = 59_999;
    expect(refusal(gate, "Bearer wrong")).toMatchObject({ details: { retryAfterSeconds: 1 } });
    time.ms = 60_000;
    expect(refusal(gate, "Bearer wrong")?.status).toBe(401);
  });

  test("calls without a key are no guesses", () => {
    const gate = gateAt(new Time());
    for (let call = 0; call < 20; call++) expect(refusal(gate, undefined)?.status).toBe(401);
    expect(gate.addresses).toBe(0);
  });

  test("a thousand addresses are remembered; one more takes the oldest's place", () => {
    const gate = gateAt(new Time());
    for (let failure = 0; failure < 10; failure++) refusal(gate, "Bearer wrong", "first");
    for (let address = 1; address < 1_000; address++) refusal(gate, "Bearer wrong", String(address));
    expect(gate.addresses).toBe(1_000);
    expect(refusal(gate, "Bearer wrong", "first")?.status).toBe(429);
    refusal(gate, "Bearer wrong", "one more");
    expect(gate.addresses).toBe(1_000);
    expect(refusal(gate, "Bearer wrong", "first")?.status).toBe(401);
  });
});
