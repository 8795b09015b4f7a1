/** The data plane: hands what the strict server lets through to the pipeline of the house in force. */
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { GatewayError } from "../core/errors.ts";
import type { House } from "../pipeline/house.ts";
import { serveRequest } from "../pipeline/pipeline.ts";
import { socketKeyOf } from "../pipeline/upgrade.ts";
import { GatewayResponse } from "../pipeline/visit/response.ts";
import type { Dialect } from "../protocols/door.ts";
import type { InnerSocket } from "./socket/inner-connection.ts";
import { ResponseSockets } from "./socket/response-sockets.ts";
import { createStrictServer, type Upgrade } from "./strict-server.ts";

export type DataServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly requestHeadersTimeoutMs: number;
  readonly requestBodyTimeoutMs: number;
  /** How refusals speak that come before a door is known. */
  readonly dialect: Dialect;
  /** The version in force, asked for with each request. */
  readonly house: () => House;
  readonly onRefusal: (error: GatewayError) => void;
  /** Told of each connection that is turned away because there are too many. */
  readonly onDrop: () => void;
};

export interface DataServer {
  /** @throws Error where the port cannot be had */
  listen(): Promise<{ host: string; port: number }>;
  /** No new connections; those that are idle close, and WebSockets once what they run is over. */
  stopListening(): void;
  /** Resolves once no WebSocket is left: each has told its client the last of what it ran. */
  socketsGone(): Promise<void>;
  destroyConnections(): void;
}

export function createDataServer(options: DataServerOptions): DataServer {
  const server = createStrictServer(
    {
      ServerResponse: GatewayResponse<IncomingMessage>,
      requestHeadersTimeoutMs: options.requestHeadersTimeoutMs,
      requestBodyTimeoutMs: options.requestBodyTimeoutMs,
      onRefusal: options.onRefusal,
      onDrop: options.onDrop,
      upgrade: upgradeOf(options.house, () => sockets),
    },
    (request, response) => {
      void serveRequest(options.house(), request, response);
    },
    (error, requestId) => options.dialect.renderError(error, requestId),
  );
  const sockets = socketsOf(options.house, (connection) => server.emit("connection", connection));
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(options.port, options.host, () => {
          server.removeListener("error", reject);
          const { address, port } = server.address() as AddressInfo;
          resolve({ host: address, port });
        });
      }),
    stopListening: () => {
      server.close();
      server.closeIdleConnections();
      sockets.drain();
    },
    socketsGone: () => sockets.gone(),
    destroyConnections: () => {
      server.closeAllConnections();
      sockets.terminate();
    },
  };
}

function upgradeOf(house: () => House, sockets: () => ResponseSockets): Upgrade {
  return {
    accepts: (request) => socketKeyOf(house(), request) !== null,
    take: (request, socket, firstBytes) => {
      const key = socketKeyOf(house(), request);
      if (key === null) socket.destroy();
      else sockets().open(key, request, socket, firstBytes);
    },
  };
}

function socketsOf(house: () => House, accept: (connection: InnerSocket) => void): ResponseSockets {
  return new ResponseSockets({
    settings: () => {
      const { bodies, settings } = house();
      const { bodyBytesMax, requestBodyTimeoutMs } = settings;
      return { bodies, bodyBytesMax, requestBodyTimeoutMs };
    },
    accept,
    monotonicMs: () => house().clock.monotonicMs(),
    wallMs: () => house().clock.wallMs(),
    onFault: (error) => house().log.error({ error }, "a WebSocket failed in the gateway"),
  });
}
