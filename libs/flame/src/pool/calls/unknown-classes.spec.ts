import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import type { Handler } from '../../../../../test/support/pool-rig.js';
import { settle } from '../../../../../test/support/virtual-clock.js';
import { createCodec } from '../../core/codec/create-codec.js';
import type { CallOptions } from './pending-call.js';
import { FlameCall } from '../../runner/executor/flame-call.js';

/** A class that is registered at the end that sends it, and not at the other. */
class Late {
  run(): void {}
}

const knows = createCodec({ classes: [{ type: Late }] });
const knowsNot = createCodec();

class Child {
  async run(): Promise<void> {
    FlameCall.current()!.progress([new Late()]);
    await new Promise((_, reject) => FlameCall.current()!.signal.addEventListener('abort', reject));
  }

  async *items(): AsyncGenerator<unknown> {
    yield new Late();
  }
}

/** A pool of one runner, on which `A.waits` runs beside what is tried, until `stays` is called. */
async function rigOf(at: 'parent' | 'runner', handlers: Record<string, Handler>, context?: AsyncLocalStorage<unknown>) {
  let finish = (): void => {};
  const carrier = context && { capture: () => context.getStore(), run: (carried: unknown, next: () => void) => context.run(carried, next) };
  const rig = new PoolRig(
    { ...handlers, 'A.waits': () => new Promise((resolve) => (finish = () => resolve('done'))), 'new Child': () => new Child() },
    { max: 1, maxConcurrency: 5 },
    {
      setup: { codec: at === 'parent' ? knows : knowsNot, context: carrier },
      runner: { codec: at === 'runner' ? knows : knowsNot, context: carrier },
    },
  );
  const beside = rig.call('A.waits');
  await settle();
  /** What ran beside it goes on, on the same runner, and nothing is left. */
  const stays = async (): Promise<void> => {
    await settle();
    expect(rig.pool.stats()).toMatchObject({ running: 1, runners: [{ state: 'ready' }] });
    finish();
    expect(await beside).toBe('done');
    expect(rig.machines).toHaveLength(1);
    await rig.pool.drain();
    expect(rig.clock.pending).toBe(0);
  };
  return { rig, stays };
}

const unknown = (what: string, path: string) => ({
  code: 'FLAME_ENCODING',
  message: `${what} cannot be read: ${path}: the class Late is not registered here: register it on both sides`,
});

async function read(items: AsyncIterable<unknown>, into: unknown[] = []): Promise<unknown[]> {
  for await (const item of items) into.push(item);
  return into;
}

