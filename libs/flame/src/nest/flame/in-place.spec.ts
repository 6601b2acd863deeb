import { getEventListeners } from 'node:events';
import { Injectable, Scope } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { logged, startApp } from '../../../../../test/support/nest-app.js';
import { FlameTestingModule, VirtualClock } from '../../testing/index.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { Flame } from './flame.service.js';
import type { FlameCallOptions } from './call-options.js';
import type { CallTrace, CallTracer } from '../../core/call/call-tracer.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

const told: string[] = [];

/** What is called in place. */
@Injectable()
class Inner {
  @OnFlame('one')
  async look(): Promise<object> {
    const { id, pool, runnerId, deadline, attempt, signal } = FlameCall.current()!;
    return { id, pool, runnerId, left: Math.round(deadline - Date.now()), attempt, aborted: signal.aborted };
  }

  /** Until its signal aborts; then it says why. */
  @OnFlame('one')
  async wait(): Promise<void> {
    const { signal } = FlameCall.current()!;
    told.push('begins');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    told.push(`aborted: ${(signal.reason as Error).message}`);
    throw signal.reason;
  }

  @OnFlame('one', { handlerTimeout: 500 })
  async limited(): Promise<void> {
    await this.wait();
  }

  @OnFlame('one', { retry: { attempts: 5 }, idempotent: true })
  async flaky(): Promise<void> {
    told.push(`attempt ${FlameCall.current()!.attempt}`);
    throw new RangeError('once');
  }

  @OnFlame('one')
  async steps(): Promise<string> {
    for (let step = 1; step <= 3; step++) FlameCall.current()!.progress(step);
    return 'done';
  }

  @OnFlame('one')
  async *count(): AsyncGenerator<number> {
    const { signal } = FlameCall.current()!;
    signal.addEventListener('abort', () => told.push('stream aborted'));
    try {
      for (let n = 1; ; n++) {
        yield n;
        if (n === 2) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }
    } finally {
      told.push('stream closed');
    }
  }

  throwsAtOnce(): Promise<void> {
    throw new RangeError('at once');
  }

  plain(): Promise<number> {
    return 7 as unknown as Promise<number>;
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  @OnFlame('one')
  async left(): Promise<number> {
    return FlameCall.current()!.deadline;
  }
}

/** The handler around: it does what the test gives it. */
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
  readonly castErrors: unknown[];
  /** Runs `task` inside of a handler. */
  inside<T>(task: (flame: Flame) => Promise<T>, options?: FlameCallOptions): Promise<T>;
}

async function start(tracing?: CallTracer): Promise<Rig> {
  told.length = 0;
  const castErrors: unknown[] = [];
  const pools = ['one', 'two'].map((name) => ({ name, max: 1, handlerTimeout: 10_000 }));
  const app = await startApp({
    imports: [FlameTestingModule.forRoot(pools, { virtualTime: true, tracing, onCastError: (error) => void castErrors.push(error) })],
    providers: [Inner, PerRequest, Outer],
  });
  const inside: Rig['inside'] = (task, options) => {
    app.get(Outer).task = task;
    return app.get(Flame).on('one', Outer, options).run() as never;
  };
  return { app, clock: app.get(VirtualClock), castErrors, inside };
}

