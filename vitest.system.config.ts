/** How the tests run that need more than `npm ci` gives: system packages, and the real clients' packages. */
import { defineConfig } from "vitest/config";
import { ClientResults } from "./test/support/client-results.ts";

export default defineConfig({
  test: {
    include: ["test/system/**/*.test.ts", "test/clients/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", new ClientResults()],
  },
});
