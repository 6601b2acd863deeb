import type { Row } from './results.js';

/** A ratio with a limit: the bench fails if the ratio becomes worse than the limit. */
export interface Gate {
  readonly row: string;
  readonly ratio: string;
  /** True if a higher ratio is better. */
  readonly more: boolean;
  /** The ratio that the project aims for. */
  readonly target: number;
  /** Set if the ratio is only shown. The slowest of a hundred calls depends on the machine as much as on our code. */
  readonly shownOnly?: true;
}

export const gates: readonly Gate[] = [
  { row: '1 caller, p50', ratio: 'flame/batched', more: false, target: 1.25 },
  { row: '1 caller, p99', ratio: 'p99/p50', more: false, target: 3, shownOnly: true },
  { row: '16 callers', ratio: 'flame/batched', more: true, target: 0.6 },
  { row: '64 callers', ratio: 'flame/batched', more: true, target: 0.45 },
  { row: '256 callers', ratio: 'flame/batched', more: true, target: 0.4 },
  { row: '256 callers', ratio: 'flame/unary', more: true, target: 20 },
  { row: '64 callers, inline', ratio: 'inline/flame', more: true, target: 0.95 },
  { row: '64 callers, map', ratio: 'map/inline', more: true, target: 0.8 },
  { row: '64 callers, traces of 1 %', ratio: 'all 1 %/app 1 %', more: true, target: 0.9 },
  { row: '64 callers, 1 KiB', ratio: 'flame/trivial', more: true, target: 0.6 },
  // How fast memory is copied depends on the processor: 3.4 on AMD's EPYC, 1.6 to 2.0 on Intel's Xeon. Without shared memory it is 1.
  { row: '1 caller, 1 MiB', ratio: 'flame/stream', more: true, target: 1.8 },
  { row: '16 callers, 64 KiB', ratio: 'flame/stream', more: true, target: 1.6 },
  { row: '16 callers, 1 MiB argument', ratio: 'flame/stream', more: true, target: 2.5 },
  { row: '1 caller, 1 MiB', ratio: 'stream/batched', more: true, target: 0.7 },
  { row: '1 caller, 1 MiB', ratio: 'stream/batched in app', more: true, target: 0.7 },
  // Both processes copy memory at once. 2.0 to 3.6 on two quiet cores, up to 4.7 on cores that share their caches with other users.
  { row: '1 caller beside 100 MiB, p50', ratio: 'beside/alone', more: false, target: 4 },
  { row: 'cold start', ratio: 'flame/own boot', more: false, target: 1.15 },
  { row: '16 × 200 ms of JavaScript', ratio: 'flame/ideal', more: false, target: 1.1 },
];

/** The measured and the documented ratio of a gate. */
export interface Judged {
  readonly gate: Gate;
  readonly measured: number;
  readonly documented: number | undefined;
  readonly lost: boolean;
}

/**
 * Compares each measured ratio with its limit: two thirds of the documented ratio, or of the target if the documented ratio is better than the target. (How
 * much better it can be depends on whether both processes have a core to themselves.) The best round counts: other users of the machine slow down some rounds,
 * but a regression shows in all of them.
 */
export function judge(rows: readonly Row[], documented: readonly Row[]): Judged[] {
  return gates.flatMap((gate) => {
    const figure = find(rows, gate);
    if (figure === undefined) return [];
    const median = find(documented, gate)?.median;
    const promised = median && (gate.more ? Math.min(median, gate.target) : Math.max(median, gate.target));
    const measured = gate.more ? figure.max : figure.min;
    const lost = !gate.shownOnly && promised !== undefined && (gate.more ? measured < (promised * 2) / 3 : measured > (promised * 3) / 2);
    return [{ gate, measured, documented: median, lost }];
  });
}

export function find(rows: readonly Row[], { row, ratio }: Gate): Row['ratios'][string] | undefined {
  return rows.find(({ name }) => name === row)?.ratios[ratio];
}
