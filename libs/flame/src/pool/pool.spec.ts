import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { settle, VirtualClock } from '../../../../test/support/virtual-clock.js';
import type { FlameBackend, Machine } from '../backends/backend.js';
import { BootError } from '../core/errors/boot-error.js';
import { FlameError } from '../core/errors/flame-error.js';
import { FlameCall } from '../runner/executor/flame-call.js';
import type { PoolEvent } from './observe/pool-event.js';

/** A handler that ends when told to, and the calls that have begun. */
function gate(): { begun: number; open: (value?: unknown) => void; handler: () => Promise<unknown> } {
  const waiting: ((value: unknown) => void)[] = [];
  const self = {
    begun: 0,
    open: (value?: unknown) => waiting.shift()?.(value),
    handler: () => {
      self.begun += 1;
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
  return self;
}

const bare = (): unknown => Object.create(null);

const failure = async (promise: Promise<unknown>): Promise<FlameError> => {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof FlameError) return error;
  throw error;
};

describe('Pool', () => {
  it('runs a handler on a runner and returns its result', async () => {
    const rig = new PoolRig({ 'Sum.of': (a: number, b: number) => a + b });
    await expect(rig.call('Sum.of', [2, 3])).resolves.toBe(5);
    expect(rig.pool.stats().runners).toMatchObject([{ state: 'ready', load: 0, served: 1 }]);
    await rig.pool.drain();
    expect(rig.pool.stats().runners).toEqual([]);
  });

  it("rejects with the handler's own error, with a line that names the runner", async () => {
    const rig = new PoolRig({
      'A.fails': () => {
        throw new RangeError('too much', { cause: 'the cause' });
      },
    });
    const error = (await rig.call('A.fails').catch((reason: unknown) => reason)) as RangeError;
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'too much', cause: 'the cause' });
    expect(error.stack).toContain('runner p-test-1 (pool p)');
    await rig.pool.drain();
  });

  it.each([
    ['a message that throws', () => Object.defineProperty(new Error(), 'message', { get: () => JSON.parse('{') as string })],
    ['no message', () => Object.assign(new Error(), { message: undefined })],
    ['a list as its message', () => Object.assign(new Error(), { message: ['a', 'b'] })],
    ['objects without a prototype', () => Object.assign(new Error(), { name: bare(), message: bare(), stack: bare() })],
    ['a trap for each property', () => new Proxy(new Error(), { get: () => JSON.parse('{') as unknown })],
  ])('rejects with an error that has %s, and keeps the runner', async (_, make) => {
    const rig = new PoolRig({
      'A.fails': () => {
        throw make();
      },
    });
    for (let calls = 0; calls < 2; calls++) {
      const error = await rig.call('A.fails').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(FlameError);
    }
    expect(rig.pool.stats().runners).toMatchObject([{ state: 'ready', load: 0, served: 2 }]);
    expect(rig.pool.failures).toMatchObject([{ type: 'threw', count: 2 }]);
    await rig.pool.drain();
  });

  it('provides the call to the handler', async () => {
    const rig = new PoolRig({
      'A.look': () => {
        const { id, pool, runnerId, attempt } = FlameCall.current()!;
        return { id, pool, runnerId, attempt };
      },
    });
    await expect(rig.call('A.look')).resolves.toEqual({ id: 1, pool: 'p', runnerId: 'p-test-1', attempt: 1 });
    expect(FlameCall.current()).toBeUndefined();
    await rig.pool.drain();
  });

  it('refuses an argument that cannot be encoded, with its path, before anything runs', async () => {
    const rig = new PoolRig({ 'A.run': () => 1 });
    const error = await failure(rig.call('A.run', [{ on: { data: () => 1 } }]));
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'no' });
    expect(error.message).toContain('args[0].on.data');
    expect(rig.pool.stats().runners).toEqual([]);
  });

  it('refuses a result that cannot be encoded, with its path, and keeps the runner', async () => {
    const rig = new PoolRig({ 'A.run': () => ({ socket: () => 1 }) });
    const error = await failure(rig.call('A.run'));
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'yes' });
    expect(error.message).toContain('A.run');
    expect(error.message).toContain('result.socket');
    expect(rig.pool.stats().runners).toMatchObject([{ state: 'ready', load: 0 }]);
    await rig.pool.drain();
  });

  it('rejects a call at once when its time is up, and aborts its handler', async () => {
    let reason: unknown;
    const rig = new PoolRig({
      'A.slow': () =>
        new Promise((_, reject) => {
          const { signal } = FlameCall.current()!;
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
    });
    const result = failure(rig.call('A.slow', [], { handlerTimeout: 100 }));
    await rig.clock.advance(100);
    expect(await result).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
    expect(reason).toMatchObject({ code: 'FLAME_TIMEOUT' });
    await settle();
    expect(rig.pool.stats().running).toBe(0);
    await rig.pool.drain();
  });

  it('rejects with the timeout, even if the handler ended earlier because its clock was ahead', async () => {
    const ahead = new VirtualClock();
    const handler = (): Promise<unknown> => sleep(60_000, undefined, { ref: false, signal: FlameCall.current()!.signal });
    const rig = new PoolRig({ 'A.run': handler }, { handlerTimeout: 1_000 }, { runner: { clock: ahead } });
    const result = failure(rig.call('A.run'));
    await settle();
    await ahead.advance(1_000);
    // The parent's own clock stands still.
    expect(await result).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
  });

  it('replaces a runner whose handler ignores its abort', async () => {
    const rig = new PoolRig({ 'A.deaf': () => new Promise(() => {}), 'A.run': () => 'here' }, { max: 1 });
    const result = failure(rig.call('A.deaf', [], { timeout: 100 }));
    await rig.clock.advance(100);
    expect(await result).toMatchObject({ code: 'FLAME_TIMEOUT' });
    const next = rig.call('A.run');
    await rig.clock.advance(5_000);
    expect(await next).toBe('here');
    expect(rig.pool.stats().runners.map((runner) => runner.id)).toEqual(['p-test-2']);
    await rig.pool.drain();
  });

  it('cancels a waiting and a running call with the caller’s signal', async () => {
    const one = gate();
    const rig = new PoolRig({ 'A.run': one.handler }, { max: 1 });
    const controller = new AbortController();
    const running = failure(rig.call('A.run', [], { signal: controller.signal }));
    await settle();
    const waiting = failure(rig.call('A.run', [], { signal: controller.signal }));
    controller.abort(new Error('the user left'));
    expect(await running).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    expect(await waiting).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    expect((await waiting).message).toContain('the user left');
    expect(one.begun).toBe(1);
    const drained = rig.pool.drain();
    await rig.clock.advance(60_000);
    await drained;
  });

  it('does not start a call whose signal has already aborted', async () => {
    const rig = new PoolRig({ 'A.run': () => 1 });
    expect(await failure(rig.call('A.run', [], { signal: AbortSignal.abort() }))).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    expect(rig.pool.stats().runners).toEqual([]);
  });

  it('resolves a cast when a runner has accepted it, and passes its failure to onCastError', async () => {
    const one = gate();
    const rig = new PoolRig({
      'A.run': async () => {
        await one.handler();
        throw new TypeError('late');
      },
    });
    await rig.cast('A.run');
    expect(one.begun).toBe(1);
    one.open();
    await settle();
    expect(rig.castErrors).toMatchObject([{ handler: 'A.run', error: { message: 'late' } }]);
    await rig.pool.drain();
  });

  it('calls the app’s hooks when it grows and shrinks', async () => {
    const told: string[] = [];
    const rig = new PoolRig(
      { 'A.run': () => 1 },
      {
        idleShutdownAfter: 50,
        onGrowStart: ({ name, count }) => told.push(`start ${name} ${count}`),
        onGrowEnd: (result, { count }) => told.push(`end ${result === 'ok' ? 'ok' : result.message} ${count}`),
        onShrink: ({ count }) => told.push(`shrink ${count}`),
      },
    );
    await rig.call('A.run');
    await rig.clock.advance(100);
    expect(told).toEqual(['start p 1', 'end ok 1', 'shrink 0']);
  });

  it('survives hooks that throw', async () => {
    const rig = new PoolRig(
      { 'A.run': () => 1 },
      {
        onGrowStart: () => {
          throw new Error('a bug of the app');
        },
      },
    );
    await expect(rig.call('A.run')).resolves.toBe(1);
    expect(rig.log.lines).toContain('error pool "p": onGrowStart threw: a bug of the app');
    await rig.pool.drain();
  });

  it('emits its events on events$ in order', async () => {
    const rig = new PoolRig({ 'A.run': () => 1 }, { idleShutdownAfter: 50 });
    const seen: PoolEvent['type'][] = [];
    rig.pool.events$.subscribe((event) => seen.push(event.type));
    await rig.call('A.run');
    await rig.clock.advance(100);
    await rig.pool.drain();
    expect(seen).toEqual([
      'booting',
      'call-waiting',
      'up',
      'call-started',
      'call-answered',
      'call-ended',
      'stopping',
      'gone',
      'draining',
      'drained',
    ]);
  });

  it('fails a call whose runner cannot boot with the platform’s message', async () => {
    const rig = new PoolRig(
      { 'A.run': () => 1 },
      {},
      { boot: async () => Promise.reject(new BootError('rig: no such image "app:1"', { phase: 'create', fatal: true })) },
    );
    const error = await failure(rig.call('A.run'));
    expect(error).toMatchObject({ code: 'FLAME_BOOT', ran: 'no', cause: { phase: 'create' } });
    expect(error.message).toContain('no such image "app:1"');
  });

  it('cancels a boot after bootTimeout, names its phase, and removes the machine', async () => {
    const stopped: number[] = [];
    const rig = new PoolRig(
      { 'A.run': () => 1 },
      { bootTimeout: 1_000, queueTimeout: 1_500 },
      { boot: async () => ({ id: 'm', exited: new Promise(() => {}), stop: async (grace) => void stopped.push(grace) }) },
    );
    const result = failure(rig.call('A.run'));
    await rig.clock.advance(1_500);
    expect((await result).message).toContain('no runner attached within bootTimeout (1000 ms), in phase "attach"');
    expect(stopped[0]).toBe(0);
    const drained = rig.pool.drain();
    await rig.clock.advance(10_000);
    await drained;
  });

  it('reports how a machine ended that never attached, with its last lines', async () => {
    const rig = new PoolRig(
      { 'A.run': () => 1 },
      { max: 1, queueTimeout: 500 },
      {
        boot: async (request) => {
          request.output('Error: Cannot find module "./main.js"', 'stderr');
          return { id: 'm', exited: Promise.resolve({ how: 'exit', code: 1, text: 'exit code 1' }), stop: async () => {} };
        },
      },
    );
    const result = failure(rig.call('A.run'));
    await rig.clock.advance(500);
    const error = await result;
    expect(error.code).toBe('FLAME_BOOT');
    expect(error.message).toContain('exit code 1');
    expect(error.message).toContain('| Error: Cannot find module "./main.js"');
    await rig.pool.drain();
  });

  it.each([
    [78, 1],
    [1, 2],
  ])('decides by exit code %i alone whether to boot again: %i machines', async (code, count) => {
    let boots = 0;
    const boot = async (): Promise<Machine> => {
      boots++;
      return { id: 'm', exited: Promise.resolve({ how: 'exit', code, text: `exit code ${code}` }), stop: async () => {} };
    };
    const rig = new PoolRig({ 'A.run': () => 1 }, { max: 1, queueTimeout: 1_500 }, { boot });
    const result = failure(rig.call('A.run'));
    await rig.clock.advance(1_500);
    expect((await result).message).toContain(`exit code ${code}`);
    expect(boots).toBe(count);
    const drained = rig.pool.drain();
    await rig.clock.advance(60_000);
    await drained;
  });

  it('does not start if a min runner cannot boot, unless minBoot is degrade', async () => {
    const boot = async (): Promise<never> => Promise.reject(new BootError('rig: no quota', { phase: 'create' }));
    const required = new PoolRig({}, { min: 1 }, { boot });
    expect(await failure(required.pool.start())).toMatchObject({ code: 'FLAME_BOOT' });
    const degrading = new PoolRig({}, { min: 1, minBoot: 'degrade' }, { boot });
    await degrading.pool.start();
    expect(degrading.log.lines.some((line) => /keeps retrying \(help: \S+errors\.md#flame_boot\): /.test(line))).toBe(true);
    await degrading.pool.drain();
  });

  it('retries a call that certainly did not run', async () => {
    let boots = 0;
    const boot: FlameBackend['boot'] = async (request) => {
      boots += 1;
      if (boots === 1) throw new BootError('rig: no quota', { phase: 'create' });
      return request.inProcess();
    };
    const rig = new PoolRig({ 'A.run': () => 'here' }, { queueTimeout: 400 }, { boot });
    const again = rig.call('A.run', [], { retry: { attempts: 5 } });
    await rig.clock.advance(1_500);
    expect(await again).toBe('here');
    expect(rig.log.lines.filter((line) => line.includes('attempt'))).toHaveLength(2);
    await rig.pool.drain();
  });

  it('does not retry after a permanent error', async () => {
    let boots = 0;
    const boot = async (): Promise<never> => {
      boots += 1;
      throw new BootError('rig: no such image', { phase: 'create', fatal: true });
    };
    const rig = new PoolRig({ 'A.run': () => 'here' }, {}, { boot });
    expect(await failure(rig.call('A.run', [], { retry: { attempts: 5 } }))).toMatchObject({ code: 'FLAME_BOOT' });
    expect(boots).toBe(1);
    await rig.pool.drain();
  });

  it('retries a lost call only if that is safe', async () => {
    let runs = 0;
    const rig = new PoolRig({
      'A.run': async () => {
        runs += 1;
        if (runs === 1) await rig.machines[0]!.stop(0);
        return runs;
      },
    });
    const lost = failure(rig.call('A.run', [], { retry: { attempts: 2 } }));
    await rig.clock.advance(3_000);
    expect(await lost).toMatchObject({
      code: 'FLAME_LOST',
      ran: 'maybe',
      message: expect.stringMatching(/\. It may have run\. Set retry and idempotent if running it twice is harmless\.$/),
    });
    runs = 0;
    rig.machines.length = 0;
    const again = rig.call('A.run', [], { retry: { attempts: 2 }, idempotent: true });
    await rig.clock.advance(5_000);
    expect(await again).toBe(2);
    await rig.pool.drain();
  });

  it('lets running calls finish when it is drained, and refuses new ones', async () => {
    const one = gate();
    const rig = new PoolRig({ 'A.run': one.handler });
    const running = rig.call('A.run');
    await settle();
    const drained = rig.pool.drain('the app is closing');
    const refused = await failure(rig.call('A.run'));
    expect(refused).toMatchObject({ code: 'FLAME_REFUSED', ran: 'no' });
    expect(refused.message).toContain('the app is closing');
    one.open('done');
    expect(await running).toBe('done');
    await drained;
    expect(rig.clock.pending).toBe(0);
  });
});
