import { Injectable } from '@nestjs/common';
import { lastValueFrom, of, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { $inline } from '../../inline/index.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameTestingModule, VirtualClock } from '../../testing/index.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';
import { Flame } from './flame.service.js';

/** The handler around: it does what the test gives it. */
@Injectable()
class Outer {
  task: (flame: Flame) => Promise<unknown> = async () => undefined;

  constructor(private readonly flame: Flame) {}

  @OnFlame('p')
  async run(): Promise<unknown> {
    return this.task(this.flame);
  }
}

/** The mark of an inline function. In place no copy of it is needed. */
function inline<F extends (...args: never[]) => unknown>(fn: F): F {
  return $inline(fn, 'Outer.task/1', () => [undefined]);
}

/** What inline functions have done. */
const told: string[] = [];

async function untilAborted(): Promise<never> {
  const { signal } = FlameCall.current()!;
  told.push('begins');
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  told.push('aborted');
  throw signal.reason;
}

async function* numbers(): AsyncGenerator<number> {
  try {
    yield* [1, 2];
    await untilAborted();
  } finally {
    told.push('closed');
  }
}

async function start() {
  told.length = 0;
  const castErrors: unknown[] = [];
  const onCastError = (error: unknown, handler: string): void => void castErrors.push([handler, error]);
  const pools = [{ name: 'p', max: 1, maxConcurrency: 2, handlerTimeout: 10_000 }];
  const app = await startApp({ imports: [FlameTestingModule.forRoot(pools, { virtualTime: true, onCastError })], providers: [Outer] });
  /** Runs `task` inside of a handler. */
  const inside = (task: (flame: Flame) => Promise<unknown>): Promise<unknown> => {
    const outer = app.get(Outer);
    outer.task = task;
    return outer.run();
  };
  return { clock: app.get(VirtualClock), castErrors, inside };
}

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('flame.cast in place', () => {
  it.each([[undefined], [{ timeout: 1_000 }]])(
    'resolves when the function was called; its error goes to onCastError: %o',
    async (options) => {
      const { clock, castErrors, inside } = await start();
      const error = new RangeError('it burns');
      let fail!: () => void;
      const failing = inline(() => new Promise((_, reject) => (fail = () => reject(error))));
      await inside((flame) => flame.cast('p', failing, options));
      expect(castErrors).toEqual([]);
      fail();
      await clock.settle();
      expect(castErrors).toEqual([['Outer.task/1', error]]);
    },
  );

  it('ends at its timeout: the function is aborted, and onCastError gets FLAME_TIMEOUT', async () => {
    const { clock, castErrors, inside } = await start();
    await inside((flame) => flame.cast('p', inline(untilAborted), { timeout: 500 }));
    await clock.advance(499);
    expect([told, castErrors]).toEqual([['begins'], []]);
    await clock.advance(1);
    expect(told).toEqual(['begins', 'aborted']);
    expect(castErrors).toMatchObject([['Outer.task/1', { code: 'FLAME_TIMEOUT' }]]);
  });

  it('does not call the function if its signal has aborted', async () => {
    const { inside } = await start();
    const cast = inside((flame) => outcome(flame.cast('p', inline(untilAborted), { signal: AbortSignal.abort() })));
    expect(await cast).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    expect(told).toEqual([]);
  });
});

describe('A stream of flame.call in place', () => {
  it.each([[undefined], [{ timeout: 1_000 }]])('gives items as they come, and is closed when its reader leaves: %o', async (options) => {
    const { inside } = await start();
    await inside(async (flame) => {
      for await (const number of flame.call('p', inline(numbers), options)) {
        told.push(`item ${number}`);
        if (number === 2) break;
      }
    });
    expect(told).toEqual(['item 1', 'item 2', 'closed']);
  });

  it('ends at its timeout, for its reader and for the function', async () => {
    const { clock, inside } = await start();
    const reading = inside(async (flame) => {
      for await (const number of flame.call('p', inline(numbers), { timeout: 400 })) told.push(`item ${number}`);
    });
    const error = outcome(reading);
    await clock.advance(400);
    expect(await error).toMatchObject({ code: 'FLAME_TIMEOUT' });
    expect(told).toEqual(['item 1', 'item 2', 'begins', 'aborted', 'closed']);
  });

  it('is of the kind in the option `returns`', async () => {
    const { inside } = await start();
    const read = inside(async (flame) =>
      lastValueFrom(
        flame
          .call(
            'p',
            inline(() => of(1, 2)),
            { returns: 'observable' },
          )
          .pipe(toArray()),
      ),
    );
    expect(await read).toEqual([1, 2]);
  });
});

describe('flame.map in place', () => {
  it('has as many calls at a time as the pool has slots, each within its timeout', async () => {
    const { clock, inside } = await start();
    const reading = inside(async (flame) => {
      const results = flame.map('p', ['a', 'b', 'c'], inline(untilAborted), { settle: true, timeout: 300 });
      const reasons: unknown[] = [];
      for await (const result of results) reasons.push(result.status === 'rejected' ? result.reason : undefined);
      return reasons;
    });
    await clock.settle();
    expect(told).toEqual(['begins', 'begins']);
    await clock.advance(300);
    expect(told.toSorted()).toEqual(['aborted', 'aborted', 'begins', 'begins', 'begins']);
    await clock.advance(300);
    expect(await reading).toMatchObject(Array(3).fill({ code: 'FLAME_TIMEOUT' }));
  });
});
