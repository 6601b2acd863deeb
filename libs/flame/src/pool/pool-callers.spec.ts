import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { failure } from '../../../../test/support/failure.js';
import { FlameCall } from '../runner/executor/flame-call.js';
import type { Caller } from './calls/caller.js';

/** A caller that can be made to go. */
class Client implements Caller {
  readonly followers = new Set<(reason: string) => void>();
  gone: string | undefined;

  follow(left: (reason: string) => void): () => void {
    this.followers.add(left);
    return () => this.followers.delete(left);
  }

  leave(): void {
    this.gone = 'the client has gone';
    for (const left of this.followers) left(this.gone);
  }
}

describe('Pool with callers that may disconnect', () => {
  const never = (): Promise<never> => new Promise(() => {});

  it('ends a linked call, running or waiting, when its caller disconnects', async () => {
    const client = new Client();
    const rig = new PoolRig({ never }, { max: 1 }, { setup: { caller: () => client } });
    const calls = [failure(rig.call('never')), failure(rig.call('never'))];
    await new Promise((resolve) => rig.pool.events$.subscribe(({ type: is }) => is === 'call-started' && resolve(is)));
    client.leave();
    const errors = await Promise.all(calls);
    expect(errors.map(({ code, ran }) => [code, ran])).toEqual([
      ['FLAME_CANCELLED', 'maybe'],
      ['FLAME_CANCELLED', 'no'],
    ]);
    for (const error of errors) expect(error.message).toMatch(/: the client has gone$/);
    expect(client.followers.size).toBe(0);
  });

  it('lets an unlinked call continue', async () => {
    const client = new Client();
    const rig = new PoolRig({ quick: () => 1 }, {}, { setup: { caller: () => client } });
    const call = rig.call('quick', [], { linked: false });
    expect(client.followers.size).toBe(0);
    client.leave();
    expect(await call).toBe(1);
  });

  it('starts nothing for a caller that has disconnected', async () => {
    const client = new Client();
    client.leave();
    const rig = new PoolRig({ never }, {}, { setup: { caller: () => client } });
    expect(await failure(rig.call('never'))).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    expect(rig.machines).toEqual([]);
  });

  it('follows a caller, and also a signal, until the call has ended', async () => {
    const client = new Client();
    const { signal } = new AbortController();
    const rig = new PoolRig({ quick: () => 1, fails: () => Promise.reject(new Error('x')) }, {}, { setup: { caller: () => client } });
    const calls = [rig.call('quick'), rig.call('quick', [], { signal }), rig.call('fails')];
    expect(client.followers.size).toBe(3);
    await Promise.allSettled(calls);
    expect(client.followers.size).toBe(0);
  });

  it('follows a caller for as long as the result streams', async () => {
    const client = new Client();
    const rig = new PoolRig(
      {
        async *count() {
          yield 1;
          yield 2;
        },
      },
      {},
      { setup: { caller: () => client } },
    );
    const stream = (await rig.call('count')) as AsyncIterable<number>;
    expect(client.followers.size).toBe(1);
    const items: number[] = [];
    for await (const item of stream) items.push(item);
    await new Promise((resolve) => setImmediate(resolve));
    expect([items, client.followers.size]).toEqual([[1, 2], 0]);
  });
});

describe('Pool with children whose callers may disconnect', () => {
  class Child {
    async add(): Promise<number> {
      return 1;
    }

    async run(): Promise<void> {
      const { signal } = FlameCall.current()!;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }
  }

  it('ends a method, and a linked child, when its caller disconnects', async () => {
    const [client, placer] = [new Client(), new Client()];
    let caller = placer;
    const rig = new PoolRig({ 'new Child': () => new Child() }, {}, { setup: { caller: () => caller } });
    const child = await rig.place('Child');
    caller = client;
    expect(await child.call('add', [])).toBe(1);
    expect(client.followers.size).toBe(0);
    const error = failure(child.call('run', []));
    client.leave();
    expect(await error).toMatchObject({ code: 'FLAME_CANCELLED', message: expect.stringMatching(/Child\.run .*: the client has gone$/) });
    expect(await failure(child.call('add', []))).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    placer.leave();
    expect(await child.exited).toEqual({ how: 'cancelled', reason: 'the client has gone' });
    expect([client.followers.size, placer.followers.size]).toEqual([0, 0]);
  });

  it('passes children, and each call of a method, their own context', async () => {
    const seen: unknown[] = [];
    let value = 'placed';
    const context = {
      capture: () => value,
      run: (given: unknown, next: () => void): void => {
        seen.push(given);
        next();
      },
    };
    const rig = new PoolRig({ 'new Child': () => new Child() }, {}, { setup: { context }, runner: { context } });
    const child = await rig.place('Child');
    value = 'called';
    await child.call('add', []);
    expect(seen).toEqual(['placed', 'called']);
  });
});

describe('Pool with contexts', () => {
  it('captures once for a call, and sends nothing if there is no context', async () => {
    const values: unknown[] = [undefined, 'there'];
    const contexts: unknown[] = [];
    const context = {
      capture: () => values.shift(),
      run: (value: unknown, next: () => void): void => {
        contexts.push(value);
        next();
      },
    };
    const rig = new PoolRig({ quick: () => contexts.at(-1) }, {}, { setup: { context }, runner: { context } });
    expect(await rig.call('quick')).toBeUndefined();
    expect(await rig.call('quick')).toBe('there');
    expect([values, contexts]).toEqual([[], ['there']]);
  });

  it('fails a call whose context cannot be captured, read or entered', async () => {
    const capture = (): never => {
      throw new RangeError('not now');
    };
    const rig = new PoolRig({ quick: () => 1 }, {}, { setup: { context: { capture, run: (_, next) => next() } } });
    await expect(rig.call('quick')).rejects.toThrow(new RangeError('not now'));

    const stuck = { capture: () => 1, run: () => {} };
    const other = new PoolRig({ quick: () => 1 }, {}, { setup: { context: stuck }, runner: { context: stuck } });
    expect(await failure(other.call('quick'))).toMatchObject({ code: 'FLAME_CONFIG' });
    const unready = new PoolRig({ quick: () => 1 }, {}, { setup: { context: stuck } });
    expect(await failure(unready.call('quick'))).toMatchObject({ code: 'FLAME_CONFIG', ran: 'no' });
    expect([other, unready].map(({ pool }) => pool.stats().running)).toEqual([0, 0]);
  });
});
