import type { Measured } from './closed-loop.js';
import { figure, ratio } from './figures.js';
import type { Figure } from './figures.js';

/** One measured quantity: a figure for each contestant, and ratios between contestants. */
export interface Row {
  /** The title of its table. */
  readonly topic: string;
  readonly name: string;
  readonly unit: 'calls/s' | 'µs' | 'ms';
  readonly figures: Readonly<Record<string, Figure>>;
  readonly ratios: Readonly<Record<string, Figure>>;
}

export type Quantity = (measured: Measured) => number;

export const rate: Quantity = ({ calls, elapsed }) => (calls / elapsed) * 1000;
export const cpu: Quantity = (measured) => (measured.cpu / measured.calls) * 1000;

/** Ratios in addition to those of `flame` to all others. */
const pairs = [
  ['stream', 'batched'],
  ['stream', 'batched in app'],
  ['inline', 'flame'],
  ['map', 'inline'],
  ['all 1 %', 'app 1 %'],
  ['all 100 %', 'app 100 %'],
  ['stream', 'other stream'],
] as const;

/** All measurements of a run by scenario and contestant, with one entry per round. */
export class Results {
  readonly #rounds = new Map<string, Map<string, Measured[]>>();

  add(scenario: string, contestant: string, measured: Measured): void {
    const contestants = this.#rounds.get(scenario) ?? new Map<string, Measured[]>();
    this.#rounds.set(scenario, contestants);
    contestants.set(contestant, [...(contestants.get(contestant) ?? []), measured]);
  }

  has(scenario: string): boolean {
    return this.#rounds.has(scenario);
  }

  figure(scenario: string, contestant: string, value: Quantity): Figure | undefined {
    const measured = this.#rounds.get(scenario)?.get(contestant);
    return measured && figure(measured.map(value));
  }

  /** Computes the ratios of `flame` to all others, those of the listed pairs whose contestants took part, and those of `more`. */
  row(
    topic: string,
    scenario: string,
    what: string,
    unit: Row['unit'],
    value: Quantity,
    more: Readonly<Record<string, Figure | undefined>> = {},
  ): Row {
    const contestants = [...(this.#rounds.get(scenario)?.keys() ?? [])].sort((a, b) => Number(b === 'flame') - Number(a === 'flame'));
    const known = contestants
      .map((name) => [name, this.figure(scenario, name, value)!] as const)
      .filter(([, { median }]) => Number.isFinite(median));
    const figures: Record<string, Figure> = Object.fromEntries(known);
    const ratios: Record<string, Figure> = {};
    const [first, ...others] = known.map(([name]) => name).filter((name) => name !== 'other stream');
    if (first === 'flame') for (const other of others) ratios[`${first}/${other}`] = ratio(figures[first!]!, figures[other]!);
    for (const [one, other] of pairs) if (figures[one] && figures[other]) ratios[`${one}/${other}`] = ratio(figures[one], figures[other]);
    for (const [name, further] of Object.entries(more)) if (further !== undefined) ratios[name] = further;
    return { topic, name: `${scenario}${what}`, unit, figures, ratios };
  }
}
