/** How the tests run that only a release needs, one at a time: they measure. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/release/**/*.test.ts"],
    testTimeout: 300_000,
    pool: "forks",
    maxWorkers: 1,
  },
});