describe('A class that only the runner has', () => {
  it.each([
    ['result.by.get("x")[1]', () => ({ by: new Map([['x', [1, new Late()]]]) })],
    ['result.keys()[0]', () => new Map([[new Late(), 1]])],
    ['result.values()[1]', () => new Set([1, new Late()])],
    ['result.cause["a b"]', () => new Error('', { cause: { 'a b': new Late() } })],
    ['result', () => new Late()],
  ])('fails only its call, with its path: %s', async (path, handler) => {
    const { rig, stays } = await rigOf('runner', { 'A.gives': async () => handler() });
    expect(await failure(rig.call('A.gives'))).toMatchObject({ ...unknown('the result of A.gives', path), ran: 'yes' });
    await stays();
  });

  it('fails only its call if the result also contains streams, which are closed', async () => {
    let left = 0;
    async function* items(): AsyncGenerator<number> {
      yield 1;
    }
    const source = Object.assign(items(), { return: async () => ({ done: true, value: left++ }) });
    const { rig, stays } = await rigOf('runner', { 'A.gives': async () => ({ source, late: new Late() }) });
    expect(await failure(rig.call('A.gives'))).toMatchObject(unknown('the result of A.gives', 'result.late'));
    await stays();
    expect(left).toBe(1);
  });

  it('fails only its call if it is in an error', async () => {
    const fails = async (): Promise<void> => {
      throw Object.assign(new Error('no'), { late: [new Late()] });
    };
    const { rig, stays } = await rigOf('runner', { 'A.fails': fails });
    expect(await failure(rig.call('A.fails'))).toMatchObject({ ...unknown('the error of A.fails', 'error.late[0]'), ran: 'yes' });
    await stays();
  });

  it('ends only its stream if an item is of it: earlier items are read, and the source is closed', async () => {
    let ended = 0;
    async function* rows(): AsyncGenerator<unknown> {
      try {
        yield 1;
        yield 2;
        yield { list: [{ late: new Late() }] };
        for (;;) yield 3;
      } finally {
        ended++;
      }
    }
    const { rig, stays } = await rigOf('runner', { 'A.rows': rows });
    const items: unknown[] = [];
    const error = await failure(read((await rig.call('A.rows', [], { reads: true })) as AsyncIterable<unknown>, items));
    expect(error).toMatchObject(unknown('an item of a stream in the result of A.rows', 'item.list[0].late'));
    expect(items).toEqual([1, 2]);
    await stays();
    expect(ended).toBe(1);
  });

  it("ends only its stream if the stream's error contains it", async () => {
    async function* rows(): AsyncGenerator<unknown> {
      yield 1;
      throw Object.assign(new Error('no'), { late: new Late() });
    }
    const { rig, stays } = await rigOf('runner', { 'A.rows': rows });
    const error = await failure(read((await rig.call('A.rows')) as AsyncIterable<unknown>));
    expect(error).toMatchObject(unknown('the reason with which runner p-test-1 (pool p) ended a stream or a signal', 'error.late'));
    await stays();
  });

  it.each([
    ['a call', {}, true],
    ['a call that is not linked', { linked: false }, false],
  ])('fails %s if its progress contains it', async (_, options: CallOptions, aborts) => {
    let over = (): void => {};
    let aborted = false;
    const { rig, stays } = await rigOf('runner', {
      'A.works': async () => {
        const call = FlameCall.current()!;
        for (const value of ['begins', { late: new Late() }, 'goes on']) call.progress(value);
        call.signal.addEventListener('abort', () => ((aborted = true), over()));
        await new Promise<void>((resolve) => (over = resolve));
      },
    });
    const told: unknown[] = [];
    const error = await failure(rig.call('A.works', [], { ...options, onProgress: (value) => told.push(value) }));
    expect(error).toMatchObject({ ...unknown('the progress of A.works', 'progress.late'), ran: 'maybe' });
    expect(told).toEqual(['begins']);
    await settle();
    expect(aborted).toBe(aborts);
    over();
    await stays();
  });

  it('has no effect if the caller has no onProgress', async () => {
    const { rig, stays } = await rigOf('runner', { 'A.works': async () => FlameCall.current()!.progress(new Late()) });
    expect(await rig.call('A.works')).toBeUndefined();
    await stays();
  });

  it('fails only the method of a child, and the child stays', async () => {
    const { rig, stays } = await rigOf('runner', {});
    const child = await rig.place('Child');
    const error = await failure(child.call('run', [], { onProgress: () => {} }));
    expect(error).toMatchObject(unknown('the progress of Child.run', 'progress[0]'));
    const items = (await child.call('items', [])) as AsyncIterable<unknown>;
    expect(await failure(read(items))).toMatchObject(unknown('an item of a stream in the result of Child.items', 'item'));
    expect(rig.pool.stats().running).toBe(2);
    await child.stop('done');
    await stays();
  });
});

describe('A class that only the parent has', () => {
  it('fails only its call if an argument is of it', async () => {
    const { rig, stays } = await rigOf('parent', { 'A.takes': async () => {} });
    const error = await failure(rig.call('A.takes', [1, { late: new Late() }]));
    expect(error).toMatchObject({ ...unknown('the arguments of A.takes', 'args[1].late'), ran: 'no' });
    await stays();
  });

  it('fails only its call if the context contains it', async () => {
    const storage = new AsyncLocalStorage<unknown>();
    const { rig, stays } = await rigOf('parent', { 'A.takes': async () => {} }, storage);
    const error = await failure(storage.run({ user: new Late() }, () => rig.call('A.takes')));
    expect(error).toMatchObject({ ...unknown('the context of the call', 'context.user'), ran: 'no' });
    await stays();
  });

  it('fails only the reading of an argument stream if an item is of it, and closes the source', async () => {
    let ended = 0;
    async function* rows(): AsyncGenerator<unknown> {
      try {
        yield 1;
        yield [new Late()];
        for (;;) yield 3;
      } finally {
        ended++;
      }
    }
    const seen: unknown[] = [];
    const { rig, stays } = await rigOf('parent', { 'A.reads': (items: AsyncIterable<unknown>) => read(items, seen) });
    const error = await failure(rig.call('A.reads', [rows()]));
    expect(error).toMatchObject(unknown('an item of a stream in the arguments of A.reads', 'item[0]'));
    expect(seen).toEqual([1]);
    await stays();
    expect(ended).toBe(1);
  });

  it('is replaced in a signal’s reason', async () => {
    const { rig, stays } = await rigOf('parent', {
      'A.follows': (signal: AbortSignal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    });
    const controller = new AbortController();
    const told = failure(rig.call('A.follows', [controller.signal]));
    await settle();
    controller.abort({ late: new Late() });
    expect(await told).toMatchObject(unknown('the reason with which the parent of pool p ended a stream or a signal', 'error.late'));
    await stays();
  });
});
