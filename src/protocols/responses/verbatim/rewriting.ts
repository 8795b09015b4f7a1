/** Gathers the splices of one body under the names by which they are told. */
import { type Change, changes, type Repair } from "../../../core/changes.ts";
import type { wantedNames } from "../../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../../wire/json-scan.ts";
import { bySplicePosition, removeMembers, type Splice } from "../../../wire/json-splice.ts";
import type { Rewrite } from "../../door.ts";
import { invalidMember } from "../../read-members.ts";

/** In one body. A body of 64 MiB could ask for millions. */
export const SPLICES_MAX = 20_000;

export type Span = { readonly start: number; readonly end: number };

export class Rewriting {
  readonly #splices: Splice[] = [];
  /** Few, each once. */
  readonly #made: Change[] = [];
  readonly #repairs: ReadonlySet<Repair>;

  constructor(repairs: ReadonlySet<Repair>) {
    this.#repairs = repairs;
  }

  isOn(repair: Repair): boolean {
    return this.#repairs.has(repair);
  }

  /**
   * @param change null where it is told apart, by {@link tell}
   * @throws GatewayError invalid_request beyond {@link SPLICES_MAX}
   */
  add(change: Change | null, splice: Splice): void {
    if (this.#splices.length === SPLICES_MAX) {
      throw invalidMember(
        "input",
        `More than ${SPLICES_MAX} places of this body would have to be changed for Ark. Send less at once.`,
      );
    }
    this.#splices.push(splice);
    if (change !== null) this.tell(change);
  }

  /** Says that a splice of this name is made. */
  tell(change: Change): void {
    if (!this.#made.includes(change)) this.#made.push(change);
  }

  /** In the order of their places; the changes in that of the closed list. */
  finish(): Rewrite {
    const splices = this.#splices;
    if (splices.length > 1) splices.sort(bySplicePosition);
    const told = this.#made;
    const made = told.length > 1 ? changes.filter((name) => told.includes(name)) : told;
    return { splices, changes: made };
  }
}

/** The wanted members of one object by name, and its end; null where one stands twice, or twisted. */
export function membersOf(
  bytes: Buffer,
  start: number,
  limit: number,
  wanted: ReturnType<typeof wantedNames>,
): { readonly members: ReadonlyMap<string, JsonMember> | null; readonly end: number } {
  const members = new Map<string, JsonMember>();
  let isClear = true;
  const cursor = new MemberCursor(bytes, start, limit, wanted);
  for (let member = cursor.next(); member !== null; member = cursor.next()) {
    if (member.spelling === "folded" || members.has(member.name)) isClear = false;
    else members.set(member.name, member);
  }
  return { members: isClear ? members : null, end: cursor.position };
}

/** Those members, in the order in which they stand, however they are asked for. */
export function presentOf(
  members: ReadonlyMap<string, JsonMember>,
  names: ReadonlySet<string>,
): readonly JsonMember[] {
  const found: JsonMember[] = [];
  // A map keeps the order in which it was filled.
  for (const [name, member] of members) if (names.has(name)) found.push(member);
  return found;
}

/** Takes members out of one object. */
export function takeOut(
  rewriting: Rewriting,
  change: Change | null,
  bytes: Buffer,
  members: readonly JsonMember[],
): void {
  for (const splice of removeMembers(bytes, members)) rewriting.add(change, splice);
}

/** Takes elements out of one array; their commas are found as those of members are. */
export function takeOutElements(
  rewriting: Rewriting,
  change: Change | null,
  bytes: Buffer,
  spans: readonly Span[],
): void {
  const elements = spans.map(({ start, end }): JsonMember => {
    return {
      name: "",
      spelling: "exact",
      keyStart: start,
      keyEnd: start,
      valueStart: start,
      valueEnd: end,
      kind: "object",
    };
  });
  takeOut(rewriting, change, bytes, elements);
}

/** The elements of an array that are objects: `see` is given the start of each, and gives its end. */
export function eachObject(
  bytes: Buffer,
  array: JsonMember | undefined,
  see: (start: number, limit: number) => number,
): void {
  if (array?.kind !== "array") return;
  const elements = new ElementCursor(bytes, array.valueStart, array.valueEnd);
  while (elements.next()) if (elements.isObject) elements.endsAt(see(elements.start, array.valueEnd));
}
