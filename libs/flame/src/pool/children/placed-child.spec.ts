import { describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import type { Handler } from '../../../../../test/support/pool-rig.js';
import { settle } from '../../../../../test/support/virtual-clock.js';
import type { FlameBackend, MachineExit } from '../../backends/backend.js';
import { FlameCall } from '../../runner/executor/flame-call.js';

/** A child that leaves a trace of its life. */
class Counter {
  readonly seen: string[];
  sum = 0;

  constructor(seen: string[]) {
    this.seen = seen;
  }

  async onFlameStart(args: { from?: number; fail?: string; takes?: Promise<void> } = {}): Promise<void> {
    this.seen.push('start');
    await args.takes;
    if (args.fail) throw new RangeError(args.fail);
    this.sum = args.from ?? 0;
    FlameCall.current()!.signal.addEventListener('abort', () => this.seen.push('signal'));
  }

  async add(more: number): Promise<number> {
    return (this.sum += more);
  }

  async run(what: 'end' | 'forever' | 'deaf' | 'throw'): Promise<string> {
    const call = FlameCall.current()!;
    if (what === 'end') call.end('all counted');
    if (what === 'throw') throw new TypeError('no');
    if (what === 'deaf') await new Promise(() => {});
    if (what === 'forever')
      await new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason as Error)));
    this.seen.push(`${what} ends`);
    return what;
  }

  async *items(): AsyncGenerator<number> {
    FlameCall.current()!.signal.addEventListener('abort', () => this.seen.push('items aborted'));
    for (let item = 1; ; item++) yield item;
  }

  async onFlameStop(reason: string): Promise<void> {
    this.seen.push(`stop: ${reason}`);
  }

  async secret(): Promise<void> {}
}

function rigOf(
  options: ConstructorParameters<typeof PoolRig>[1] = {},
  more: Record<string, Handler> = {},
): { rig: PoolRig; seen: string[] } {
  const seen: string[] = [];
  return { rig: new PoolRig({ 'new Counter': () => new Counter(seen), 'A.run': () => 'ran', ...more }, { max: 1, ...options }), seen };
}

