import type { Sample } from '../src/dashboard/snapshot.js';
import { h, setAttribute, setText, svg } from './dom.js';
import { duration } from './format.js';

/** One line of a chart, or the area below it. */
export interface Series {
  readonly name: string;
  /** The class of its colour in the style sheet: `series-run`, … */
  readonly look: string;
  readonly area?: boolean;
  readonly of: (sample: Sample) => number | undefined;
}

const width = 360;
const height = 84;
const minute = 60_000;

/** A small chart of the last hour. The pointer or the arrow keys select a moment, whose values are shown. */
export class Chart {
  readonly element: HTMLElement;
  readonly #title: string;
  readonly #series: readonly Series[];
  readonly #format: (value: number) => string;
  readonly #paths: SVGPathElement[];
  readonly #values: HTMLElement[];
  readonly #top = h('span', { class: 'chart-top' });
  readonly #when = h('span', { class: 'chart-when' });
  readonly #cursor = svg('line', { class: 'cursor', y1: '0', y2: String(height) });
  readonly #svg = svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', tabindex: '0' });
  #samples: readonly Sample[] = [];
  #pointed: number | undefined;
  /** The time range in milliseconds: an hour, or less if the app has just started. */
  #span = 10 * minute;

  constructor(title: string, series: readonly Series[], format: (value: number) => string) {
    this.#title = title;
    this.#series = series;
    this.#format = format;
    this.#paths = series.map(({ look, area }) => svg('path', { class: `${look} ${area ? 'area' : 'line'}` }));
    this.#values = series.map(() => h('b'));
    for (const y of [0.5, height / 2, height - 0.5])
      this.#svg.append(svg('line', { class: 'rule', x1: '0', x2: String(width), y1: String(y), y2: String(y) }));
    this.#svg.append(...this.#paths, this.#cursor);
    const legend = series.map(({ name, look }, n) => h('span', {}, h('i', { class: `dot ${look}` }), `${name} `, this.#values[n]!));
    this.element = h(
      'figure',
      { class: 'chart' },
      h('figcaption', {}, h('span', { class: 'chart-title' }, title), this.#when),
      h('div', { class: 'plot' }, this.#svg, this.#top),
      h('div', { class: 'legend' }, ...legend),
    );
    this.#svg.addEventListener('pointermove', (event) => this.#point(this.#indexAt(event.offsetX / this.#svg.clientWidth)));
    this.#svg.addEventListener('pointerleave', () => this.#point(undefined));
    this.#svg.addEventListener('blur', () => this.#point(undefined));
    this.#svg.addEventListener('keydown', (event) => this.#key(event));
  }

  update(samples: readonly Sample[]): void {
    this.#samples = samples;
    const last = samples.at(-1)?.at ?? 0;
    const age = last - (samples[0]?.at ?? last);
    this.#span = ([10, 20, 30].find((minutes) => age < minutes * minute) ?? 60) * minute;
    const x = (at: number): number => width - ((last - at) / this.#span) * width;
    const values = this.#series.map(({ of }) => samples.map(of));
    const most = nice(Math.max(0, ...values.flat().map((value) => value ?? 0)));
    const y = (value: number): number => height - 1 - (value / most) * (height - 4);
    this.#paths.forEach((path, n) => path.setAttribute('d', outline(samples, values[n]!, x, y, this.#series[n]!.area ?? false)));
    setText(this.#top, samples.length === 0 ? '' : this.#format(most));
    this.#updateLegend();
  }

  #point(index: number | undefined): void {
    this.#pointed = index;
    this.#updateLegend();
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 }[event.key];
    if (step === undefined || this.#samples.length === 0) return;
    event.preventDefault();
    const last = this.#samples.length - 1;
    this.#point(Math.min(last, Math.max(0, (this.#pointed ?? last) + step)));
  }

  #indexAt(share: number): number | undefined {
    const last = this.#samples.at(-1);
    if (!last) return undefined;
    const at = last.at - (1 - share) * this.#span;
    const index = this.#samples.findIndex((sample) => sample.at >= at);
    return index === -1 ? this.#samples.length - 1 : index;
  }

  /** Shows the values of the selected moment in the legend, or else the latest values. */
  #updateLegend(): void {
    const last = this.#samples.at(-1);
    const sample = this.#pointed === undefined ? last : this.#samples[Math.min(this.#pointed, this.#samples.length - 1)];
    const texts = this.#series.map(({ of }) => {
      const value = sample && of(sample);
      return value === undefined ? '–' : this.#format(value);
    });
    texts.forEach((text, n) => setText(this.#values[n]!, text));
    const ago = sample && last && last.at > sample.at ? `${duration(last.at - sample.at)} ago` : `last ${this.#span / minute} min`;
    setText(this.#when, last ? ago : 'no sample yet');
    const at = sample && last && this.#pointed !== undefined ? width - ((last.at - sample.at) / this.#span) * width : -9;
    for (const name of ['x1', 'x2']) setAttribute(this.#cursor, name, String(at));
    setAttribute(
      this.#svg,
      'aria-label',
      `${this.#title}, ${ago}: ${this.#series.map(({ name }, n) => `${name} ${texts[n]!}`).join(', ')}. Arrow keys move through the hour.`,
    );
  }
}

/** The next of 1, 2, 4, 5, 8, 10, 20 … that is not below the value. */
function nice(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 8, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

/** A line through the values, or the area below it, with a gap if a value is missing. */
function outline(
  samples: readonly Sample[],
  values: readonly (number | undefined)[],
  x: (at: number) => number,
  y: (value: number) => number,
  area: boolean,
): string {
  let path = '';
  let begun: number | undefined;
  const close = (until: number): void => {
    if (area && begun !== undefined) path += `L${until.toFixed(1)} ${height}L${begun.toFixed(1)} ${height}Z`;
    begun = undefined;
  };
  samples.forEach(({ at }, n) => {
    const value = values[n];
    const left = x(at);
    if (value === undefined) return close(x(samples[Math.max(0, n - 1)]!.at));
    // A single sample is drawn as a line with the length of its interval.
    path += begun === undefined ? `M${(left - 1).toFixed(1)} ${y(value).toFixed(1)}L${left.toFixed(1)} ${y(value).toFixed(1)}` : '';
    path += `L${left.toFixed(1)} ${y(value).toFixed(1)}`;
    begun ??= left - 1;
  });
  close(x(samples.at(-1)?.at ?? 0));
  return path;
}
