/** Order statistics of samples. */

/** The smallest sample that at least `share` (0 to 1) of them do not exceed; NaN where there is none. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[Math.min(rank, sorted.length) - 1] ?? Number.NaN;
}

/** The middle sample, or the mean of the two in the middle. NaN where there is none. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

/**
 * `samples[i] / base[i]`, where both were taken in round i: what a noisy machine does to a whole round
 * cancels out. Throws where the rounds do not pair.
 */
export function ratios(samples: readonly number[], base: readonly number[]): number[] {
  return paired(samples, base, (sample, other) => sample / other);
}

/** `samples[i] - base[i]`. Throws where the rounds do not pair. */
export function differences(samples: readonly number[], base: readonly number[]): number[] {
  return paired(samples, base, (sample, other) => sample - other);
}

function paired(
  samples: readonly number[],
  base: readonly number[],
  combine: (sample: number, other: number) => number,
): number[] {
  if (samples.length !== base.length) throw new Error("the rounds do not pair");
  return samples.map((sample, round) => combine(sample, base[round] ?? Number.NaN));
}
