/** The end of an answer, as its client sees it: said once the ledger has the row. */
import type { Reply } from "../visit/reply.ts";
import type { Visit } from "../visit/visit.ts";

/** What the client is still to be told, once the ledger has the row. */
export type Farewell =
  /** The last bytes, and the good end; the connection may be used again. */
  | { readonly kind: "end"; readonly bytes: Buffer | null }
  /** The last bytes; the connection ends with them. */
  | { readonly kind: "close"; readonly bytes: Buffer | null }
  | { readonly kind: "whole"; readonly status: number; readonly body: Buffer }
  /** What is out is not the whole, and only a broken connection says so. */
  | { readonly kind: "break" }
  /** The client has gone. */
  | { readonly kind: "nothing" };

/** Never throws: where nothing can be said, the connection breaks. */
export function bid({ reply }: Visit, farewell: Farewell): void {
  try {
    switch (farewell.kind) {
      case "end":
        finish(reply, farewell.bytes);
        reply.end();
        return;
      case "close":
        finish(reply, farewell.bytes);
        reply.endAndClose();
        return;
      case "whole":
        reply.sendWhole(farewell.status, farewell.body);
        return;
      case "break":
        reply.destroy();
        return;
      case "nothing":
        return;
    }
  } catch {
    reply.destroy();
  }
}

/** Flows behind what waits already: nobody is left to be paused. */
function finish(reply: Reply, bytes: Buffer | null): void {
  if (!reply.begun) reply.beginStream();
  if (bytes !== null) reply.write(bytes);
}
