import type { FailureView, PoolView, Sample } from '../src/dashboard/snapshot.js';
import { PoolBlocks, timeWindow } from './blocks.js';
import { Chart } from './chart.js';
import { h, setAttribute, setText, show } from './dom.js';
import { FailureList } from './failure-list.js';
import { count, duration, percent, plural, rate } from './format.js';
import { QueueStrip } from './lane-canvas.js';
import { colorNumber } from './palette.js';
import { RunnerLane } from './runner-lane.js';
import type { Tip } from './tip.js';

/** The actions of a card. */
export interface PoolActions {
  pause(pool: PoolView): void;
  resize(pool: PoolView): void;
  drain(pool: PoolView, runner: string): void;
}

/** One pool: its state, its lanes, its queue, its last hour and its failures. */
export class PoolCard {
  readonly element: HTMLElement;
  readonly lanes = new Map<string, RunnerLane>();
  view: PoolView | undefined;
  readonly #tip: Tip;
  readonly #actions: PoolActions | undefined;
  readonly #blocks = new PoolBlocks();
  readonly #queueStrip = new QueueStrip(this.#blocks);
  readonly #failures = new FailureList();
  readonly #samples: Sample[] = [];
  readonly #state = h('span', { class: 'badge' });
  readonly #size = h('span', { class: 'size' });
  readonly #figures = ['Slots in use', 'Waiting', 'Runners', 'Calls per second', 'Calls ran, p95', 'Runner time used'].map(figure);
  readonly #why = h('p', { class: 'why' });
  readonly #lanes = h('ul', { class: 'lanes' });
  readonly #empty = h('p', { class: 'empty' });
  readonly #quiet = h('p', { class: 'empty' });
  readonly #queueFacts = h('span', { class: 'lane-facts' });
  readonly #waiting = h('ol', { class: 'waiting', 'aria-label': 'What waits' });
  readonly #handlers = h('div', { class: 'legend' });
  readonly #pause = h('button', { type: 'button', click: () => this.view && this.#actions?.pause(this.view) });
  readonly #charts = [
    new Chart(
      'Load',
      [
        { name: 'slots', look: 'series-room', area: true, of: ({ slots }) => slots },
        { name: 'running', look: 'series-run', area: true, of: ({ running }) => running },
        { name: 'waiting', look: 'series-wait', of: ({ waiting }) => waiting },
      ],
      count,
    ),
    new Chart(
      'Latency, p95',
      [
        { name: 'waited', look: 'series-wait', of: ({ waited95 }) => waited95 },
        { name: 'ran', look: 'series-run', of: ({ ran95 }) => ran95 },
        { name: 'median', look: 'series-live', of: ({ ran50 }) => ran50 },
      ],
      duration,
    ),
    new Chart(
      'Runners',
      [
        { name: 'with boots', look: 'series-boot', area: true, of: ({ ready, booting }) => ready + booting },
        { name: 'ready', look: 'series-live', area: true, of: ({ ready }) => ready },
      ],
      count,
    ),
    new Chart(
      'Runner-seconds',
      [
        { name: 'paid', look: 'series-room', area: true, of: ({ paid }) => paid },
        { name: 'used', look: 'series-run', area: true, of: ({ used }) => used },
      ],
      rate,
    ),
  ];

  constructor(name: string, tip: Tip, actions: PoolActions | undefined) {
    this.#tip = tip;
    this.#actions = actions;
    const resize = h('button', { type: 'button', click: () => this.view && actions?.resize(this.view) }, 'Resize…');
    const title = h('h2', { id: `pool-${name}` }, name);
    this.element = h(
      'section',
      { class: 'pool', 'aria-labelledby': `pool-${name}`, tabindex: '-1' },
      h(
        'header',
        { class: 'pool-head' },
        title,
        this.#state,
        this.#size,
        h('span', { class: 'push' }),
        ...(actions ? [h('div', { class: 'buttons' }, this.#pause, resize)] : []),
      ),
      h('dl', { class: 'figures' }, ...this.#figures.map(({ element }) => element)),
      this.#why,
      h(
        'section',
        { class: 'part timeline' },
        h('h3', {}, 'The last minute'),
        this.#empty,
        this.#quiet,
        this.#lanes,
        h(
          'div',
          { class: 'lane queue' },
          h('div', { class: 'lane-head' }, h('span', { class: 'lane-name' }, 'Queue'), this.#queueFacts),
          h('div', { class: 'strip' }, this.#queueStrip.canvas),
          ...(actions ? [h('div', { class: 'lane-end' })] : []),
        ),
        h('div', { class: 'axis', 'aria-hidden': 'true' }, ...['60 s', '45 s', '30 s', '15 s', 'now'].map((text) => h('span', {}, text))),
        this.#waiting,
        this.#handlers,
      ),
      h(
        'section',
        { class: 'part' },
        h('h3', {}, 'The last hour'),
        h('div', { class: 'charts' }, ...this.#charts.map(({ element }) => element)),
      ),
      this.#failures.element,
    );
    this.failures([]);
  }

  history(samples: readonly Sample[]): void {
    this.#samples.splice(0, Infinity, ...samples);
    this.#blocks.waited(samples);
    for (const chart of this.#charts) chart.update(this.#samples);
  }

  sample(sample: Sample, most: number): void {
    this.#samples.push(sample);
    if (this.#samples.length > most) this.#samples.shift();
    for (const chart of this.#charts) chart.update(this.#samples);
  }

  failures(failures: readonly FailureView[]): void {
    this.#failures.update(failures);
  }

  update(view: PoolView, at: number): void {
    this.view = view;
    this.#blocks.take(view, at);
    if (view.failures) this.failures(view.failures);
    this.#tellState(view);
    this.#tellFigures(view);
    this.#tellQueue(view);
    this.#placeLanes();
    this.#tellQuiet(view, at);
  }

  paint(now: number): void {
    for (const { strip } of this.lanes.values()) strip.paint(now);
    this.#queueStrip.paint(now);
  }

  #tellState(view: PoolView): void {
    const state = stateOf(view);
    setText(this.#state, state);
    setAttribute(this.element, 'data-state', state);
    setText(this.#size, `${view.backend}, ${view.min} to ${plural(view.max, 'runner')}`);
    setText(this.#pause, view.paused === undefined ? 'Pause' : 'Resume');
    this.#pause.disabled = view.draining;
    const why = view.why ?? (view.paused === undefined ? undefined : `The pool is paused: ${view.paused}. New calls wait.`);
    setText(this.#why, why ?? '');
    show(this.#why, why !== undefined);
    show(this.#empty, view.runners.length === 0 && this.#blocks.runners.size === 0);
    setText(this.#empty, view.draining ? 'The pool is draining: no runner is left.' : 'No runner is up. The first call boots one.');
  }

  #tellFigures(view: PoolView): void {
    const [slots, waiting, runners, calls, latency, cost] = this.#figures as [Figure, Figure, Figure, Figure, Figure, Figure];
    slots.set(`${count(view.running)} / ${count(view.slots)}`, undefined, view.slots === 0 ? 0 : view.running / view.slots);
    waiting.set(count(view.waiting), view.waiting > 0 ? `the oldest for ${duration(view.waitingFor)}` : 'no calls');
    const ready = view.runners.filter(({ state }) => state === 'ready').length;
    const others = (['booting', 'leaving', 'stopping'] as const)
      .map((state) => [state, view.runners.filter((runner) => runner.state === state).length] as const)
      .flatMap(([state, number]) => (number > 0 ? [`${number} ${state}`] : []));
    runners.set(count(ready), [`of at most ${count(view.max)}`, ...others].join(', '));
    calls.set(rate(this.#blocks.rate), 'over ten seconds');
    const last = this.#samples.findLast(({ ran95 }) => ran95 !== undefined);
    latency.set(
      last?.ran95 === undefined ? '–' : duration(last.ran95),
      last?.ran50 === undefined ? 'no call has ended' : `p50 ${duration(last.ran50)}`,
    );
    const { paid, used } = view.cost;
    cost.set(
      paid > 0 ? percent(used / paid) : '–',
      paid > 0 ? `of ${count(paid)} s paid for` : 'no runner time yet',
      paid > 0 ? used / paid : undefined,
    );
  }

  #tellQueue(view: PoolView): void {
    setText(this.#queueFacts, view.waiting === 0 ? 'empty' : `${count(view.waiting)} · ${duration(view.waitingFor)}`);
    const items = waitingOf(view);
    while (this.#waiting.children.length > items.length) this.#waiting.lastElementChild!.remove();
    items.forEach((text, n) => setText(this.#waiting.children[n] ?? this.#waiting.appendChild(h('li')), text));
    show(this.#waiting, items.length > 0);
    const handlers = new Set([...view.work, ...view.ended].map(({ handler }) => handler));
    for (const handler of handlers) {
      if (this.#handlers.children.length >= 12 || this.#handlers.querySelector(`[data-handler="${CSS.escape(handler)}"]`)) continue;
      this.#handlers.append(h('span', { 'data-handler': handler }, h('i', { class: `dot handler-${colorNumber(handler)}` }), handler));
    }
  }

  /** Explains empty lanes. They show only calls since the page was opened; the samples show how many calls ended before. */
  #tellQuiet({ unsampled }: PoolView, at: number): void {
    show(this.#quiet, this.lanes.size > 0 && !this.#blocks.any);
    const before = this.#samples
      .filter((sample) => sample.at > at - timeWindow)
      .reduce((sum, { ok, failed }) => sum + ok + failed, unsampled);
    setText(
      this.#quiet,
      before === 0
        ? 'No calls in the last minute.'
        : `${plural(before, 'call')} ended in the last minute. The lanes show calls from now on.`,
    );
  }

  #placeLanes(): void {
    for (const [id, runner] of this.#blocks.runners) {
      const lane = this.lanes.get(id);
      if (lane) lane.update();
      else {
        const drain = this.#actions && ((): void => this.#actions!.drain(this.view!, id));
        const added = new RunnerLane(runner, this.#tip, drain);
        this.lanes.set(id, added);
        this.#lanes.append(added.element);
      }
    }
    for (const [id, { element }] of this.lanes) {
      if (this.#blocks.runners.has(id)) continue;
      // Keeps the keyboard focus within the pool when a lane disappears.
      if (element.contains(document.activeElement)) this.element.focus();
      element.remove();
      this.lanes.delete(id);
    }
    show(this.#lanes, this.lanes.size > 0);
  }
}

function stateOf({ draining, paused, runners, running, waiting }: PoolView): string {
  if (draining) return 'draining';
  if (paused !== undefined) return 'paused';
  if (running + waiting > 0) return 'at work';
  return runners.length === 0 ? 'no runners' : 'idle';
}

/** The waiting calls, one text for each handler, with the longest wait. */
function waitingOf({ queue, waiting }: PoolView): string[] {
  const handlers = new Map<string, { calls: number; longest: number }>();
  for (const { handler, for: waited } of queue) {
    const known = handlers.get(handler) ?? { calls: 0, longest: 0 };
    handlers.set(handler, { calls: known.calls + 1, longest: Math.max(known.longest, waited) });
  }
  const texts = [...handlers]
    .slice(0, 8)
    .map(([handler, { calls, longest }]) => `${count(calls)} × ${handler}, the oldest for ${duration(longest)}`);
  return waiting > queue.length ? [...texts, `and ${count(waiting - queue.length)} more`] : texts;
}

interface Figure {
  readonly element: HTMLElement;
  set(value: string, more?: string, share?: number): void;
}

function figure(name: string): Figure {
  const value = h('span', { class: 'value' });
  const more = h('span', { class: 'more' });
  const bar = h('span', { class: 'bar', hidden: true }, h('i'));
  return {
    element: h('div', {}, h('dt', {}, name), h('dd', {}, value, bar, more)),
    set: (text, beside = '', share) => {
      setText(value, text);
      setText(more, beside);
      show(more, beside !== '');
      show(bar, share !== undefined);
      if (share !== undefined) (bar.firstElementChild as HTMLElement).style.width = `${Math.min(100, share * 100)}%`;
    },
  };
}
