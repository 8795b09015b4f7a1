/** Defects of keys, limits and the admin API that must not live; each names a test that sees it. */
import type { PlantedBug } from "./planted-bugs.ts";

const RESTART = "test/end-to-end/limits-restart.test.ts";
const RECOUNT = "test/end-to-end/spending-recount.test.ts";
const IDEMPOTENCY = "test/end-to-end/idempotency.test.ts";
const CANARIES = { test: "test/end-to-end/key-canaries.test.ts", named: "calls whole, streamed" } as const;

export const plantedKeyBugs: readonly PlantedBug[] = [
  {
    name: "a reservation leaks",
    file: "src/limits/call-permit.ts",
    from: "    account.reservedCost -= this.#costMax;\n",
    to: "",
    test: "test/end-to-end/limits.test.ts",
    named: "are never spent beyond by a thousand callers",
  },
  {
    name: "a permit is given back twice",
    file: "src/limits/call-permit.ts",
    from: "    this.#household = null;\n",
    to: "",
    test: "test/contracts/gateway-limits.test.ts",
    named: "what was not used is all given back, once",
  },
  {
    name: "a caller's key stands in the log",
    file: "src/pipeline/authenticate.ts",
    from: "  if (caller !== null) return caller;",
    to: '  house.log.info({ credential }, "a caller");\n  if (caller !== null) return caller;',
    test: "test/end-to-end/figures.test.ts",
    named: "the caller's key is passed on",
  },
  {
    name: "a route is in no table",
    file: "src/server/control.ts",
    from: '  app.get("/healthz", ',
    to: '  app.get("/admin/all-keys", (context) => context.json([]));\n  app.get("/healthz", ',
    test: "test/end-to-end/admin-matrix.test.ts",
    named: "the table has a row for each route",
  },
  {
    name: "a key is known by its first twenty characters",
    file: "src/keys/new-key.ts",
    from: 'hash("sha256", secret, "hex")',
    to: 'hash("sha256", secret.slice(0, 20), "hex")',
    also: {
      file: "src/keys/key-table.ts",
      from: 'hash("sha256", secret, "latin1")',
      to: 'hash("sha256", secret.slice(0, 20), "latin1")',
    },
    test: "test/property/keys.test.ts",
    named: "what differs in one character",
  },
  {
    name: "what earlier runs have spent is forgotten",
    file: "src/app/foundation.ts",
    from: "limits.restore(spending, asOfWallMs);",
    to: "limits.restore(spending.slice(0, 0), asOfWallMs);",
    test: RESTART,
    named: "a budget holds across a restart",
  },
  {
    name: "what is to be done once is done again after a restart",
    file: "src/app/foundation.ts",
    from: "      idempotency.restore(text, requestId, openedAtWallMs);",
    to: "      if (openedAtWallMs < 0) idempotency.restore(text, requestId, openedAtWallMs);",
    test: RESTART,
    named: "is not done again after a restart",
  },
  {
    name: "a wrong key stands in the log",
    file: "src/pipeline/authenticate.ts",
    from: "  if (credential !== null) refuseGuesser(house, visit);",
    to:
      "  if (credential !== null) refuseGuesser(house, visit);\n" +
      '  house.log.debug({ requestId: visit.id }, "a wrong key: ".concat(String(credential).slice(6)));',
    ...CANARIES,
  },
  {
    name: "a hint gives twelve digits of a key away",
    file: "src/keys/new-key.ts",
    from: "const HINT_DIGITS = 4;",
    to: "const HINT_DIGITS = 12;",
    ...CANARIES,
  },
  {
    name: "a row has the client's Idempotency-Key",
    file: "src/pipeline/row.ts",
    from: "    idempotency: once?.text ?? null,",
    to: "    idempotency: once === null ? null : head.idempotencyKey,",
    ...CANARIES,
  },
  {
    name: "a page is in no table",
    file: "src/pipeline/endpoint.ts",
    from: '{ readonly kind: "alive"; readonly route: "/healthz" }',
    to: '{ readonly kind: "alive"; readonly route: "/healthz" | "/all-keys" }',
    test: "test/end-to-end/data-matrix.test.ts",
    named: null,
  },
  {
    name: "a revocation waits for the disk",
    file: "src/keys/key-desk.ts",
    from: "      this.ring.put(Object.freeze({ ...known, revokedAtWallMs: this.#nowWallMs() }));",
    to:
      "      const gone = { ...known, revokedAtWallMs: this.#nowWallMs() };\n" +
      '      await this.#keep(gone, "key.revoke", actor, {});',
    test: "test/unit/keys/key-desk.test.ts",
    named: "shuts it before anything is written",
  },
  {
    name: "nothing is reserved for thoughts",
    file: "src/pipeline/claim.ts",
    from: "(outputTokensMax ?? ANSWER_TOKENS_DEFAULT) + thoughtTokensMax",
    to: "outputTokensMax ?? ANSWER_TOKENS_DEFAULT + thoughtTokensMax",
    test: "test/unit/pipeline/claim.test.ts",
    named: "max_tokens and the thoughts",
  },
  {
    name: "a call counts on the day of its end",
    file: "src/limits/call-permit.ts",
    from: "    const day = Math.max(this.#day, beijingDayNumber(openedAtWallMs));",
    to: "    const { day } = time;",
    test: RECOUNT,
    named: "over days",
  },
  {
    name: "what was cut off by a kill is free",
    file: "src/ledger/store/interruption.ts",
    from: 'if (group.upstream === "") return',
    to: "if (group.upstream.length >= 0) return",
    test: RECOUNT,
    named: "killed with calls in flight",
  },
  {
    name: "what is to be done once, and was refused, is never done",
    file: "src/keys/idempotency.ts",
    from: "    else this.#book.forget(this);",
    to: "    else this.#book.keep(this);",
    test: IDEMPOTENCY,
    named: "is free again where a limit",
  },
  {
    name: "what is to be done once is done again",
    file: "src/pipeline/account.ts",
    from: "  if (sent !== undefined) course.once?.dispatched();\n",
    to: "",
    test: IDEMPOTENCY,
    named: "is answered once",
  },
];
