import type { Measured } from './closed-loop.js';
import { figure, ratio } from './figures.js';
import type { Figure } from './figures.js';

/** What was measured of one quantity: by contestant, and ours in relation to the others. */
export interface Row {
  readonly name: string;
  readonly unit: 'calls/s' | 'µs' | 'ms';
  readonly figures: Readonly<Record<string, Figure>>;
  readonly ratios: Readonly<Record<string, Figure>>;
}

/** All measurements of a run, by scenario and contestant, one per round. */
export class Results {
  readonly #rounds = new Map<string, Map<string, Measured[]>>();

  add(scenario: string, contestant: string, measured: Measured): void {
    const contestants = this.#rounds.get(scenario) ?? new Map<string, Measured[]>();
    this.#rounds.set(scenario, contestants);
    contestants.set(contestant, [...(contestants.get(contestant) ?? []), measured]);
  }

  /** The first contestant is the one that is compared with the others. */
  row(scenario: string, what: string, unit: Row['unit'], value: (measured: Measured) => number): Row {
    const rounds = this.#rounds.get(scenario) ?? new Map<string, Measured[]>();
    const figures = Object.fromEntries(Array.from(rounds, ([name, measured]) => [name, figure(measured.map(value))]));
    const [[first, ours], ...others] = Object.entries(figures) as [[string, Figure], ...[string, Figure][]];
    const ratios = Object.fromEntries(others.map(([name, theirs]) => [`${first}/${name}`, ratio(ours, theirs)]));
    return { name: `${scenario}${what}`, unit, figures, ratios };
  }
}
