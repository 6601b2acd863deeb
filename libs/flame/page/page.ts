import type { Hello, PoolView, Sample, Snapshot } from '../src/dashboard/snapshot.js';
import { ask, asking, Notes, showKeys } from './dialogs.js';
import { h, setText, show } from './dom.js';
import { plural } from './format.js';
import { PoolCard } from './pool-card.js';
import type { PoolActions } from './pool-card.js';
import { act, listen } from './server.js';
import type { Connection } from './server.js';
import { Tip } from './tip.js';

/** The delay in milliseconds with which lanes are painted, so that updates twice a second appear smooth. */
const behind = 700;
const samplesKept = 360;
const words: Record<Connection, string> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'no connection, retrying',
  refused: 'not allowed',
};

/** The page: the pools' cards, the connection, the actions and the keys. */
class Page {
  readonly #cards = new Map<string, PoolCard>();
  readonly #pools = h('main', { id: 'pools' });
  readonly #tip = new Tip();
  readonly #notes = new Notes();
  readonly #connection = h('span', { class: 'connection', role: 'status' });
  readonly #instance = h('span', { class: 'instance' });
  readonly #summary = h('p', { class: 'summary' });
  readonly #empty = h('p', { class: 'empty page-empty' }, 'Waiting for the app …');
  #token: string | undefined;
  /** The server clock's lead over this one, and the server's time when the connection was lost. */
  #ahead = 0;
  #frozen: number | undefined;

  constructor() {
    document.body.append(
      h(
        'header',
        { class: 'page-head' },
        h('h1', {}, 'flame'),
        this.#connection,
        this.#summary,
        h('span', { class: 'push' }),
        this.#instance,
        h('button', { type: 'button', class: 'quiet', click: () => this.#showKeys(), 'aria-label': 'Keys' }, '?'),
      ),
      this.#empty,
      this.#pools,
      this.#notes.element,
      this.#tip.element,
    );
    document.addEventListener('keydown', (event) => this.#key(event));
    listen({
      hello: (hello) => this.#hello(hello),
      snapshot: (snapshot) => this.#snapshot(snapshot),
      samples: (samples) => this.#sample(samples),
      connection: (state) => this.#connected(state),
    });
    this.#paintForever();
  }

  #hello({ instance, token, history, failures }: Hello): void {
    setText(this.#instance, instance);
    this.#token = token;
    // The server may be a new process, so all cards are made again.
    this.#cards.clear();
    this.#pools.replaceChildren();
    const actions = token === undefined ? undefined : this.#actions();
    for (const name of Object.keys(history)) {
      const card = new PoolCard(name, this.#tip, actions);
      card.history(history[name]!);
      card.failures(failures[name] ?? []);
      this.#cards.set(name, card);
      this.#pools.append(card.element);
    }
    show(this.#empty, this.#cards.size === 0);
    setText(this.#empty, 'This app has no pools.');
  }

  #snapshot({ at, pools }: Snapshot): void {
    this.#ahead = at - Date.now();
    for (const pool of pools) this.#cards.get(pool.name)?.update(pool, at);
    const sum = (of: (pool: PoolView) => number): number => pools.reduce((total, pool) => total + of(pool), 0);
    const running = sum((pool) => pool.running);
    const waiting = sum((pool) => pool.waiting);
    setText(
      this.#summary,
      `${plural(
        sum((pool) => pool.runners.length),
        'runner',
      )} · ${running} running · ${waiting} waiting`,
    );
    document.title = `${waiting > 0 ? `${waiting} waiting · ` : ''}flame`;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) this.#paint();
  }

  #sample(samples: Readonly<Record<string, Sample>>): void {
    for (const [name, sample] of Object.entries(samples)) this.#cards.get(name)?.sample(sample, samplesKept);
  }

  #connected(state: Connection): void {
    if (state === 'live') this.#frozen = undefined;
    else this.#frozen ??= Date.now() + this.#ahead;
    setText(this.#connection, words[state]);
    document.body.dataset['connection'] = state;
    if (state === 'refused') setText(this.#empty, 'Access denied. Reload the page to sign in again.');
  }

  /** Paints about twenty times a second while the page is visible. With reduced motion, only new snapshots are painted. */
  #paintForever(): void {
    let last = 0;
    const still = matchMedia('(prefers-reduced-motion: reduce)');
    const frame = (now: number): void => {
      if (now - last >= 45 && !still.matches) {
        last = now;
        this.#paint();
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  #paint(): void {
    const now = (this.#frozen ?? Date.now() + this.#ahead) - behind;
    for (const card of this.#cards.values()) card.paint(now);
  }

  #actions(): PoolActions {
    return {
      pause: (pool) => void this.#give(pool, pool.paused === undefined ? 'pause' : 'resume'),
      resize: async (pool) => {
        const most = 999_999;
        const size = await ask(`Resize ${pool.name}`, 'Runners above the new maximum finish their calls and stop.', 'Resize', [
          { label: 'At least', name: 'min', value: pool.min, most },
          { label: 'At most', name: 'max', value: pool.max, most },
        ]);
        if (size) await this.#give(pool, 'resize', size);
      },
      drain: async (pool, runner) => {
        const text = 'The runner takes no new calls. Its running calls are aborted after the pool’s shutdownTimeout.';
        if (await ask(`Drain ${runner}?`, text, 'Drain')) await this.#give(pool, 'drain-runner', { runner });
      },
    };
  }

  async #give(pool: PoolView, name: string, params?: Record<string, string>): Promise<void> {
    try {
      this.#notes.say(await act(this.#token!, pool.name, name, params));
    } catch (error) {
      this.#notes.say((error as Error).message, true);
    }
  }

  #showKeys(): void {
    const keys: [string, string][] = [
      ['1 … 9', 'go to a pool'],
      ['↑ ↓', 'go from runner to runner'],
      ['← →', 'on a chart: move through the hour'],
    ];
    const actions: [string, string][] = [
      ['p', 'pause or resume the pool you are in'],
      ['r', 'resize the pool you are in'],
      ['d', 'drain the runner you are on'],
    ];
    showKeys([...keys, ...(this.#token === undefined ? [] : actions), ['?', 'show this']]);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || asking()) return;
    const focused = document.activeElement;
    const cards = [...this.#cards.values()];
    // With a single pool no focus is needed.
    const card = cards.find(({ element }) => element.contains(focused)) ?? (cards.length === 1 ? cards[0] : undefined);
    if (event.key === '?') return this.#showKeys();
    if (/^[1-9]$/.test(event.key)) return cards[Number(event.key) - 1]?.element.focus();
    const lane = focused?.closest<HTMLElement>('li.lane');
    if (/^[prd]$/.test(event.key)) {
      if (this.#token === undefined) return this.#notes.say('This page is read-only.', true);
      if (!card) return this.#notes.say('Go to a pool first, with 1 to 9.', true);
      if (event.key === 'd' && !lane) return this.#notes.say('Go to a runner first, with the arrow keys.', true);
    }
    if (!card?.view) return;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp': {
        if (focused?.closest('.charts, button')) return;
        const lanes = [...card.lanes.values()].map(({ element }) => element);
        const at = lane ? lanes.indexOf(lane) : event.key === 'ArrowDown' ? -1 : lanes.length;
        lanes[Math.max(0, Math.min(lanes.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1)))]?.focus();
        return event.preventDefault();
      }
      case 'p':
        return this.#actions().pause(card.view);
      case 'r':
        return this.#actions().resize(card.view);
      case 'd':
        this.#actions().drain(card.view, lane!.dataset['runner']!);
    }
  }
}

new Page();
