import { quantile } from './closed-loop.js';

/** One figure over all rounds. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** By round. */
  readonly values: readonly number[];
}

export function figure(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0]!, max: sorted.at(-1)!, values };
}

/** The ratio of two figures of the same rounds. Computed round by round, because the machine's load changes between rounds. */
export function ratio(of: Figure, to: Figure): Figure {
  return figure(of.values.map((value, round) => value / to.values[round]!));
}
