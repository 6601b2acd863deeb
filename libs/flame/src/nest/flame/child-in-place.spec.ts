import { getEventListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameTestingModule, VirtualClock } from '../../testing/index.js';
import type { FlameCallOptions } from './call-options.js';
import { Flame } from './flame.service.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';
import type { RemoteChild } from './remote-child.js';

let told: string[] = [];
/** Lets `onFlameStart` go on. */
let open: () => void = () => {};

@Injectable()
class Room {
  async onFlameStart({ wait = false, fail = false }: { wait?: boolean; fail?: boolean }): Promise<void> {
    told.push('starts');
    FlameCall.current()!.signal.addEventListener('abort', () => told.push('aborted'));
    FlameCall.current()!.progress('starting');
    if (wait) await new Promise<void>((resolve) => (open = resolve));
    if (fail) throw new RangeError('no room');
    told.push('started');
  }

  async say(text: string): Promise<string> {
    FlameCall.current()!.progress(`saying ${text}`);
    return text;
  }

  async wait(): Promise<void> {
    const { signal } = FlameCall.current()!;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw new Error(`ended: ${(signal.reason as Error).message}`);
  }

  async *count(): AsyncGenerator<number> {
    const { signal } = FlameCall.current()!;
    yield 1;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }

  onFlameStop(reason: string): Promise<void> | void {
    told.push(`stop: ${reason}`);
    if (reason === 'slowly') return new Promise(() => {});
  }
}

@Injectable()
class Outer {
  task: (flame: Flame) => Promise<unknown> = async () => undefined;

  constructor(private readonly flame: Flame) {}

  @OnFlame('one')
  async run(): Promise<unknown> {
    return this.task(this.flame);
  }
}

interface Rig {
  readonly app: TestingModule;
  readonly clock: VirtualClock;
  inside<T>(task: (flame: Flame) => Promise<T>, options?: FlameCallOptions): Promise<T>;
}

