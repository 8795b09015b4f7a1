/** How long the property tests of bodies run: 100,000 bodies, or what VOLCANO_PROPERTY_RUNS says. */

const BODIES_DEFAULT = 100_000;

const bodies = Number(process.env["VOLCANO_PROPERTY_RUNS"] ?? BODIES_DEFAULT);

/** The runs of one property that takes this share of all bodies; the same seed gives the same bodies. */
export function propertyRuns(share: number): { numRuns: number; seed: number } {
  return {
    numRuns: Math.ceil(bodies * share),
    seed: Number(process.env["VOLCANO_PROPERTY_SEED"] ?? 1),
  };
}

/** Milliseconds for such a property, with room for a slow machine. */
export function propertyTimeoutMs(share: number): number {
  return 30_000 + bodies * share;
}
