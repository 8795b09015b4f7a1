/** Proves that the files that ship are whole: the example, the JSON Schema and its page. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { configurationPage } from "../../../scripts/configuration-page.ts";
import { configJsonSchema, configJsonSchemaText } from "../../../src/config/json-schema.ts";
import { good } from "./reading.ts";

const shipped = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), "utf8");

describe("what is generated", () => {
  test("config.schema.json is not stale: `npm run docs` writes it", () => {
    expect(shipped("config.schema.json")).toBe(configJsonSchemaText());
  });

  test("docs/configuration.md is not stale: `npm run docs` writes it", () => {
    expect(shipped("docs/configuration.md")).toBe(configurationPage());
  });
});

describe("the JSON Schema", () => {
  type Node = {
    properties?: Record<string, Node>;
    additionalProperties?: Node | false;
    [name: string]: unknown;
  };
  const schema = configJsonSchema() as Node;

  test("says its dialect and knows every section", () => {
    expect(schema["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(Object.keys(schema.properties ?? {})).toEqual([
      "server",
      "control",
      "auth",
      "upstreams",
      "models",
      "responses",
      "reasoning",
      "compat",
      "default_model",
      "passthrough_models",
      "timeouts",
      "heartbeat",
      "retries",
      "ledger",
      "limits",
    ]);
  });

  test("refuses unknown names, and describes every setting", () => {
    const open: string[] = [];
    const silent: string[] = [];
    const walk = (node: Node, path: string): void => {
      if (node["type"] === "object" && node.additionalProperties === undefined) open.push(path);
      for (const [name, below] of Object.entries(node.properties ?? {})) {
        if (typeof below["description"] !== "string") silent.push(`${path}.${name}`);
        walk(below, `${path}.${name}`);
      }
      if (typeof node.additionalProperties === "object") walk(node.additionalProperties, `${path}.*`);
      for (const option of (node["anyOf"] as Node[] | undefined) ?? []) walk(option, path);
    };
    walk(schema, "");
    expect({ open, silent }).toEqual({ open: [], silent: [] });
  });

  test("has the defaults, and lets a reference stand for a number", () => {
    const port = schema.properties?.["server"]?.properties?.["port"];
    expect(port?.["default"]).toBe(5_000);
    expect(port?.["anyOf"]).toContainEqual({ $ref: "#/$defs/substitution" });
  });
});

describe("the example", () => {
  const text = shipped("examples/volcano-proxy.yaml");

  test("names the schema on its first line, and fits a screen", () => {
    expect(text.split("\n")[0]).toBe("# yaml-language-server: $schema=../config.schema.json");
    expect(text.split("\n").length).toBeLessThanOrEqual(45);
  });

  test("reads without a warning, and means what it says", () => {
    const { config, warnings } = good(text);
    expect(warnings).toEqual([]);
    expect(config.server).toMatchObject({ port: 5_000, corsOrigins: ["https://chat.example.com"] });
    expect(config.models.map((model) => [model.alias, model.targets[0]?.model])).toEqual([
      ["deepseek-r1", "deepseek-v4-pro-ga-260813"],
      ["deepseek-v3", "deepseek-v4-flash-ga-260731"],
      ["deepseek-r1-distill-qwen-7b", "doubao-seed-2-0-mini-260428"],
      ["fast", "doubao-seed-2-0-lite-260428"],
      ["gpt-4*", "doubao-seed-2-1-turbo-260628"],
    ]);
    expect(good(text, { ARK_API_KEY: "k", PORT: "6000" }).config.server).toMatchObject({
      host: "0.0.0.0",
      port: 6_000,
    });
    expect(good(text, { ARK_API_KEY: "k" }).config.auth.mode).toBe("keys");
  });
});
