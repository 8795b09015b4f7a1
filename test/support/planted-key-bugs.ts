/** Defects of keys, limits and the admin API that must not live; each names a test that sees it. */
import type { PlantedBug } from "./planted-bugs.ts";

const RESTART = "test/end-to-end/limits-restart.test.ts";

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
    test: "test/property/keys.test.ts",
    named: "share all but the last character",
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
];
