/** What requests to the admin API are held to: bounded bodies of JSON, and errors that name the member. */
import { isUtf8 } from "node:buffer";
import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { expectationAt } from "../../config/schema-walk.ts";
import { GatewayError } from "../../core/errors.ts";
import { isJsonContentType } from "../../wire/content-type.ts";

export const BODY_BYTES_MAX = 65_536;
const NAME_CHARACTERS_SHOWN = 64;
const NAMES_SHOWN = 5;

export function wrongParameter(name: string, expects: string): GatewayError {
  const param = shown(name);
  return new GatewayError("invalid_request", `The parameter ${param} expects ${expects}.`, { param });
}

/** The same for what is not there and for what the visitor may not know of. */
export function notFound(what: string): GatewayError {
  return new GatewayError("unsupported_endpoint", `There is no ${what} with that id.`, { param: "id" });
}

/** Refuses bodies that are too long, or no JSON; one that is left out is for the route to judge. */
export const checkBody: MiddlewareHandler = async ({ req }, next) => {
  if (!["GET", "HEAD"].includes(req.method)) {
    const text = await boundedText(req.raw);
    if (text !== "") checkJson(text, req.header("content-type"));
    // A body can be read but once: the route's own reader gets another with the same text.
    const { method, url } = req;
    req.raw = new Request(url, { method, headers: new Headers(req.raw.headers), body: text || null });
  }
  await next();
};

async function boundedText({ body }: Request): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > BODY_BYTES_MAX) {
      throw new GatewayError("body_too_large", `A body here has at most ${BODY_BYTES_MAX} bytes.`);
    }
    pieces.push(piece);
  }
  const whole = Buffer.concat(pieces);
  if (!isUtf8(whole)) throw new GatewayError("invalid_json", "The body is not UTF-8.");
  return whole.toString("utf8");
}

function checkJson(text: string, contentType = ""): void {
  if (!isJsonContentType(contentType)) throw wrongMediaType();
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new GatewayError("invalid_json", "The body is not JSON.", { cause });
  }
}

function wrongMediaType(): GatewayError {
  const message = "The body here is JSON: send it with 'content-type: application/json'.";
  return new GatewayError("unsupported_media_type", message, { param: "content-type" });
}

/** What the router itself throws, as an error of ours; anything else as it is. */
export function fromRouter(thrown: unknown): unknown {
  if (!(thrown instanceof HTTPException)) return thrown;
  if (thrown.status === 415) return wrongMediaType();
  return new GatewayError("invalid_json", "The body is not JSON.", { cause: thrown });
}

type Checked = { readonly target: string } & (
  | { readonly success: true }
  | { readonly success: false; readonly error: z.core.$ZodError }
);

/** For a route whose body or query is of this schema: what is wrong is told with what was expected there. */
export function refusing(schema: z.ZodType): (result: Checked) => undefined {
  return (result) => {
    if (!result.success) throw refusalOf(schema, result.error, result.target === "query");
  };
}

/** @param isFlat of a list in a query, the parameter is at fault and not one of its words */
function refusalOf(schema: z.ZodType, { issues }: z.core.$ZodError, isFlat: boolean): GatewayError {
  const [issue] = issues;
  if (issue?.code === "unrecognized_keys") {
    const names = issue.keys.map((key) => pathText([...issue.path, key]));
    const list = names.slice(0, NAMES_SHOWN).join(", ");
    const message = `There is no ${list} here, or it cannot be set. Leave it out.`;
    return new GatewayError("invalid_request", message, { param: names[0] ?? "" });
  }
  const whole = (issue?.path ?? []).map((segment) => (typeof segment === "symbol" ? "" : segment));
  const path = isFlat ? whole.slice(0, 1) : whole;
  if (path.length === 0) {
    return new GatewayError("invalid_request", `Send ${expectationAt(schema, path).en}.`);
  }
  return wrongParameter(pathText(path), expectationAt(schema, path).en);
}

function pathText(path: readonly PropertyKey[]): string {
  return shown(path.map(String).join("."));
}

function shown(name: string): string {
  return name.slice(0, NAME_CHARACTERS_SHOWN);
}
