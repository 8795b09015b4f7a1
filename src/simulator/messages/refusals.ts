/** The two ways in which a Messages request is refused for what it says. */
import { ArkRefusal } from "../error-envelope.ts";

export function refuse(text: string, param: string): never {
  throw new ArkRefusal("InvalidParameter", text, param);
}

export function missing(param: string): never {
  throw new ArkRefusal("MissingParameter", `The request lacks the parameter \`${param}\`.`, param);
}
