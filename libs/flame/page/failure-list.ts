import type { FailureView } from '../src/dashboard/snapshot.js';
import { h, show } from './dom.js';
import { count, shortId, timeOfDay } from './format.js';

const what = { boot: 'boot failed', lost: 'runner lost', threw: 'threw', call: 'call failed' } as const;

/** The recent failures of a pool, newest first. Each can be expanded to its full message. */
export class FailureList {
  readonly element: HTMLElement;
  readonly #items = h('ul', { class: 'failures' });
  readonly #none = h('p', { class: 'empty' }, 'No failures.');

  constructor() {
    this.element = h('section', { class: 'part' }, h('h3', {}, 'Recent failures'), this.#none, this.#items);
  }

  update(failures: readonly FailureView[]): void {
    const open = new Set(Array.from(this.#items.querySelectorAll<HTMLElement>('details[open]'), ({ dataset }) => dataset['key']));
    this.#items.replaceChildren(...failures.map((failure) => item(failure, open)));
    show(this.#none, failures.length === 0);
    show(this.#items, failures.length > 0);
  }
}

function item(failure: FailureView, open: ReadonlySet<string | undefined>): HTMLElement {
  const { at, type, code, message, handler, runner, count: times } = failure;
  const [first = '', ...rest] = message.split('\n');
  // The key is the same when a failure repeats, so that an expanded entry stays expanded.
  const key = `${type} ${code} ${handler} ${runner}`;
  const label = [
    h('time', { datetime: new Date(at).toISOString() }, timeOfDay(at)),
    h('span', { class: `kind kind-${type}` }, type === 'call' || type === 'threw' ? code : what[type]),
    h(
      'span',
      { class: 'failure-what' },
      `${handler ?? (runner ? `runner ${shortId(runner)}` : '')}${times > 1 ? `  × ${count(times)}` : ''}`,
    ),
    h('span', { class: 'failure-text' }, first),
  ];
  const details = h('details', { 'data-key': key, open: open.has(key) }, h('summary', {}, ...label));
  details.append(h('pre', {}, [`${what[type]} (${code})${runner ? ` on ${runner}` : ''}`, first, ...rest].join('\n')));
  return h('li', {}, details);
}