/** What a promise comes to, without leaving it unhandled meanwhile. */
const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('A call in place', () => {
  it('has its own timeout: FLAME_TIMEOUT at its deadline, and the handler’s signal aborts', async () => {
    const { clock, inside } = await start();
    const call = inside((flame) => outcome(flame.on('two', Inner, { timeout: 1_000 }).wait()));
    await clock.advance(999);
    expect(told).toEqual(['begins']);
    await clock.advance(1);
    const text = expect.stringMatching(/^Inner\.wait timed out after 1000 ms of running in place on runner one-\w+-1 of pool "one"/);
    expect(await call).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe', message: text });
    expect(told).toEqual(['begins', `aborted: ${((await call) as Error).message}`]);
    expect(clock.pending).toBeGreaterThan(0);
  });

  it('ends with its signal: FLAME_CANCELLED, and the handler’s signal aborts', async () => {
    const { clock, inside } = await start();
    const caller = new AbortController();
    const call = inside((flame) => outcome(flame.on('two', Inner, { signal: caller.signal, timeout: 1_000 }).wait()));
    await clock.settle();
    caller.abort(new Error('the user left'));
    expect(await call).toMatchObject({
      code: 'FLAME_CANCELLED',
      ran: 'maybe',
      message: expect.stringMatching(/: the user left$/),
      cause: caller.signal.reason,
    });
    expect(told[1]).toMatch(/^aborted: Inner\.wait was cancelled while running in place/);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('reports the first error, regardless of later ones', async () => {
    const { clock, inside } = await start();
    const caller = new AbortController();
    const call = inside((flame) => outcome(flame.on('two', Inner, { signal: caller.signal, timeout: 100 }).wait()));
    await clock.advance(100);
    caller.abort();
    expect(await call).toMatchObject({ code: 'FLAME_TIMEOUT' });
  });

  it('does not start if its signal has already aborted, nor does a cast', async () => {
    const { inside, castErrors } = await start();
    const signal = AbortSignal.abort(new Error('gone before'));
    const [call, cast] = await inside((flame) =>
      Promise.all([outcome(flame.on('two', Inner, { signal }).wait()), outcome(flame.cast('two', Inner, { signal }).wait())]),
    );
    for (const error of [call, cast])
      expect(error).toMatchObject({
        code: 'FLAME_CANCELLED',
        ran: 'no',
        message: 'Inner.wait was not started: its signal was already aborted (gone before)',
      });
    expect([told, castErrors]).toEqual([[], []]);
  });

  it('has its own deadline, signal and attempt, within the call around it', async () => {
    const { inside } = await start();
    const [around, nested, plain] = await inside(async (flame) => {
      const { id, runnerId, deadline } = FlameCall.current()!;
      const { signal } = new AbortController();
      return [
        { id, runnerId, deadline },
        await flame.on('two', Inner, { timeout: 300, signal }).look(),
        await flame.on('two', Inner).look(),
      ] as const;
    });
    expect(nested).toEqual({ id: around.id, pool: 'one', runnerId: around.runnerId, left: expect.any(Number), attempt: 1, aborted: false });
    expect((nested as { left: number }).left).toBeLessThanOrEqual(300);
    expect((nested as { left: number }).left).toBeGreaterThan(200);
    // Without options the method simply runs, in the call around.
    expect((plain as { left: number }).left).toBeGreaterThan(9_000);
  });

  it('passes the same call to a request-scoped provider', async () => {
    const { inside } = await start();
    const left = await inside(async (flame) => (await flame.on('two', PerRequest, { timeout: 300 }).left()) - Date.now());
    expect(left).toBeLessThanOrEqual(300);
  });

  it('passes its progress to onProgress, and logs its errors', async () => {
    const { inside } = await start();
    const seen: unknown[] = [];
    const onProgress = (value: unknown): void => {
      seen.push(value);
      if (value === 2) throw new Error('bad listener');
    };
    const outer: unknown[] = [];
    expect(await inside((flame) => flame.on('two', Inner, { onProgress }).steps(), { onProgress: (value) => outer.push(value) })).toBe(
      'done',
    );
    expect([seen, outer]).toEqual([[1, 2, 3], []]);
    expect(logged).toContain('warn Flame: onProgress of Inner.steps threw: bad listener');
  });

  it('has no more time than the call around it, and ends with it', async () => {
    const { clock, inside } = await start();
    const seen: unknown[] = [];
    const deadlines: number[] = [];
    const call = outcome(
      inside(
        async (flame) => {
          const nested = flame.on('two', Inner, { timeout: 60_000 });
          const { left } = (await nested.look()) as { left: number };
          deadlines.push(left);
          seen.push(await outcome(nested.wait()));
        },
        { timeout: 200 },
      ),
    );
    await clock.advance(200);
    expect(await call).toMatchObject({ code: 'FLAME_TIMEOUT' });
    expect(deadlines[0]).toBeLessThanOrEqual(200);
    expect(seen).toMatchObject([{ code: 'FLAME_TIMEOUT', ran: 'maybe', message: expect.stringMatching(/the call around it/) }]);
  });

  it('is aborted with the call around it, unless it is not linked', async () => {
    const { clock, inside } = await start();
    const caller = new AbortController();
    const seen: unknown[] = [];
    const call = outcome(
      inside(
        async (flame) => {
          const [linked, loose] = [{ timeout: 5_000 }, { timeout: 5_000, link: false }].map((options) =>
            outcome(flame.on('two', Inner, options).wait()),
          );
          seen.push(await linked);
          const late = await outcome(flame.on('two', Inner, { timeout: 5_000 }).wait());
          seen.push(late);
          seen.push(await loose);
        },
        { signal: caller.signal },
      ),
    );
    await clock.settle();
    caller.abort(new Error('the user left'));
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED' });
    await clock.settle();
    expect(seen).toMatchObject([
      { code: 'FLAME_CANCELLED', ran: 'maybe', message: expect.stringMatching(/the call around it was aborted \(the user left\)/) },
      { code: 'FLAME_CANCELLED', ran: 'no' },
    ]);
    expect(told.filter((line) => line.startsWith('aborted'))).toHaveLength(1);
    await clock.advance(5_000);
    expect(seen[2]).toMatchObject({ code: 'FLAME_TIMEOUT', message: expect.stringMatching(/after 5000 ms/) });
  });

  it("lets unlinked work continue when its caller's signal aborts", async () => {
    const { clock, inside } = await start();
    const caller = new AbortController();
    const call = inside((flame) => outcome(flame.on('two', Inner, { signal: caller.signal, link: false }).wait()));
    await clock.settle();
    caller.abort();
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    expect(told).toEqual(['begins']);
  });

  it('ends a stream with its signal, for its reader and for the handler', async () => {
    const { inside } = await start();
    const caller = new AbortController();
    const [items, error] = await inside(async (flame) => {
      const seen: number[] = [];
      try {
        for await (const n of flame.on('two', Inner, { signal: caller.signal }).count()) {
          seen.push(n);
          if (n === 2) queueMicrotask(() => caller.abort(new Error('seen enough')));
        }
      } catch (thrown) {
        return [seen, thrown] as const;
      }
      return [seen, undefined] as const;
    });
    expect(items).toEqual([1, 2]);
    expect(error).toMatchObject({ code: 'FLAME_CANCELLED', message: expect.stringMatching(/seen enough/) });
    expect(told).toEqual(['stream aborted', 'stream closed']);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('ends a stream at its deadline', async () => {
    const { clock, inside } = await start();
    const read = inside(async (flame) => {
      for await (const n of flame.on('two', Inner, { timeout: 400 }).count()) told.push(`item ${n}`);
    });
    const error = outcome(read);
    await clock.advance(400);
    expect(await error).toMatchObject({ code: 'FLAME_TIMEOUT' });
    expect(told).toEqual(['item 1', 'item 2', 'stream aborted', 'stream closed']);
  });

  it("applies the decorator's timeout to calls through flame.on; a direct call simply runs", async () => {
    const { app, clock, inside } = await start();
    const call = inside((flame) => outcome(flame.on('two', Inner).limited()));
    await clock.advance(500);
    expect(await call).toMatchObject({ code: 'FLAME_TIMEOUT', message: expect.stringMatching(/^Inner\.limited timed out after 500 ms/) });
    const plain = outcome(inside(() => app.get(Inner).limited()));
    await clock.advance(9_999);
    expect(told.filter((line) => line === 'begins')).toHaveLength(2);
    expect(told.filter((line) => line.startsWith('aborted'))).toHaveLength(1);
    await clock.advance(1);
    expect(await plain).toMatchObject({ code: 'FLAME_TIMEOUT', message: expect.stringMatching(/^Outer\.run timed out/) });
  });

  it('is tried once, because a runner cannot be lost in place', async () => {
    const { inside } = await start();
    expect(await inside((flame) => outcome(flame.on('two', Inner, { timeout: 100 }).flaky()))).toBeInstanceOf(RangeError);
    expect(told).toEqual(['attempt 1']);
  });

  it('rejects with errors that the method throws synchronously, and returns results that are not promises', async () => {
    const { inside } = await start();
    const given = await inside(async (flame) => {
      const api = flame.on('two', Inner, { timeout: 100 });
      return [await outcome(api.throwsAtOnce()), await api.plain()];
    });
    expect(given).toEqual([expect.objectContaining({ message: 'at once' }), 7]);
  });

  it('casts with its options: a timeout is passed to onCastError', async () => {
    const { clock, inside, castErrors } = await start();
    const caller = new AbortController();
    await inside(async (flame) => {
      await flame.cast('two', Inner, { timeout: 20_000 }).wait();
      await flame.cast('two', Inner, { signal: caller.signal }).wait();
      await flame.cast('two', Inner, { signal: caller.signal, link: false }).wait();
    });
    expect(told).toEqual(['begins', 'begins', 'begins']);
    caller.abort(new Error('the user left'));
    await clock.settle();
    expect(castErrors).toMatchObject([{ code: 'FLAME_CANCELLED' }]);
    // A cast outlives the call around.
    await clock.advance(20_000);
    expect(castErrors).toMatchObject([
      { code: 'FLAME_CANCELLED' },
      { code: 'FLAME_TIMEOUT', message: expect.stringMatching(/after 20000 ms/) },
    ]);
  });

  it('has one listener on a signal, however many calls it ends, and none after them', async () => {
    const { app, clock, inside } = await start();
    const caller = new AbortController();
    const { signal } = caller;
    const count = (): number => getEventListeners(signal, 'abort').length;
    const calls = inside((flame) => Promise.all(Array.from({ length: 100 }, () => outcome(flame.on('two', Inner, { signal }).wait()))));
    await clock.settle();
    expect(count()).toBe(1);
    // Calls to pools follow it with the same listener.
    const flame = app.get(Flame);
    const pooled = ['one', 'two'].flatMap((pool) => Array.from({ length: 50 }, () => outcome(flame.on(pool, Inner, { signal }).wait())));
    await clock.settle();
    expect(count()).toBe(1);
    caller.abort();
    await clock.settle();
    expect(await calls).toHaveLength(100);
    await Promise.all(pooled);
    const { signal: other } = new AbortController();
    await inside((nested) => nested.on('two', Inner, { signal: other, timeout: 100 }).look());
    await flame.on('two', Inner, { signal: other }).look();
    await clock.settle();
    expect(getEventListeners(other, 'abort')).toEqual([]);
  });

  it('is a span of the active trace', async () => {
    const spans: string[] = [];
    const { inside } = await start({
      begin: ({ pool, handler, mode }) => {
        spans.push(`${mode} ${handler} of ${pool}`);
        const record: CallTrace = {
          ran: ({ runner, waited }) => void spans.push(`began on ${runner} after ${waited} ms`),
          ended: (error) => void spans.push(`ended ${handler}: ${String(error)}`),
        };
        return { record, trace: 'carried' };
      },
      run: ({ name, trace }, work) => {
        spans.push(`run ${name} ${String(trace)}`);
        return work();
      },
    });
    await inside(async (flame) => {
      await flame.on('two', Inner, { timeout: 100 }).look();
      await outcome(flame.on('two', Inner, { timeout: 100 }).flaky());
      await outcome(flame.on('two', Inner, { signal: AbortSignal.abort() }).look());
    });
    const [, began, , ...inner] = spans;
    // A call that never began waited all its time, as far as a tracer knows.
    expect(inner.slice(0, -1)).toEqual([
      'call Inner.look of two',
      began,
      'run Inner.look carried',
      'ended Inner.look: undefined',
      'call Inner.flaky of two',
      began,
      'run Inner.flaky carried',
      'ended Inner.flaky: RangeError: once',
      'call Inner.look of two',
      expect.stringMatching(/^ended Inner\.look: FlameError: Inner\.look was not started/),
    ]);
  });
});
