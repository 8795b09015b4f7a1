/** The flat histogram shows what prom-client's own would, whatever is observed. */
import fc from "fast-check";
import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { FlatHistogram } from "../../../src/telemetry/flat-histogram.ts";

const BUCKETS = [0.1, 0.25, 1, 60];

test("its text is prom-client's, to the letter", async () => {
  const models = fc.constantFrom("deepseek-r1", 'a "quoted" one', "other");
  const values = fc.oneof(fc.constantFrom(0, ...BUCKETS), fc.double({ min: 0, max: 100, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(models, values), { maxLength: 60 }), async (observed) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const base = { name: "latency_seconds", help: "How long." };
      const flat = new FlatHistogram({ ...base, buckets: BUCKETS, registry: ours });
      const plain = new Histogram({ ...base, labelNames: ["model"], buckets: BUCKETS, registers: [theirs] });
      for (const [model, value] of observed) {
        flat.cellsOf(model).observe(value);
        plain.observe({ model }, value);
      }
      expect(await ours.metrics()).toBe(await theirs.metrics());
    }),
    { numRuns: 200 },
  );
});

test("a series that has ended is not shown any more", async () => {
  const registry = new Registry();
  const flat = new FlatHistogram({ name: "x", help: "x", buckets: BUCKETS, registry });
  flat.cellsOf("gone").observe(1);
  flat.end("gone");
  expect(await registry.metrics()).not.toContain("gone");
});
