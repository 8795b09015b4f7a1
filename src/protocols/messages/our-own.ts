/** Finds in a Messages body what Ark's own base does not take: system messages, and our sealed thoughts. */
import { wantedNames } from "../../wire/json-key.ts";
import { type ContainerReader, ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { stringIs } from "../../wire/json-string.ts";
import { OPEN_BRACKET } from "../../wire/json-value.ts";

const SYSTEM = "system";
/** What every seal begins with (core/memories.ts). */
const SEAL_BEGIN = Buffer.from('"vp1.');

const messageMembers = wantedNames(["role", "content"]);
const blockMembers = wantedNames(["signature", "data"]);

/** Containers open around messages, around their members, around blocks, and around theirs. */
const MESSAGES_DEPTH = 2;
const MESSAGE_DEPTH = 3;
const BLOCKS_DEPTH = 4;
const blockWalk = { depth: 5, reader: null };

function isSealed(bytes: Buffer, { valueStart }: JsonMember): boolean {
  for (let index = 0; index < SEAL_BEGIN.length; index++) {
    if (bytes[valueStart + index] !== SEAL_BEGIN[index]) return false;
  }
  return true;
}

/** Reads the messages of one body while it is first walked over. */
export class OwnMessages implements ContainerReader {
  /**
   * A message has the role system, or a block of one has a signature of our making. Ark's base refuses the
   * one (ark-api 6) and cannot read the other, which comes from a turn that was translated: such bodies are
   * translated, whatever else the target speaks. No repair of the closed list could mend them in place.
   */
  found = false;
  readonly #bytes: Buffer;
  readonly #messageWalk: { readonly depth: number; readonly reader: ContainerReader };

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#messageWalk = { depth: MESSAGE_DEPTH, reader: this };
  }

  /** Reads the array that begins at `start`; gives the byte after it. @throws JsonSyntaxError */
  read(start: number, limit: number): number {
    const messages = new ElementCursor(this.#bytes, start, limit, MESSAGES_DEPTH);
    while (messages.next()) if (messages.isObject) messages.endsAt(this.#message(messages.start, limit));
    return messages.position;
  }

  /** The blocks of one message. */
  readContainer(name: string, start: number, limit: number): number | null {
    if (name !== "content" || this.#bytes[start] !== OPEN_BRACKET) return null;
    const blocks = new ElementCursor(this.#bytes, start, limit, BLOCKS_DEPTH);
    while (blocks.next()) if (blocks.isObject) blocks.endsAt(this.#block(blocks.start, limit));
    return blocks.position;
  }

  #message(start: number, limit: number): number {
    const members = new MemberCursor(this.#bytes, start, limit, messageMembers, this.#messageWalk);
    for (let member = members.next(); member !== null; member = members.next()) {
      const { name, kind, valueStart, valueEnd } = member;
      if (name !== "role" || kind !== "string") continue;
      if (stringIs(this.#bytes, valueStart, valueEnd, SYSTEM)) this.found = true;
    }
    return members.position;
  }

  #block(start: number, limit: number): number {
    const members = new MemberCursor(this.#bytes, start, limit, blockMembers, blockWalk);
    for (let member = members.next(); member !== null; member = members.next()) {
      if (isSealed(this.#bytes, member)) this.found = true;
    }
    return members.position;
  }
}
