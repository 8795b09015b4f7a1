/** One call over a socket: sends exactly the headers it is given, and hands back the whole answer. */
import { Agent, type IncomingMessage, request } from "node:http";

export type Call = {
  readonly method?: string;
  readonly path?: string;
  /** Beside these only Host, Connection and, with a body, Content-Length are sent. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

/** What came back, whole. */
export class Answered {
  readonly status: number;
  readonly bytes: Buffer;
  readonly rawHeaders: readonly string[];

  constructor(status: number, rawHeaders: readonly string[], bytes: Buffer) {
    this.status = status;
    this.rawHeaders = rawHeaders;
    this.bytes = bytes;
  }

  get text(): string {
    return this.bytes.toString("utf8");
  }

  /**
   * A header's value by its lower-case name; null where there is none. Throws where it came more than once.
   */
  header(name: string): string | null {
    const values = this.rawHeaders.filter(
      (_value, index) => index % 2 === 1 && this.rawHeaders[index - 1]?.toLowerCase() === name,
    );
    if (values.length > 1) throw new Error(`the header ${name} came ${values.length} times`);
    return values[0] ?? null;
  }

  /** The `error` member of the body. Throws SyntaxError where that is not JSON. */
  get error(): Readonly<Record<string, unknown>> {
    return JSON.parse(this.text).error;
  }

  /** The splices that the gateway says it made. */
  get changes(): readonly string[] {
    return this.header("x-volcano-changes")?.split(", ") ?? [];
  }
}

const agent = new Agent({ keepAlive: true });

function readWhole(message: IncomingMessage): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    message.on("data", (piece: Buffer) => pieces.push(piece));
    message.on("error", reject);
    message.on("end", () => {
      resolve(new Answered(message.statusCode ?? 0, message.rawHeaders, Buffer.concat(pieces)));
    });
  });
}

/** Rejects where the connection breaks before the answer's end. */
export function callGateway({ port }: { readonly port: number }, call: Call): Promise<Answered> {
  const { method = "GET", path = "/", headers = {}, body } = call;
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: "127.0.0.1", port, method, path, headers }, (message) => {
      readWhole(message).then(resolve, reject);
    });
    outgoing.on("error", reject);
    // As bytes: node:http would write head and text in one encoding, that of the text.
    outgoing.end(typeof body === "string" ? Buffer.from(body) : body);
  });
}

export const CALLER_KEY = "ark-key-of-a-caller";

/** A chat call as most clients send it; `body` is sent as it is, or as JSON where it is an object. */
export function callChat(
  gateway: { readonly port: number },
  body: string | Buffer | object,
  { headers = {}, path = "/v1/chat/completions" }: Pick<Call, "headers" | "path"> = {},
): Promise<Answered> {
  return callGateway(gateway, {
    method: "POST",
    path,
    headers: { authorization: `Bearer ${CALLER_KEY}`, "content-type": "application/json", ...headers },
    body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
}

/** A small chat body for a model. */
export function chatBodyFor(model: string, more: object = {}): object {
  return { model, messages: [{ role: "user", content: "hi" }], ...more };
}
