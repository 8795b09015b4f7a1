/** Who comes to the admin API, and what each role may do there. */
import { timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import type { KeyId } from "../../core/ids.ts";
import type { KeyRecord } from "../../keys/key-record.ts";
import { adminKeyHash } from "./admin-key.ts";
import type { AdminOptions } from "./admin-options.ts";

/**
 * `admin`: the admin key, and the command line of this machine: everything. `read_only`: reads everything.
 * `owner`: one of the gateway's own keys: reads what belongs to keys of the same owner.
 */
export const roles = ["admin", "read_only", "owner"] as const;
export type Role = (typeof roles)[number];

export type Visitor =
  | { readonly role: "admin"; readonly actor: "admin" | "local" }
  | { readonly role: "read_only" }
  | { readonly role: "owner"; readonly key: KeyRecord };

/** What every handler behind the gate finds in its context. */
export type AdminEnv = { Variables: { visitor: Visitor } };

type GateParts = Pick<AdminOptions, "hashes" | "failures" | "desk"> & {
  readonly clock: Pick<Clock, "wallMs">;
};

/** Lets in who has a key, and for a while nobody from where too many wrong ones came. */
export class AdminGate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /**
   * @param authorization the header as it came: the one carrier, as no browser sends it by itself
   * @param address whose failures count together
   * @throws GatewayError invalid_api_key, with the same words whatever was wrong; rate_limit_exceeded
   */
  check(authorization: string | undefined, address: string): Visitor {
    const secret = bearerOf(authorization);
    // The right key always opens: whoever shares the operator's address must not be able to lock him out, and
    // nobody guesses sixteen characters over a network.
    const visitor = secret === "" ? null : this.#visitorWith(secret);
    if (visitor !== null) return visitor;
    const waitSeconds = secret === "" ? null : this.#parts.failures.count(address);
    if (waitSeconds !== null) {
      throw new GatewayError(
        "rate_limit_exceeded",
        "There were too many wrong keys from this address. Wait, then try again.",
        { retryAfterSeconds: waitSeconds },
      );
    }
    throw new GatewayError(
      "invalid_api_key",
      "These paths need the admin key: send it as 'Authorization: Bearer <key>'. It was shown when the " +
        "gateway first started; VOLCANO_PROXY_ADMIN_KEY sets another.",
      { headers: { "www-authenticate": "Bearer" } },
    );
  }

  #visitorWith(secret: string): Visitor | null {
    const { hashes, desk, clock } = this.#parts;
    const digest = Buffer.from(adminKeyHash(secret), "hex");
    if (isSame(digest, hashes.admin())) return { role: "admin", actor: "admin" };
    if (isSame(digest, hashes.local())) return { role: "admin", actor: "local" };
    if (isSame(digest, hashes.readOnly())) return { role: "read_only" };
    const key = desk.ring.find(secret, clock.wallMs());
    return key === null ? null : { role: "owner", key };
  }
}

/** Digests of one length are compared, so the time taken tells nothing of the key. */
function isSame(digest: Buffer, hash: string | null): boolean {
  const expected = Buffer.from(hash ?? "", "hex");
  return expected.length === digest.length && timingSafeEqual(expected, digest);
}

/** Empty where there is none: the hash of nothing is no key's. */
function bearerOf(authorization = ""): string {
  const space = authorization.indexOf(" ");
  const isBearer = space > 0 && authorization.slice(0, space).toLowerCase() === "bearer";
  return isBearer ? authorization.slice(space + 1).trim() : "";
}

type RolesOfRoute = {
  middleware: MiddlewareHandler<AdminEnv>;
  security: { bearer: string[] }[];
  "x-roles": Role[];
};

/**
 * The part of a route that says who may use it. For everybody else it is not there, as a model that is not
 * allowed is not.
 */
export function forRoles(...allowed: Role[]): RolesOfRoute {
  const middleware: MiddlewareHandler<AdminEnv> = async (context, next) => {
    const { role } = context.get("visitor");
    if (!allowed.includes(role)) throw nothingFor(role);
    await next();
  };
  return { middleware, security: [{ bearer: [] }], "x-roles": allowed };
}

function nothingFor(role: Role): GatewayError {
  const message =
    role === "owner"
      ? "There is nothing here for a key of the gateway: this needs the admin key."
      : "There is nothing here for a key that only reads: this needs the admin key.";
  return new GatewayError("unsupported_endpoint", message);
}

/** A key without an owner belongs with no other. */
function belongTogether(one: KeyRecord, other: KeyRecord): boolean {
  return one.id === other.id || (one.owner !== null && one.owner === other.owner);
}

/** The one key with this id, where the visitor may know of it. */
export function visibleKey(visitor: Visitor, { ring }: AdminOptions["desk"], id: string): KeyRecord | null {
  const found = ring.get(id as KeyId);
  if (found === null || visitor.role !== "owner") return found;
  return belongTogether(visitor.key, found) ? found : null;
}

/** All keys that the visitor may know of, the oldest first. */
export function visibleKeys(visitor: Visitor, { ring }: AdminOptions["desk"]): readonly KeyRecord[] {
  const all = ring.list();
  return visitor.role === "owner" ? all.filter((key) => belongTogether(visitor.key, key)) : all;
}

/**
 * The keys that rows may be of: those asked for, and of an owner's only his own.
 * @returns undefined for all
 */
export function visibleKeyIds(
  visitor: Visitor,
  desk: AdminOptions["desk"],
  wanted: readonly string[] | undefined,
): readonly string[] | undefined {
  if (visitor.role !== "owner") return wanted;
  const own: readonly string[] = visibleKeys(visitor, desk).map(({ id }) => id);
  return wanted === undefined ? own : own.filter((id) => wanted.includes(id));
}