describe('PlacedChild', () => {
  it('is a new instance, started with its arguments, and keeps its state', async () => {
    const { rig } = rigOf({ maxConcurrency: 2 });
    const [one, two] = await Promise.all([rig.place('Counter', { from: 10 }), rig.place('Counter', { from: 20 })]);
    expect(await one.call('add', [1])).toBe(11);
    expect(await one.call('add', [1])).toBe(12);
    expect(await two.call('add', [1])).toBe(21);
  });

  it('holds a slot until it has ended; its methods take none', async () => {
    const { rig } = rigOf();
    const child = await rig.place('Counter');
    const waiting = rig.call('A.run');
    expect(await Promise.all([1, 2, 3].map((n) => child.call('add', [n])))).toEqual([1, 3, 6]);
    expect(rig.pool.stats()).toMatchObject({ running: 1, waiting: 1 });
    await child.stop('enough');
    expect(await waiting).toBe('ran');
  });

  it('has no timeout once it is placed', async () => {
    const { rig, seen } = rigOf({ handlerTimeout: 1_000 });
    const child = await rig.place('Counter', {}, { timeout: 2_000 });
    await rig.clock.advance(1_000_000);
    expect(await child.call('add', [1])).toBe(1);
    expect(seen).toEqual(['start']);
  });

  it('rejects with the error of onFlameStart, and frees the slot', async () => {
    const { rig, seen } = rigOf();
    await expect(rig.place('Counter', { fail: 'too far' })).rejects.toThrow(new RangeError('too far'));
    expect(await rig.call('A.run')).toBe('ran');
    expect(seen).toEqual(['start']);
  });

  it('has a timeout while it is being placed', async () => {
    const { rig } = rigOf({ handlerTimeout: 500 }, { 'new Slow': () => ({ onFlameStart: () => new Promise(() => {}) }) });
    const error = failure(rig.place('Slow'));
    await rig.clock.advance(500);
    expect(await error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
  });

  describe('methods', () => {
    it('are the public ones of the class: not its constructor, its hooks, or the methods of Object', async () => {
      const { rig } = rigOf();
      const child = await rig.place('Counter');
      for (const method of ['constructor', 'onFlameStop', 'toString', '__proto__', 'secret', 'nothing']) {
        const error = await failure(child.call(method, []));
        expect(error).toMatchObject({ code: 'FLAME_DENIED', ran: 'no' });
        expect(error.message).toContain(`Counter.${method}`);
      }
    });

    it('reject with their errors, and the child stays', async () => {
      const { rig } = rigOf();
      const child = await rig.place('Counter');
      await expect(child.call('run', ['throw'])).rejects.toThrow(new TypeError('no'));
      expect(await child.call('add', [1])).toBe(1);
    });

    it('stream, and are aborted when the reader stops', async () => {
      const { rig, seen } = rigOf();
      const child = await rig.place('Counter');
      const items: unknown[] = [];
      for await (const item of (await child.call('items', [])) as AsyncIterable<number>) {
        items.push(item);
        if (items.length === 40) break;
      }
      expect(items.at(-1)).toBe(40);
      await settle();
      expect(seen).toEqual(['start', 'items aborted']);
      expect((await child.stop('enough')).how).toBe('stopped');
    });

    it('have the pool’s handlerTimeout, or their own timeout', async () => {
      for (const [options, after] of [
        [{}, 1_000],
        [{ timeout: 50 }, 50],
      ] as const) {
        const { rig } = rigOf({ handlerTimeout: 1_000 });
        const child = await rig.place('Counter');
        await rig.clock.advance(10);
        const error = failure(child.call('run', ['forever'], options));
        await rig.clock.advance(after - 1);
        expect(rig.pool.stats().calls.failed).toBe(0);
        await rig.clock.advance(1);
        expect(await error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
        expect((await error).message).toContain('Counter.run timed out after');
        expect(await child.call('add', [1])).toBe(1);
        await rig.clock.advance(5_000);
        expect(rig.pool.stats().runners).toMatchObject([{ state: 'ready' }]);
      }
    });

    it('are aborted with their caller’s signal, and the child stays', async () => {
      const { rig } = rigOf();
      const child = await rig.place('Counter');
      const caller = new AbortController();
      const error = failure(child.call('run', ['forever'], { signal: caller.signal }));
      caller.abort(new Error('the user left'));
      expect(await error).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
      expect(await failure(child.call('add', [1], { signal: caller.signal }))).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
      expect(await child.call('add', [1])).toBe(1);
    });

    it('taint the runner if they ignore their abort: it takes no new work', async () => {
      const { rig } = rigOf();
      const child = await rig.place('Counter');
      const error = failure(child.call('run', ['deaf'], { timeout: 100 }));
      await rig.clock.advance(1_099);
      expect(await error).toMatchObject({ code: 'FLAME_TIMEOUT' });
      expect(rig.pool.stats().runners).toMatchObject([{ state: 'ready' }]);
      await rig.clock.advance(1);
      expect(rig.pool.stats().runners).toMatchObject([{ state: 'leaving' }]);
      expect(await child.call('add', [1])).toBe(1);
    });

    it('leave no timer behind', async () => {
      const { rig } = rigOf();
      const child = await rig.place('Counter');
      const before = rig.clock.pending;
      await child.call('add', [1]);
      await child.call('run', ['throw']).catch(() => {});
      expect(rig.clock.pending).toBe(before);
    });
  });

  describe('its end', () => {
    it('comes with stop(): running methods are aborted, then onFlameStop gets the reason', async () => {
      const { rig, seen } = rigOf();
      const child = await rig.place('Counter', {}, { linked: false });
      const running = child.call('run', ['forever']).catch((error: unknown) => error);
      expect(await child.stop('enough')).toEqual({ how: 'stopped', reason: 'enough' });
      expect(await running).toMatchObject({ message: 'enough' });
      expect(seen).toEqual(['start', 'signal', 'stop: enough']);
      expect(await child.stop('again')).toEqual({ how: 'stopped', reason: 'enough' });
      expect(await failure(child.call('add', [1]))).toMatchObject({ code: 'FLAME_LOST', ran: 'no' });
      expect(await rig.call('A.run')).toBe('ran');
    });

    it('comes from a method of the child, which may return first', async () => {
      const { rig, seen } = rigOf();
      const child = await rig.place('Counter');
      expect(await child.call('run', ['end'])).toBe('end');
      expect(await child.exited).toEqual({ how: 'ended', reason: 'all counted' });
      expect(seen).toEqual(['start', 'signal', 'end ends', 'stop: all counted']);
      expect(await rig.call('A.run')).toBe('ran');
    });

    it('comes from the child, with a second for its other methods', async () => {
      const { rig } = rigOf();
      const child = await rig.place('Counter');
      const other = child.call('run', ['forever']).catch((error: unknown) => error);
      await child.call('run', ['end']);
      await rig.clock.advance(999);
      expect(await Promise.race([other, 'running'])).toBe('running');
      await rig.clock.advance(1);
      expect(await other).toMatchObject({ message: 'all counted' });
      expect((await child.exited).how).toBe('ended');
    });

    it('comes with the caller that it is linked to, and with no other', async () => {
      for (const linked of [true, false]) {
        const { rig } = rigOf();
        const caller = new AbortController();
        const child = await rig.place('Counter', {}, { signal: caller.signal, linked });
        caller.abort(new Error('the user left'));
        await settle();
        if (linked) expect(await child.exited).toEqual({ how: 'cancelled', reason: 'the user left' });
        else expect(await child.call('add', [1])).toBe(1);
      }
    });

    it('comes when the caller stops waiting while it is placed, linked or not, because no caller would get it', async () => {
      for (const linked of [true, false]) {
        let placed!: () => void;
        const { rig, seen } = rigOf({}, {});
        const takes = new Promise<void>((resolve) => (placed = resolve));
        const held = new PoolRig(
          { 'new Slow': () => Object.assign(new Counter(seen), { onFlameStart: () => (seen.push('start'), takes) }), 'A.run': () => 'ran' },
          { max: 1 },
        );
        const caller = new AbortController();
        const error = failure(held.place('Slow', {}, { signal: caller.signal, linked }));
        await settle();
        caller.abort(new Error('the user left'));
        expect(await error).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
        placed();
        expect(await held.call('A.run')).toBe('ran');
        expect(seen).toEqual(['start', 'stop: the user left']);
        void rig;
      }
    });

    it('comes when its runner has to stop and the grace period has passed', async () => {
      const { rig, seen } = rigOf();
      const child = await rig.place('Counter');
      void rig.machines[0]!.stop(500);
      await rig.clock.advance(499);
      expect(await child.call('add', [1])).toBe(1);
      await rig.clock.advance(1);
      expect(await child.exited).toEqual({ how: 'leaving', reason: 'the runner is leaving: it was stopped' });
      expect(seen).toContain('stop: the runner is leaving: it was stopped');
    });

    it('comes with its runner’s loss, which also fails the running methods', async () => {
      let die!: (exit: MachineExit) => void;
      const exited = new Promise<MachineExit>((resolve) => (die = resolve));
      const boot: FlameBackend['boot'] = async (request) => ({ ...(await request.inProcess()), exited });
      const rig = new PoolRig({ 'new Counter': () => new Counter([]) }, {}, { boot });
      const child = await rig.place('Counter');
      const running = failure(child.call('run', ['forever']));
      die({ how: 'exit', text: 'exit code 7' });
      expect(await running).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
      expect((await running).message).toBe('Counter.run was cut off: its child was lost with its runner (exit code 7)');
      expect(await child.exited).toMatchObject({ how: 'lost', reason: 'exit code 7', error: { code: 'FLAME_LOST' } });
      expect(await failure(child.call('add', [1]))).toMatchObject({ code: 'FLAME_LOST', ran: 'no' });
    });

    it('comes with the pool’s drain: at once if it is linked, after shutdownTimeout if it is not', async () => {
      for (const linked of [true, false]) {
        const { rig, seen } = rigOf({ shutdownTimeout: 500 });
        const child = await rig.place('Counter', {}, { linked });
        const drained = rig.pool.drain('the app is closing');
        await rig.clock.advance(linked ? 0 : 499);
        expect(seen.includes('stop: the app is closing')).toBe(linked);
        await rig.clock.advance(linked ? 0 : 1);
        expect(await child.exited).toEqual({ how: 'leaving', reason: 'the app is closing' });
        await drained;
      }
    });

    it('taints the runner when onFlameStop takes longer than a second', async () => {
      const { rig } = rigOf({}, { 'new Stubborn': () => ({ onFlameStop: () => new Promise(() => {}) }) });
      const child = await rig.place('Stubborn');
      const stopped = child.stop('enough');
      await rig.clock.advance(999);
      expect(rig.pool.stats().runners).toMatchObject([{ state: 'ready' }]);
      await rig.clock.advance(1);
      expect((await stopped).reason).toBeDefined();
      expect(rig.pool.stats().runners.filter(({ state }) => state === 'ready')).toEqual([]);
    });

    it('taints the runner, too, when the child ends itself and its onFlameStop takes longer than a second', async () => {
      const stubborn = { run: async () => FlameCall.current()!.end('enough'), onFlameStop: () => new Promise(() => {}) };
      const { rig } = rigOf({ maxConcurrency: 2 }, { 'new Stubborn': () => stubborn });
      const other = await rig.place('Counter');
      const child = await rig.place('Stubborn');
      await child.call('run', []);
      await rig.clock.advance(1_000);
      expect(await child.exited).toEqual({ how: 'ended', reason: 'enough' });
      expect(rig.pool.stats().runners).toMatchObject([{ state: 'leaving', load: 1 }]);
      await other.stop('enough');
    });

    it('comes also after an error of onFlameStop, which is logged', async () => {
      const { rig } = rigOf({}, { 'new Careless': () => ({ onFlameStop: () => Promise.reject(new Error('oh')) }) });
      const child = await rig.place('Careless');
      expect(await child.stop('enough')).toEqual({ how: 'stopped', reason: 'enough' });
      expect(rig.log.lines.join('\n')).toMatch(/warn onFlameStop of Careless threw: Error: oh/);
    });
  });

  it('is refused if its class is a method', async () => {
    const { rig } = rigOf();
    const error = await failure(rig.pool.place(rig.number('A.run'), {}));
    expect(error).toMatchObject({ code: 'FLAME_DENIED', ran: 'no' });
  });
});
