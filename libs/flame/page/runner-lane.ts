import type { RunnerBlocks } from './blocks.js';
import { h, setAttribute, setText, show } from './dom.js';
import { bytes, duration, percent, plural, shortId } from './format.js';
import { RunnerStrip } from './lane-canvas.js';
import type { Tip } from './tip.js';

/** One runner as a lane: its name and state, its last minute, and the button that drains it. */
export class RunnerLane {
  readonly element: HTMLElement;
  readonly strip: RunnerStrip;
  readonly runner: RunnerBlocks;
  readonly #name = h('span', { class: 'lane-name' });
  readonly #state = h('span', { class: 'state' });
  readonly #facts = h('span', { class: 'lane-facts' });
  readonly #drain: HTMLButtonElement;

  constructor(runner: RunnerBlocks, tip: Tip, drain: (() => void) | undefined) {
    this.runner = runner;
    this.strip = new RunnerStrip(runner);
    const { id } = runner.view;
    setText(this.#name, shortId(id));
    this.#drain = h('button', { type: 'button', class: 'quiet', click: () => drain?.(), 'aria-label': `Drain runner ${id}` }, 'Drain');
    const strip = h('div', { class: 'strip' }, this.strip.canvas);
    this.element = h(
      'li',
      { class: 'lane', tabindex: '0', 'data-runner': id },
      h('div', { class: 'lane-head' }, this.#name, this.#state, this.#facts),
      strip,
      ...(drain ? [h('div', { class: 'lane-end' }, this.#drain)] : []),
    );
    strip.addEventListener('pointermove', (event) => {
      const block = this.strip.at(event.offsetX, event.offsetY);
      if (!block) return tip.hide();
      const ran = duration((block.to ?? Date.now()) - block.from);
      tip.show(
        event,
        `${block.handler}\ncall ${block.id} · ${block.to === undefined ? `${block.state} for` : block.failed ? 'failed after' : 'ran'} ${ran}\non ${id}`,
      );
    });
    strip.addEventListener('pointerleave', () => tip.hide());
    this.update();
  }

  update(): void {
    const { view, goneAt, running } = this.runner;
    const state = goneAt !== undefined ? 'gone' : view.suspended ? 'cut off' : view.state;
    setText(this.#state, state);
    setAttribute(this.element, 'data-state', state);
    const facts = factsOf(this.runner);
    setText(this.#facts, facts);
    setAttribute(this.#facts, 'title', view.machine && `machine ${view.machine}, ${plural(view.served, 'call')} so far`);
    show(this.#drain, goneAt === undefined && (view.state === 'ready' || view.state === 'booting'));
    const now = running
      .slice(0, 3)
      .map(({ handler }) => handler)
      .join(', ');
    const work = running.length === 0 ? 'running nothing' : `running ${now}${running.length > 3 ? ` and ${running.length - 3} more` : ''}`;
    setAttribute(this.element, 'aria-label', `Runner ${view.id}: ${state}, ${facts}, ${work}`);
  }
}

function factsOf({ view, goneAt }: RunnerBlocks): string {
  if (goneAt !== undefined) return plural(view.served, 'call');
  if (view.state === 'booting') return `${view.phase ? `${view.phase} · ` : ''}${duration(view.age)}`;
  const facts = [`${view.load}/${view.slots}`, duration(view.age)];
  if (view.cpu !== undefined) facts.push(`${percent(view.cpu)} CPU`);
  if (view.memory !== undefined) facts.push(bytes(view.memory));
  if (view.lag !== undefined && view.lag >= 20) facts.push(`loop ${duration(view.lag)} late`);
  return facts.join(' · ');
}
