/** Gives a body's function tools the parameters that Ark wants of each (`empty_tool_parameters`). */
import { matchKey, NO_MATCH, spellingOfMatch, wantedNames } from "../../wire/json-key.ts";
import { ElementCursor, type JsonMember, MemberCursor } from "../../wire/json-scan.ts";
import { insertFirstMember, type Splice } from "../../wire/json-splice.ts";
import {
  CLOSE_BRACE,
  COMMA,
  OPEN_BRACE,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
} from "../../wire/json-value.ts";
import { REPAIRS_MAX, tooMany } from "./repairs.ts";

const functionName = wantedNames(["function"]);
const parametersName = wantedNames(["parameters"]);
const NO_PARAMETERS = '{"type":"object","properties":{}}';

/**
 * A function tool whose `parameters` are missing, null or `{}` gets those of an object without properties
 * (ark-api 4.7). A function that gives them twice, or twisted in case, is left to Ark.
 * @throws GatewayError invalid_request beyond {@link REPAIRS_MAX}
 */
export function mendToolParameters(body: Buffer, tools: JsonMember): Splice[] {
  const mender = new ToolMender(body, tools.valueEnd);
  const elements = new ElementCursor(body, tools.valueStart, tools.valueEnd);
  while (elements.next()) {
    if (elements.isObject) elements.endsAt(mender.mendTool(elements.start));
  }
  return mender.splices;
}

/** Tools are the most of many bodies: each is walked over once, as what is validated already. */
class ToolMender {
  readonly splices: Splice[] = [];
  readonly #body: Buffer;
  readonly #limit: number;

  constructor(body: Buffer, limit: number) {
    this.#body = body;
    this.#limit = limit;
  }

  /** From the opening brace of a tool to the byte after its last. */
  mendTool(start: number): number {
    const body = this.#body;
    const limit = this.#limit;
    let at = skipSpace(body, start + 1, limit);
    while (body[at] !== CLOSE_BRACE) {
      const keyEnd = skipString(body, at, limit);
      const match = matchKey(functionName, body, at + 1, keyEnd - 1);
      const isFunction = match !== NO_MATCH && spellingOfMatch(match) !== "folded";
      const valueStart = skipColon(body, keyEnd, limit);
      const valueEnd =
        isFunction && body[valueStart] === OPEN_BRACE
          ? this.#mendFunction(valueStart)
          : skipValue(body, valueStart, limit, 1);
      at = skipSpace(body, valueEnd, limit);
      if (body[at] === COMMA) at = skipSpace(body, at + 1, limit);
    }
    return at + 1;
  }

  #mendFunction(start: number): number {
    const cursor = new MemberCursor(this.#body, start, this.#limit, parametersName);
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
