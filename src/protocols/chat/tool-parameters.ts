/** Gives a body's function tools the parameters that Ark wants of each (`empty_tool_parameters`). */
import { type Spelling, wantedNames } from "../../wire/json-key.ts";
import {
  type ContainerReader,
  ElementCursor,
  type JsonMember,
  MemberCursor,
  type WalkOptions,
} from "../../wire/json-scan.ts";
import { insertFirstMember, type Splice } from "../../wire/json-splice.ts";
import { CLOSE_BRACE, OPEN_BRACE, skipSpace } from "../../wire/json-value.ts";
import { REPAIRS_MAX, tooMany } from "./repairs.ts";

const functionName = wantedNames(["function"]);
const parametersName = wantedNames(["parameters"]);
const NO_PARAMETERS = '{"type":"object","properties":{}}';

/** Containers open around tools, around their members, and around those of a function. */
const TOOLS_DEPTH = 2;
const TOOL_DEPTH = 3;
const functionWalk = { depth: 4, reader: null };

/**
 * A function tool whose `parameters` are missing, null or `{}` gets those of an object without properties
 * (ark-api 4.7). A function that gives them twice, or twisted in case, is left to Ark.
 */
export class ToolParameters implements ContainerReader {
  readonly splices: Splice[] = [];
  readonly #body: Buffer;
  readonly #toolWalk: WalkOptions;

  constructor(body: Buffer) {
    this.#body = body;
    this.#toolWalk = { depth: TOOL_DEPTH, reader: this };
  }

  /**
   * Reads the tools, which begin at `start`, as they are first walked over; gives the byte after them.
   * @throws JsonSyntaxError, and GatewayError invalid_request beyond {@link REPAIRS_MAX}
   */
  read(start: number, limit: number): number {
    const tools = new ElementCursor(this.#body, start, limit, TOOLS_DEPTH);
    while (tools.next()) if (tools.isObject) tools.endsAt(this.#tool(tools.start, limit));
    return tools.position;
  }

  #tool(start: number, limit: number): number {
    const members = new MemberCursor(this.#body, start, limit, functionName, this.#toolWalk);
    while (members.next() !== null);
    return members.position;
  }

  /** The function of a tool. */
  readContainer(_name: string, start: number, limit: number, spelling: Spelling): number | null {
    if (spelling === "folded" || this.#body[start] !== OPEN_BRACE) return null;
    const cursor = new MemberCursor(this.#body, start, limit, parametersName, functionWalk);
    const parameters = cursor.next();
    if (parameters === null) {
      this.#add(insertFirstMember(this.#body, start, `"parameters":${NO_PARAMETERS}`));
      return cursor.position;
    }
    let isSole = parameters.spelling !== "folded";
    while (cursor.next() !== null) isSole = false;
    if (isSole && this.#isEmpty(parameters)) {
      const { valueStart, valueEnd } = parameters;
      this.#add({ start: valueStart, end: valueEnd, bytes: Buffer.from(NO_PARAMETERS) });
    }
    return cursor.position;
  }

  #isEmpty({ kind, valueStart, valueEnd }: JsonMember): boolean {
    if (kind === "null") return true;
    return kind === "object" && this.#body[skipSpace(this.#body, valueStart + 1, valueEnd)] === CLOSE_BRACE;
  }

  #add(splice: Splice): void {
    if (this.splices.length === REPAIRS_MAX) {
      throw tooMany("functions have no parameters. Send fewer, or give each a schema", "tools");
    }
    this.splices.push(splice);
  }
}