async function start(): Promise<Rig> {
  const app = await startApp({
    imports: [FlameTestingModule.forRoot([{ name: 'one', max: 1 }], { virtualTime: true, handlers: [Room] })],
    providers: [Outer],
  });
  const inside: Rig['inside'] = (task, options) => {
    app.get(Outer).task = task;
    return app.get(Flame).on('one', Outer, options).run() as never;
  };
  return { app, clock: app.get(VirtualClock), inside };
}

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('A child in place', () => {
  beforeEach(() => {
    told = [];
  });

  it('uses the module’s clock', async () => {
    const { clock, inside } = await start();
    const exit = inside(async (flame) => (await flame.placeChild('one', Room, {})).stop('slowly'));
    await clock.advance(999);
    expect(told).toEqual(['starts', 'started', 'aborted', 'stop: slowly']);
    const seen: unknown[] = [];
    void exit.then((how) => seen.push(how));
    await clock.settle();
    expect(seen).toEqual([]);
    await clock.advance(1);
    await clock.settle();
    expect(seen).toEqual([{ how: 'stopped', reason: 'slowly' }]);
  });

  it('is not placed if its signal, or the call around it, has aborted', async () => {
    const { clock, inside } = await start();
    const gone = AbortSignal.abort(new Error('gone before'));
    expect(await inside((flame) => failure(flame.placeChild('one', Room, {}, { signal: gone })))).toMatchObject({
      code: 'FLAME_CANCELLED',
      ran: 'no',
      message: 'new Room was not started: its signal was already aborted (gone before)',
    });
    const caller = new AbortController();
    const seen: unknown[] = [];
    const call = outcome(
      inside(
        async (flame) => {
          const { signal } = FlameCall.current()!;
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          seen.push(await outcome(flame.placeChild('one', Room, {})));
        },
        { signal: caller.signal },
      ),
    );
    await clock.settle();
    caller.abort();
    await call;
    await clock.settle();
    expect(seen).toMatchObject([{ code: 'FLAME_CANCELLED', ran: 'no' }]);
    expect(told).toEqual([]);
  });

  it.each([{ link: true }, { link: false }])('is removed if a signal aborts during onFlameStart (%o)', async ({ link }) => {
    const { clock, inside } = await start();
    const caller = new AbortController();
    const placing = inside((flame) => failure(flame.placeChild('one', Room, { wait: true }, { signal: caller.signal, link })));
    await clock.settle();
    caller.abort(new Error('the user left'));
    expect(await placing).toMatchObject({
      code: 'FLAME_CANCELLED',
      ran: 'maybe',
      message: expect.stringMatching(/^new Room was cancelled .*: the user left$/),
    });
    expect(told).toEqual(['starts', 'aborted']);
    open();
    await clock.settle();
    expect(told.slice(2)).toEqual(['started', expect.stringMatching(/^stop: .*the user left/)]);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('is removed if its placing times out', async () => {
    const { clock, inside } = await start();
    const placing = inside((flame) => failure(flame.placeChild('one', Room, { wait: true }, { timeout: 300 })));
    await clock.advance(300);
    expect(await placing).toMatchObject({
      code: 'FLAME_TIMEOUT',
      ran: 'maybe',
      message: expect.stringMatching(/^new Room timed out after 300 ms/),
    });
    open();
    await clock.settle();
    expect(told).toEqual(['starts', 'aborted', 'started', expect.stringMatching(/^stop: new Room timed out/)]);
  });

  it('rejects with the error of onFlameStart, and is removed', async () => {
    const { app, inside } = await start();
    const { signal } = new AbortController();
    expect(await inside((flame) => outcome(flame.placeChild('one', Room, { fail: true }, { signal })))).toBeInstanceOf(RangeError);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await app.close();
    expect(told).toEqual(['starts']);
  });

  it('has no timeout once it is placed, and ends with its signal', async () => {
    const { clock, inside } = await start();
    const caller = new AbortController();
    let kept!: RemoteChild<Room>;
    await inside(async (flame) => void (kept = await flame.placeChild('one', Room, {}, { timeout: 100, signal: caller.signal })));
    await clock.advance(200);
    expect(await kept.api.say('still here')).toBe('still here');
    caller.abort(new Error('the user left'));
    expect(await kept.exited).toEqual({ how: 'cancelled', reason: 'the user left' });
    expect(told.at(-1)).toBe('stop: the user left');
    expect(await failure(kept.api.say('again'))).toMatchObject({ code: 'FLAME_LOST', ran: 'no' });
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('stays if it is not linked, and ends when the app closes, before its providers are destroyed', async () => {
    const { app, clock, inside } = await start();
    const caller = new AbortController();
    let child!: RemoteChild<Room>;
    await inside(async (flame) => void (child = await flame.placeChild('one', Room, {}, { signal: caller.signal, link: false })));
    caller.abort();
    await clock.settle();
    expect(await child.api.say('still here')).toBe('still here');
    await app.close();
    expect(await child.exited).toEqual({ how: 'leaving', reason: 'the app is closing' });
    expect(told.at(-1)).toBe('stop: the app is closing');
  });

  it('has methods with their own timeout, signal and progress', async () => {
    const { clock, inside } = await start();
    const caller = new AbortController();
    const seen: unknown[] = [];
    const placed: unknown[] = [];
    const done = inside(async (flame) => {
      const child = await flame.placeChild('one', Room, {}, { onProgress: (value) => placed.push(value) });
      const { signal } = caller;
      return Promise.all([
        outcome(child.with({ timeout: 200 }).wait()),
        outcome(child.with({ signal }).wait()),
        child.with({ onProgress: (value) => seen.push(value) }).say('hi'),
        outcome(child.with({ signal: AbortSignal.abort() }).say('never')),
        outcome(
          (async () => {
            for await (const n of child.with({ timeout: 300 }).count()) seen.push(n);
          })(),
        ),
      ]);
    });
    await clock.settle();
    caller.abort(new Error('the user left'));
    await clock.advance(300);
    expect(await done).toMatchObject([
      { code: 'FLAME_TIMEOUT', ran: 'maybe', message: expect.stringMatching(/^Room\.wait timed out after 200 ms/) },
      { code: 'FLAME_CANCELLED', ran: 'maybe', message: expect.stringMatching(/^Room\.wait was cancelled/) },
      'hi',
      { code: 'FLAME_CANCELLED', ran: 'no' },
      { code: 'FLAME_TIMEOUT' },
    ]);
    expect(seen).toEqual(['saying hi', 1]);
    expect(placed).toEqual(['starting']);
  });
});
