/** Decodes as strictly as Ark does: a member that a shape does not name is refused (ark-api 5.6). */
import { ArkRefusal } from "../error-envelope.ts";
import { isObject } from "../json-value.ts";

export type Shape =
  /** A value that is looked at elsewhere, or an object with members of the caller's own. */
  | { readonly kind: "any" }
  | { readonly kind: "list"; readonly of: Shape }
  | { readonly kind: "object"; readonly members: { readonly [name: string]: Shape } }
  | {
      readonly kind: "tagged";
      /** What an unknown type is called in the refusal: `tool`, `input item`. */
      readonly what: string;
      readonly types: { readonly [type: string]: Shape };
      /** What an object without `type` is; null where it needs one. */
      readonly untyped: Shape | null;
    };

export const any: Shape = { kind: "any" };

export function list(of: Shape): Shape {
  return { kind: "list", of };
}

/** An object with these members, each of which is looked at elsewhere, and with others that have a shape. */
export function object(names: readonly string[], shaped: { readonly [name: string]: Shape } = {}): Shape {
  const members = Object.fromEntries(names.map((name) => [name, any]));
  return { kind: "object", members: { ...members, ...shaped } };
}

export function tagged(
  what: string,
  types: { readonly [type: string]: Shape },
  untyped: Shape | null = null,
): Shape {
  return { kind: "tagged", what, types, untyped };
}

function checkTagged(value: unknown, shape: Extract<Shape, { kind: "tagged" }>): void {
  if (!isObject(value)) return;
  const type = value["type"];
  const named = typeof type === "string" && Object.hasOwn(shape.types, type) ? shape.types[type] : undefined;
  const known = type === undefined ? shape.untyped : named;
  if (known === undefined || known === null) {
    throw new ArkRefusal("InvalidParameter", `unknown ${shape.what} type: ${String(type ?? "")}`);
  }
  checkShape(value, known);
}

/** Values of another kind than the shape's are let pass: whoever reads them says what they must be. */
export function checkShape(value: unknown, shape: Shape): void {
  switch (shape.kind) {
    case "any":
      return;
    case "list":
      if (Array.isArray(value)) for (const item of value) checkShape(item, shape.of);
      return;
    case "tagged":
      checkTagged(value, shape);
      return;
    case "object":
      if (!isObject(value)) return;
      for (const [name, member] of Object.entries(value)) {
        const known = Object.hasOwn(shape.members, name) ? shape.members[name] : undefined;
        if (known === undefined) {
          throw new ArkRefusal("InvalidParameter", `json: unknown field ${JSON.stringify(name)}`);
        }
        checkShape(member, known);
      }
      return;
    default:
      shape satisfies never;
  }
}
