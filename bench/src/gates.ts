import type { Row } from './results.js';

/** A ratio that must not get lost. */
export interface Gate {
  readonly row: string;
  readonly ratio: string;
  /** Whether more is better. */
  readonly more: boolean;
  /** What we set out for. */
  readonly target: number;
  /** It is shown and fails nothing: of a hundred calls the slowest is as much the machine's as ours. */
  readonly shownOnly?: true;
}

export const gates: readonly Gate[] = [
  { row: '1 caller, p50', ratio: 'flame/batched', more: false, target: 1.25 },
  { row: '1 caller, p99', ratio: 'p99/p50', more: false, target: 3, shownOnly: true },
  { row: '16 callers', ratio: 'flame/batched', more: true, target: 0.6 },
  { row: '64 callers', ratio: 'flame/batched', more: true, target: 0.45 },
  { row: '256 callers', ratio: 'flame/batched', more: true, target: 0.4 },
  { row: '256 callers', ratio: 'flame/unary', more: true, target: 20 },
  { row: '64 callers, traces of 1 %', ratio: 'all 1 %/app 1 %', more: true, target: 0.9 },
  { row: '64 callers, 1 KiB', ratio: 'flame/trivial', more: true, target: 0.6 },
  { row: '1 caller, 1 MiB', ratio: 'flame/stream', more: true, target: 2.5 },
  { row: '16 callers, 64 KiB', ratio: 'flame/stream', more: true, target: 1.6 },
  { row: '16 callers, 1 MiB argument', ratio: 'flame/stream', more: true, target: 2.5 },
  { row: '1 caller, 1 MiB', ratio: 'stream/batched', more: true, target: 0.7 },
  { row: '1 caller, 1 MiB', ratio: 'stream/batched in app', more: true, target: 0.7 },
  { row: '1 caller beside 100 MiB, p50', ratio: 'beside/alone', more: false, target: 3 },
  { row: 'cold start', ratio: 'flame/own boot', more: false, target: 1.15 },
  { row: '16 × 200 ms of JavaScript', ratio: 'flame/ideal', more: false, target: 1.1 },
];

/** What of a gate was measured and is documented. */
export interface Judged {
  readonly gate: Gate;
  readonly measured: number;
  readonly documented: number | undefined;
  readonly lost: boolean;
}

/**
 * Holds what was measured to two thirds of what is documented, or of what we set out for where more than that is documented: how much more depends on whether
 * both processes have a core to themselves. Of the rounds the best one counts: what the machine's other users take away is not ours,
 * and what we lost is lost in every round.
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
