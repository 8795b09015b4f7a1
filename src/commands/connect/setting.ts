/** One setting of a client's file, and what becomes of the file's text when settings are put into it. */
import type { Phrase } from "../../core/language.ts";

export type SettingValue =
  | string
  | number
  | boolean
  | readonly SettingValue[]
  | { readonly [member: string]: SettingValue };

export type Setting = {
  /** The names of the tables or objects that it stands in, and its own. */
  readonly path: readonly string[];
  readonly value: SettingValue;
  /** It holds the caller's key: not written where no key was given. */
  readonly isKey?: true;
  /** A matter of taste, such as telemetry: what the file says already stays. */
  readonly isMild?: true;
  /** The value is an item of a list: it takes the place of the one that is equal in these members. */
  readonly sameBy?: readonly string[];
};

export type FileFormat = "json" | "toml" | "dotenv";

export type Edit =
  | { readonly kind: "ok"; readonly text: string; readonly isChanged: boolean }
  /** Nothing may be written; the phrase says why. */
  | { readonly kind: "refused"; readonly reason: Phrase };

/** @param text the file as it is; null where there is none */
export type Editor = (text: string | null, settings: readonly Setting[]) => Edit;

export type Tree = { [member: string]: unknown };

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(tree: Tree, path: readonly string[]): unknown {
  let value: unknown = tree;
  for (const name of path) {
    if (!isTree(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** Puts the setting into the tree. False where something that is no table stands in its way. */
export function putInto(tree: Tree, { path, value, sameBy }: Setting): boolean {
  let place: unknown = tree;
  for (const name of path.slice(0, -1)) {
    if (!isTree(place)) return false;
    // As the parser of TOML makes them, so that the two can be compared.
    if (!Object.hasOwn(place, name)) place[name] = Object.create(null);
    place = place[name];
  }
  const name = path.at(-1) ?? "";
  if (!isTree(place)) return false;
  if (sameBy === undefined) {
    place[name] = value;
    return true;
  }
  const list: unknown = Object.hasOwn(place, name) ? place[name] : [];
  if (!Array.isArray(list)) return false;
  place[name] = withItem(list, value, sameBy);
  return true;
}

function withItem(list: readonly unknown[], item: SettingValue, sameBy: readonly string[]): unknown[] {
  const wanted: unknown = item;
  const at = list.findIndex(
    (other) => isTree(other) && isTree(wanted) && sameBy.every((member) => other[member] === wanted[member]),
  );
  return at < 0 ? [...list, item] : list.with(at, item);
}

/** The settings that are to be put into a file which says this. */
export function dueSettings(tree: Tree, settings: readonly Setting[]): readonly Setting[] {
  return settings.filter(({ path, isMild }) => isMild !== true || valueAt(tree, path) === undefined);
}
