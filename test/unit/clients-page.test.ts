/** Holds docs/clients.md to the results of the real clients' tests, and these to the clients' versions. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { clientResults, clientsPage, packagesOf, versionsOf } from "../../scripts/clients-page.ts";
import { clientNames } from "../../src/commands/connect/client-names.ts";

const page = readFileSync(new URL("../../docs/clients.md", import.meta.url), "utf8");
const manifest = JSON.parse(readFileSync(new URL("../clients/package.json", import.meta.url), "utf8"));

describe("docs/clients.md", () => {
  test("is not stale: `npm run docs` writes it", () => {
    expect(page).toBe(clientsPage());
  });

  test("has a row for each client that was tested, with the versions that are installed", () => {
    expect(Object.keys(packagesOf).toSorted()).toEqual(
      [...new Set(clientResults().map(({ client }) => client))].toSorted(),
    );
    for (const client of Object.keys(packagesOf)) {
      const versions = versionsOf(client);
      expect([client, versions]).toEqual([
        client,
        versions.map(() => expect.stringMatching(/^\d+\.\d+\.\d+$/)),
      ]);
      expect(page).toContain(`| ${client} | ${versions.join(" with ")} |`);
    }
  });

  test("names each client that `connect` knows", () => {
    for (const name of clientNames) expect(page).toContain(`| \`${name}\` | `);
  });
});

describe("the results", () => {
  test("are all good, and of every package that is there to be tested", () => {
    expect(clientResults().filter(({ passed }) => !passed)).toEqual([]);
    const tested = new Set(Object.values(packagesOf).flat());
    const beside = Object.keys(manifest.dependencies).filter((name) => !tested.has(name));
    expect(beside).toEqual(["@langchain/core", "zod"]);
  });
});
