/** A linear rule learned from samples one at a time: a ridge regression that forgets, in constant space. */

/** What a rule is before any sample: its weights, and how far off each may well be. */
export type FitPrior = {
  readonly weights: readonly number[];
  /** Standard deviations, above 0. */
  readonly spreads: readonly number[];
};

/** What a sample still counts after one more: the last few hundred are what matters. */
const REMEMBERED = 0.997;
/** The relative error that is expected of a good rule: what a sample weighs against the prior. */
const NOISE = 0.1;
/** Added to a sample's size: well below it errors count in tokens, above it as parts of the whole. */
const SIZE_MIN = 4;
/** Samples until the weights are found anew where nobody asks for them. */
const STALE_MAX = 32;
const SCALE_MAX = 1e9;

/** Where a row of a lower triangle begins, rows one after the other. */
function rowAt(row: number): number {
  return (row * (row + 1)) / 2;
}

/** One step of Cholesky's method: what is left of a row's entry once the columns before it are taken off. */
function reduce(matrix: Float64Array, start: number, column: number): void {
  const pivotRow = rowAt(column);
  let rest = matrix[start + column] ?? 0;
  for (let index = 0; index < column; index++) {
    rest -= (matrix[start + index] ?? 0) * (matrix[pivotRow + index] ?? 0);
  }
  matrix[start + column] = rest / (matrix[pivotRow + column] ?? 0);
}

/** In place: a lower triangle, and the right-hand side as one row more. Null where no solution is sound. */
function solve(matrix: Float64Array, size: number): Float64Array | null {
  const right = rowAt(size);
  for (let row = 0; row < size; row++) {
    const start = rowAt(row);
    for (let column = 0; column < row; column++) reduce(matrix, start, column);
    let pivot = matrix[start + row] ?? 0;
    for (let index = 0; index < row; index++) pivot -= (matrix[start + index] ?? 0) ** 2;
    if (!(pivot > 0)) return null;
    matrix[start + row] = Math.sqrt(pivot);
  }
  for (let column = 0; column < size; column++) reduce(matrix, right, column);
  const solution = new Float64Array(size);
  for (let row = size - 1; row >= 0; row--) {
    let rest = matrix[right + row] ?? 0;
    for (let below = row + 1; below < size; below++) {
      rest -= (matrix[rowAt(below) + row] ?? 0) * (solution[below] ?? 0);
    }
    solution[row] = rest / (matrix[rowAt(row) + row] ?? 0);
  }
  return solution.every(Number.isFinite) ? solution : null;
}

/**
 * Least squares of the relative error. A sample is added to the normal equations and let go. Later ones weigh
 * more, by a scale that grows, so that nothing has to be multiplied down. No sample moves the rule far: each
 * is divided by its size, the greater of its figure and of what the rule makes of it.
 */
export class LinearFit {
  readonly #prior: FitPrior;
  readonly #size: number;
  /** The lower triangle of the normal equations, then their right-hand side. */
  readonly #sums: Float64Array;
  readonly #weights: Float64Array;
  #scale = 1;
  #unsolved = 0;

  constructor(prior: FitPrior) {
    this.#prior = prior;
    this.#size = prior.weights.length;
    this.#sums = new Float64Array(rowAt(this.#size) + this.#size);
    this.#weights = Float64Array.from(prior.weights);
  }

  /** Takes in one sample; `features` is read, not kept. */
  learn(features: Float64Array, figure: number): void {
    if (this.#unsolved >= STALE_MAX) this.#solve();
    const size = this.#size;
    const sums = this.#sums;
    let expected = 0;
    for (let row = 0; row < size; row++) expected += (this.#weights[row] ?? 0) * (features[row] ?? 0);
    const whole = Math.max(figure, expected) + SIZE_MIN;
    const share = this.#scale / (whole * whole);
    // Not a number, or beyond all bounds: nothing to learn from.
    if (!(share > 0)) return;
    let at = 0;
    for (let row = 0; row < size; row++) {
      const weighted = (features[row] ?? 0) * share;
      for (let column = 0; column <= row; column++, at++) {
        sums[at] = (sums[at] ?? 0) + weighted * (features[column] ?? 0);
      }
    }
    const weightedFigure = figure * share;
    for (let row = 0; row < size; row++, at++) {
      sums[at] = (sums[at] ?? 0) + weightedFigure * (features[row] ?? 0);
    }
    this.#scale /= REMEMBERED;
    if (this.#scale > SCALE_MAX) this.#settleScale();
    this.#unsolved++;
  }

  /** One weight for each feature, all finite. The array is reused. */
  weights(): Float64Array {
    if (this.#unsolved > 0) this.#solve();
    return this.#weights;
  }

  /** All that it has learned, for `restore`. */
  save(): number[] {
    this.#settleScale();
    return [...this.#sums];
  }

  /** Whether `saved` could be taken up; where not, all is as it was. */
  restore(saved: unknown): boolean {
    if (!Array.isArray(saved) || saved.length !== this.#sums.length || !saved.every(Number.isFinite)) {
      return false;
    }
    this.#sums.set(saved);
    this.#scale = 1;
    this.#solve();
    return true;
  }

  #settleScale(): void {
    for (let at = 0; at < this.#sums.length; at++) this.#sums[at] = (this.#sums[at] ?? 0) / this.#scale;
    this.#scale = 1;
  }

  #solve(): void {
    this.#unsolved = 0;
    const matrix = new Float64Array(this.#sums.length);
    for (let at = 0; at < matrix.length; at++) matrix[at] = (this.#sums[at] ?? 0) / this.#scale;
    const right = rowAt(this.#size);
    for (let row = 0; row < this.#size; row++) {
      const diagonal = rowAt(row) + row;
      const precision = (NOISE / (this.#prior.spreads[row] ?? 1)) ** 2;
      matrix[diagonal] = (matrix[diagonal] ?? 0) + precision;
      matrix[right + row] = (matrix[right + row] ?? 0) + precision * (this.#prior.weights[row] ?? 0);
    }
    this.#weights.set(solve(matrix, this.#size) ?? this.#prior.weights);
  }
}
