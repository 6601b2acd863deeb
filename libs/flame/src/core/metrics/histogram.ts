/**
 * Observations in buckets: `counts[i]` is the number of values above `bounds[i - 1]` and up to `bounds[i]`; the last one counts values above
 * all bounds.
 */
export interface HistogramNumbers {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts durations, in milliseconds, in fixed buckets. Cheap enough for every call, and of constant size. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += value;
  }

  get numbers(): HistogramNumbers {
    return { bounds: this.#bounds, counts: Array.from(this.#counts), sum: this.#sum };
  }
}

/**
 * The quantile of all observations at `share`, interpolated linearly within its bucket. The highest bound if the quantile lies above all
 * bounds; undefined without observations.
 */
export function quantileOf({ bounds, counts }: HistogramNumbers, share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = share * total;
  for (const [bucket, count] of counts.entries()) {
    if (left > count) {
      left -= count;
      continue;
    }
    const upper = bounds[bucket];
    if (upper === undefined) return bounds.at(-1);
    const lower = bucket === 0 ? 0 : bounds[bucket - 1]!;
    return count === 0 ? lower : lower + ((upper - lower) * left) / count;
  }
  return bounds.at(-1);
}
