/** The figures of the process itself: memory, processor time, garbage collection, the event loop's delay. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;
const quantiles = [0.5, 0.99, 1] as const;

/** These walk every open handle at each look: milliseconds of the event loop at 10,000 streams. */
const costly = ["nodejs_active_handles", "nodejs_active_requests", "nodejs_active_resources"] as const;

let registry: Registry | null = null;

/** One registry for the process, whatever the number of gateways in it; made when it is first asked for. */
export function processRegistry(): Registry {
  registry ??= createRegistry();
  return registry;
}

function createRegistry(): Registry {
  const made = new Registry();
  collectDefaultMetrics({ register: made, eventLoopMonitoringPrecision: RESOLUTION_MS });
  for (const name of costly) {
    made.removeSingleMetric(name);
    made.removeSingleMetric(`${name}_total`);
  }
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  new Gauge({
    name: "volcano_event_loop_delay_seconds",
    help: "How late the event loop was since the last look: median, 99th percentile, and worst.",
    labelNames: ["quantile"],
    registers: [made],
    collect() {
      for (const quantile of quantiles) {
        const nanoseconds = delay.count === 0 ? 0 : delay.percentile(quantile * 100);
        // The sampler's own interval is in each sample.
        const seconds = Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000);
        this.set({ quantile: String(quantile) }, seconds);
      }
      delay.reset();
    },
  });
  return made;
}
