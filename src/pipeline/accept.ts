/** Room 1: takes the raw request, and gives what it is and which way it goes. */
import { GatewayError } from "../core/errors.ts";
import { type RequestHead, readRequestHead } from "../wire/request-head.ts";
import { decodePathId, readRequestTarget } from "../wire/request-target.ts";
import type { Endpoint } from "./endpoint.ts";
import type { House } from "./house.ts";
import { SOCKET_PATH, socketRefusal } from "./upgrade.ts";
import { isPreflight } from "./visit/cors.ts";
import type { Visit } from "./visit/visit.ts";

export type Arrival = {
  readonly head: RequestHead;
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly clientRequestId: string | null;
};

const ALIVE_PATHS = new Set(["/health", "/healthz", "/livez", "/health/liveliness", "/health/liveness"]);
const READY_PATHS = new Set(["/readyz", "/health/readiness"]);
const MODEL_PREFIX = "/models/";
const STORED_PATH = /^\/responses\/([A-Za-z0-9_-]{1,128})(\/input_items)?$/;

/** @throws GatewayError ambiguous_request, uri_too_long, expectation_failed, http_version_not_supported */
export function accept(house: House, visit: Visit): Arrival {
  const { request, reply } = visit;
  const read = readRequestHead(request);
  if (read.kind === "refused") throw new GatewayError(read.code, read.message);
  const { head } = read;
  if (isPreflight(request.method, head)) {
    reply.addHeaders(house.cors.preflightHeaders(head));
    const endpoint: Endpoint = { kind: "preflight", route: "preflight" };
    return { head, endpoint, method: "OPTIONS", clientRequestId: null };
  }
  reply.addHeaders(house.cors.answerHeaders(head.origin));
  const clientRequestId = head.callerRequestId;
  if (clientRequestId !== null) reply.addHeader("x-client-request-id", clientRequestId);
  const target = readRequestTarget(request.url ?? "", head.host);
  if (target.kind === "refused") throw new GatewayError(target.code, target.message);
  const { prefix, path } = target;
  const method = request.method ?? "";
  const found = findEndpoint(house, path) ?? findStored(path, method, target.query);
  const endpoint =
    method === "GET" && path === SOCKET_PATH && found !== null
      ? unserved(socketRefusal(house, request, head))
      : serve(found, method, prefix + path);
  return { head, endpoint, method, clientRequestId };
}

/** The endpoint, if it is one and takes the method. */
function serve(endpoint: Endpoint | null, method: string, path: string): Endpoint {
  if (endpoint === null) return unserved(unsupported(path));
  const allowed = methodsOf(endpoint);
  if (allowed.split(", ").includes(method)) return endpoint;
  return unserved(wrongMethod(method, path, allowed));
}

function unserved(error: GatewayError): Endpoint {
  return { kind: "unserved", route: "other", error };
}

function methodsOf(endpoint: Endpoint): string {
  if (endpoint.kind === "door") return "POST";
  if (endpoint.kind !== "stored") return "GET, HEAD";
  return endpoint.act === "input_items" ? "GET" : "GET, DELETE";
}

/** `/responses/{id}`, by GET and DELETE, and `/responses/{id}/input_items`. */
function findStored(path: string, method: string, query: string): Endpoint | null {
  const [, id, below] = STORED_PATH.exec(path) ?? [];
  if (id === undefined) return null;
  if (below !== undefined) {
    return { kind: "stored", route: "/responses/{id}/input_items", id, act: "input_items", query };
  }
  const act = method === "DELETE" ? "delete" : "retrieve";
  return { kind: "stored", route: "/responses/{id}", id, act, query };
}

function findEndpoint(house: House, path: string): Endpoint | null {
  const door = house.doors.get(path);
  if (door !== undefined) return { kind: "door", door, route: path };
  if (path === "/") return { kind: "root", route: "/" };
  if (path === "/models") return { kind: "models", route: "/models" };
  if (path.startsWith(MODEL_PREFIX)) {
    const id = decodePathId(path.slice(MODEL_PREFIX.length));
    return id === null ? null : { kind: "model", route: "/models/{id}", id };
  }
  if (ALIVE_PATHS.has(path)) return { kind: "alive", route: "/healthz" };
  if (READY_PATHS.has(path)) return { kind: "ready", route: "/readyz" };
  return null;
}

function unsupported(path: string): GatewayError {
  const named = path.length > 100 ? `${path.slice(0, 100)}...` : path;
  return new GatewayError(
    "unsupported_endpoint",
    `This gateway serves nothing at ${named}. ` +
      "It serves POST /v1/chat/completions, /v1/responses and /v1/messages, and GET /v1/models: " +
      "check the client's base URL and API kind.",
  );
}

function wrongMethod(method: string, path: string, allowed: string): GatewayError {
  return new GatewayError("method_not_allowed", `${method} is not possible on ${path}. Use ${allowed}.`, {
    headers: { allow: allowed },
  });
}
