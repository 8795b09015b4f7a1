/** Invents a value that fits a JSON Schema, for tool arguments and structured answers. */
import { isObject, type JsonObject } from "../json-value.ts";
import type { SeededRandom } from "../random.ts";

const DEPTH_MAX = 8;
const VALUES_MAX = 256;
const words = ["杭州", "amber", "river", "晴", "tea", "lantern", "云南", "north"] as const;

function typeOf(schema: JsonObject): string {
  const type = schema["type"];
  if (typeof type === "string") return type;
  if (Array.isArray(type)) {
    const first: unknown = type.find((name) => name !== "null");
    if (typeof first === "string") return first;
  }
  if (isObject(schema["properties"])) return "object";
  return schema["items"] === undefined ? "string" : "array";
}

function firstOf(schema: JsonObject, name: string): unknown {
  const list = schema[name];
  return Array.isArray(list) && list.length > 0 ? list[0] : undefined;
}

class Inventor {
  readonly #random: SeededRandom;
  readonly #root: JsonObject;
  #valuesLeft = VALUES_MAX;

  constructor(random: SeededRandom, root: JsonObject) {
    this.#random = random;
    this.#root = root;
  }

  /**
   * Null for what is no schema, lies too deep, or comes after too many values: a schema may refer to itself.
   */
  invent(given: unknown, depth: number): unknown {
    if (!isObject(given) || depth > DEPTH_MAX || this.#valuesLeft-- <= 0) return null;
    const schema = this.#resolve(given);
    if (schema["const"] !== undefined) return schema["const"];
    const listed = firstOf(schema, "enum");
    if (listed !== undefined) return listed;
    const branch = firstOf(schema, "anyOf") ?? firstOf(schema, "oneOf") ?? firstOf(schema, "allOf");
    if (branch !== undefined) return this.invent(branch, depth + 1);
    switch (typeOf(schema)) {
      case "object":
        return this.#inventObject(schema, depth);
      case "array":
        return schema["items"] === undefined ? [] : [this.invent(schema["items"], depth + 1)];
      case "integer":
        return this.#random.below(100);
      case "number":
        return this.#random.below(1_000) / 10;
      case "boolean":
        return this.#random.below(2) === 1;
      case "null":
        return null;
      default:
        return this.#random.pick(words);
    }
  }

  #inventObject(schema: JsonObject, depth: number): JsonObject {
    const properties = schema["properties"];
    const invented: [string, unknown][] = [];
    if (isObject(properties)) {
      for (const name of Object.keys(properties)) {
        if (this.#valuesLeft <= 0) break;
        invented.push([name, this.invent(properties[name], depth + 1)]);
      }
    }
    return Object.fromEntries(invented);
  }

  /** The schema itself, or what a local `$ref` such as `#/$defs/City` points to. */
  #resolve(schema: JsonObject): JsonObject {
    const reference = schema["$ref"];
    if (typeof reference !== "string" || !reference.startsWith("#")) return schema;
    let found: unknown = this.#root;
    for (const step of reference.split("/").slice(1)) {
      found = isObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
    }
    return isObject(found) ? found : {};
  }
}

/** A value of the schema's type: its properties, the first of each enum, one item in each array. */
export function inventValue(schema: unknown, random: SeededRandom): unknown {
  return new Inventor(random, isObject(schema) ? schema : {}).invent(schema, 0);
}
