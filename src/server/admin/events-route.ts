/** The feed of live figures: server-sent events, one a second, for as long as somebody listens. */
import { createRoute, z } from "@hono/zod-openapi";
import { outcomes } from "../../core/ending.ts";
import { GatewayError } from "../../core/errors.ts";
import { yuanOf } from "../../core/money.ts";
import { type AdminApp, errorAnswers } from "./admin-answers.ts";
import { forRoles } from "./admin-gate.ts";
import type { AdminOptions, LiveFigures } from "./admin-options.ts";

const EVERY_MS = 1_000;
export const FEEDS_MAX = 32;

const figuresSchema = z
  .object({
    requests_in_flight: z.int(),
    waiting: z.int(),
    open_rows: z.int(),
    outcomes: z.object(Object.fromEntries(outcomes.map((outcome) => [outcome, z.int()]))),
    input_tokens: z.int(),
    cached_input_tokens: z.int(),
    output_tokens: z.int(),
    reasoning_tokens: z.int(),
    cost_cny: z.number(),
  })
  .openapi("LiveFigures");

const route = createRoute({
  ...forRoles("admin", "read_only"),
  method: "get",
  path: "/admin/events",
  summary: "Live figures once a second; sums are of this process, from its start",
  responses: {
    200: {
      description: "Events named `figures`.",
      content: { "text/event-stream": { schema: figuresSchema } },
    },
    ...errorAnswers,
  },
});

function figuresJson(live: LiveFigures): z.infer<typeof figuresSchema> {
  return {
    requests_in_flight: live.requestsInFlight,
    waiting: live.waiting,
    open_rows: live.openRows,
    outcomes: { ...live.outcomes },
    input_tokens: live.tokens.inputTokens,
    cached_input_tokens: live.tokens.cachedInputTokens,
    output_tokens: live.tokens.outputTokens,
    reasoning_tokens: live.tokens.reasoningTokens,
    cost_cny: yuanOf(live.cost),
  };
}

/** Counts its listeners, so that nobody can open more than there is room for. */
class Feeds {
  readonly #live: () => LiveFigures;
  readonly #everyMs: number;
  readonly #onFault: (error: unknown) => void;
  #open = 0;

  constructor(live: () => LiveFigures, everyMs: number, onFault: (error: unknown) => void) {
    this.#live = live;
    this.#everyMs = everyMs;
    this.#onFault = onFault;
  }

  /** @throws GatewayError overloaded */
  open(): ReadableStream<Uint8Array> {
    if (this.#open >= FEEDS_MAX) {
      const message = `There are ${FEEDS_MAX} feeds open, which is the most. Close one, or try again later.`;
      throw new GatewayError("overloaded", message, { retryAfterSeconds: 1 });
    }
    this.#open++;
    let timer: NodeJS.Timeout | null = null;
    const stop = (): void => {
      if (timer === null) return;
      clearInterval(timer);
      timer = null;
      this.#open--;
    };
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        timer = setInterval(() => this.#tell(controller, stop), this.#everyMs);
        timer.unref();
        this.#tell(controller, stop);
      },
      cancel: stop,
    });
  }

  /** A listener that is too slow misses figures: the next ones say as much. */
  #tell(controller: ReadableStreamDefaultController<Uint8Array>, stop: () => void): void {
    if ((controller.desiredSize ?? 0) <= 0) return;
    try {
      const data = JSON.stringify(figuresJson(this.#live()));
      controller.enqueue(Buffer.from(`event: figures\ndata: ${data}\n\n`));
    } catch (error) {
      stop();
      controller.close();
      this.#onFault(error);
    }
  }
}

export function addEventsRoute(
  app: AdminApp,
  { live, eventsEveryMs = EVERY_MS }: AdminOptions,
  onFault: (error: unknown) => void,
): void {
  const feeds = new Feeds(live, eventsEveryMs, onFault);
  app.openapi(route, (context) => {
    const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    // The answer to HEAD has no body that anybody could close.
    if (context.req.raw.method === "HEAD") return new Response(null, { headers });
    return new Response(feeds.open(), { headers });
  });
}
