/** Puts environment values into the texts of the configuration: `${NAME}` and `${NAME:-default}`. */

export type Environment = { readonly [name: string]: string | undefined };

export type Substitution =
  | { readonly kind: "ok"; readonly text: string; readonly substituted: boolean }
  | { readonly kind: "variable-unset"; readonly name: string }
  | { readonly kind: "substitution-malformed" };

const reference = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

/**
 * The text with each reference replaced; a value is not searched again. As in a shell, the default is taken
 * for a variable that is unset or empty; `$${` stands for the characters `${`.
 */
export function substitute(text: string, environment: Environment): Substitution {
  let result = "";
  let at = 0;
  let substituted = false;
  for (let open = text.indexOf("${"); open >= 0; open = text.indexOf("${", at)) {
    if (open > at && text.charAt(open - 1) === "$") {
      result += `${text.slice(at, open - 1)}\${`;
      at = open + 2;
      continue;
    }
    const close = text.indexOf("}", open);
    const match = close < 0 ? null : reference.exec(text.slice(open + 2, close));
    const name = match?.[1];
    if (name === undefined || match?.[2]?.includes("${")) return { kind: "substitution-malformed" };
    const value = environment[name];
    const replacement = typeof value === "string" && value !== "" ? value : match?.[2];
    if (replacement === undefined && typeof value !== "string") return { kind: "variable-unset", name };
    result += text.slice(at, open) + (replacement ?? "");
    at = close + 1;
    substituted = true;
  }
  return { kind: "ok", text: result + text.slice(at), substituted };
}
