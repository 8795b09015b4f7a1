/** Reads YAML into plain values and remembers where each one stands, so that every fault has its line. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Reason } from "./problem.ts";
import { type Environment, substitute } from "./substitution.ts";

export const CONFIG_BYTES_MAX = 1_048_576;
const DEPTH_MAX = 16;
const VALUES_MAX = 20_000;
/** The first faults of a broken syntax say it; those behind them are echoes. */
const SYNTAX_FAULTS_MAX = 3;

export type Path = readonly (string | number)[];

export type Position = { readonly line: number; readonly column: number };

export type Fault = Position & { readonly path: Path; readonly reason: Reason };

export type YamlTree = {
  /** Objects without a prototype, arrays, texts, numbers, booleans and null. */
  readonly value: unknown;
  /** Values that came out of the environment in part or whole: texts, whatever they look like. */
  readonly substituted: readonly Path[];
  /** Where the value stands, or the nearest thing around it. */
  positionOf(path: Path): Position;
  /** Where the name of a setting stands. */
  namePositionOf(path: Path): Position;
};

export type YamlReading =
  | { readonly kind: "ok"; readonly tree: YamlTree }
  | { readonly kind: "broken"; readonly faults: readonly Fault[] };

function pathKey(path: Path): string {
  return path.join("\u0000");
}

class TreeReader {
  readonly #environment: Environment;
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, Node>();
  readonly #valueOffsets = new Map<string, number>();
  readonly #nameOffsets = new Map<string, number>();
  readonly faults: Fault[] = [];
  readonly substituted: Path[] = [];
  #values = 0;

  constructor(environment: Environment, lines: LineCounter) {
    this.#environment = environment;
    this.#lines = lines;
  }

  position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #nearest(offsets: readonly Map<string, number>[], path: Path): Position {
    for (let length = path.length; length >= 0; length--) {
      const key = pathKey(path.slice(0, length));
      for (const candidates of offsets) {
        const offset = candidates.get(key);
        if (offset !== undefined) return this.position(offset);
      }
    }
    return { line: 1, column: 1 };
  }

  positionOf(path: Path): Position {
    return this.#nearest([this.#valueOffsets, this.#nameOffsets], path);
  }

  namePositionOf(path: Path): Position {
    return this.#nearest([this.#nameOffsets, this.#valueOffsets], path);
  }

  #fault(offset: number, path: Path, reason: Reason): undefined {
    this.faults.push({ ...this.position(offset), path, reason });
    return undefined;
  }

  /** The plain value of a node; undefined where a fault has been noted. */
  read(node: unknown, path: Path, offset: number): unknown {
    const at = (node as Node | null)?.range?.[0] ?? offset;
    this.#valueOffsets.set(pathKey(path), at);
    if (++this.#values > VALUES_MAX) {
      return this.#values === VALUES_MAX + 1 ? this.#fault(at, path, { kind: "too-many-values" }) : undefined;
    }
    if (path.length > DEPTH_MAX) return this.#fault(at, path, { kind: "too-deep" });
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      const detail = `there is no anchor &${node.source} before this alias`;
      if (target === undefined)
        return this.#fault(at, path, { kind: "yaml", detail, nearSubstitution: false });
      return this.read(target, path, at);
    }
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node);
    }
    if (isMap(node)) return this.#readMap(node.items, path, at);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index], at));
    if (isScalar(node)) return this.#readScalar(node.value, node.source, path, at);
    return this.#fault(at, path, { kind: "blank" });
  }

  #readMap(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    path: Path,
    offset: number,
  ): object {
    const object: { [name: string]: unknown } = Object.create(null);
    for (const { key, value } of pairs) {
      const at = (key as Node | null)?.range?.[0] ?? offset;
      if (!isScalar(key) || key.value === null || typeof key.value === "object") {
        this.#fault(at, path, { kind: "name-not-text" });
        continue;
      }
      const name = typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
      const valuePath = [...path, name];
      if (name === "__proto__") {
        const expects = { en: "something else", zh: "其他文本" };
        this.#fault(at, valuePath, { kind: "unusable-name", expects });
        continue;
      }
      if (Object.hasOwn(object, name)) {
        this.#fault(at, valuePath, { kind: "set-twice", name });
        continue;
      }
      this.#nameOffsets.set(pathKey(valuePath), at);
      object[name] = this.read(value, valuePath, at);
    }
    return object;
  }

  #readScalar(value: unknown, source: string | undefined, path: Path, offset: number): unknown {
    // A line cut off after its colon must not pass for a null that was meant.
    if (value === null && (source === undefined || source === "")) {
      return this.#fault(offset, path, { kind: "blank" });
    }
    if (typeof value !== "string" || !value.includes("${")) return value;
    const result = substitute(value, this.#environment);
    if (result.kind !== "ok") return this.#fault(offset, path, result);
    if (result.substituted) this.substituted.push(path);
    return result.text;
  }
}

function lineAt(text: string, line: number): string {
  return text.split("\n", line)[line - 1] ?? "";
}

function syntaxReason(detail: string, line: string): Reason {
  // The parser recurses; where the stack ends, some of its parts say so as an error of the document.
  if (detail.includes("call stack")) return { kind: "too-deep" };
  return { kind: "yaml", detail, nearSubstitution: line.includes("${") };
}

/** Reads one document. Never throws: whatever the text is, it is a tree or at least one fault with a line. */
export function readYaml(text: string, environment: Environment): YamlReading {
  const lines = new LineCounter();
  const reader = new TreeReader(environment, lines);
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // The library compares every name with every other; the walk below needs one look-up each.
      uniqueKeys: false,
      strict: true,
    });
    const syntax = [...document.errors, ...document.warnings];
    if (syntax.length > 0) {
      const faults = syntax.slice(0, SYNTAX_FAULTS_MAX).map((error): Fault => {
        const position = reader.position(error.pos[0]);
        return { ...position, path: [], reason: syntaxReason(error.message, lineAt(text, position.line)) };
      });
      return { kind: "broken", faults };
    }
    const value = document.contents === null ? Object.create(null) : reader.read(document.contents, [], 0);
    if (reader.faults.length > 0) return { kind: "broken", faults: reader.faults };
    const tree: YamlTree = {
      value,
      substituted: reader.substituted,
      positionOf: (path) => reader.positionOf(path),
      namePositionOf: (path) => reader.namePositionOf(path),
    };
    return { kind: "ok", tree };
  } catch (error) {
    const detail = error instanceof Error ? error.message : "this cannot be read";
    const reason = syntaxReason(detail, "");
    return { kind: "broken", faults: [{ line: 1, column: 1, path: [], reason }] };
  }
}
