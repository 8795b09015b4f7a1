/** Whether the time that a check takes tells two kinds of input apart: the method of dudect. */

/** Beyond this, a difference is no chance (Reparaz and others: Dude, is my code constant time?). */
export const T_MAX = 4.5;

const WARM_UP = 20_000;
/** Interruptions lengthen single samples a hundredfold: each crop leaves the longest out. */
const CROPS = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];
const TEXT_BYTES_MAX = 64;

export type TimingQuestion = {
  readonly check: (text: string) => unknown;
  /** Two kinds of visible ASCII texts of at most 64 bytes; each call makes one more. */
  readonly kinds: readonly [() => string, () => string];
  readonly samples: number;
  /** From 0 to below 1. */
  readonly chance: () => number;
};

/** Welch's t where the two kinds differ most, and how many nanoseconds lie between their means there. */
export type TimingDifference = { readonly t: number; readonly nanoseconds: number; readonly crop: number };

/** All texts of both kinds, in the order of their sampling, in one piece of memory. */
class Texts {
  readonly #bytes: Buffer;
  readonly #lengths: Uint8Array;
  readonly kinds: Uint8Array;

  constructor({ kinds, samples, chance }: TimingQuestion) {
    this.#bytes = Buffer.alloc(samples * TEXT_BYTES_MAX);
    this.#lengths = new Uint8Array(samples);
    this.kinds = new Uint8Array(samples);
    for (let sample = 0; sample < samples; sample++) {
      const kind = chance() < 0.5 ? 0 : 1;
      const text = kinds[kind]();
      if (text.length > TEXT_BYTES_MAX) throw new RangeError(`a text has ${text.length} bytes`);
      this.kinds[sample] = kind;
      this.#lengths[sample] = this.#bytes.write(text, sample * TEXT_BYTES_MAX, "latin1");
    }
  }

  /** Always a new string, as one that has just come in: none has been hashed or compared before. */
  at(sample: number): string {
    const start = sample * TEXT_BYTES_MAX;
    return this.#bytes.toString("latin1", start, start + (this.#lengths[sample] ?? 0));
  }
}

function timesOf({ check, samples }: TimingQuestion, texts: Texts): Float64Array {
  for (let round = 0; round < WARM_UP; round++) check(texts.at(round % samples));
  const times = new Float64Array(samples);
  for (let sample = 0; sample < samples; sample++) {
    const text = texts.at(sample);
    const start = process.hrtime.bigint();
    check(text);
    times[sample] = Number(process.hrtime.bigint() - start);
  }
  return times;
}

class Moments {
  count = 0;
  mean = 0;
  #squares = 0;

  add(value: number): void {
    this.count++;
    const from = value - this.mean;
    this.mean += from / this.count;
    this.#squares += from * (value - this.mean);
  }

  get varianceOfMean(): number {
    return this.#squares / (this.count - 1) / this.count;
  }
}

function welch(times: Float64Array, kinds: Uint8Array, longest: number, crop: number): TimingDifference {
  const moments = [new Moments(), new Moments()] as const;
  for (const [sample, time] of times.entries()) {
    if (time <= longest) moments[kinds[sample] === 0 ? 0 : 1].add(time);
  }
  const [one, other] = moments;
  const nanoseconds = one.mean - other.mean;
  return { t: nanoseconds / Math.sqrt(one.varianceOfMean + other.varianceOfMean), nanoseconds, crop };
}

/** Samples both kinds in random order, and looks for the crop in which they differ most. */
export function timingDifference(question: TimingQuestion): TimingDifference {
  const texts = new Texts(question);
  const times = timesOf(question, texts);
  const sorted = Float64Array.from(times).sort();
  const found = CROPS.map((crop) => {
    const longest = sorted[Math.floor(crop * (sorted.length - 1))] ?? 0;
    return welch(times, texts.kinds, longest, crop);
  });
  // A crop may leave out one kind as a whole, where the other is that much faster: the next one shows it.
  const comparable = found.filter(({ t }) => Number.isFinite(t));
  return comparable.reduce((most, each) => (Math.abs(each.t) > Math.abs(most.t) ? each : most));
}
