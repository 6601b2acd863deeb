import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import { settle } from '../../../../../test/support/virtual-clock.js';
import { FlameResource } from '../../core/flame-resource.js';
import type { FlameTrackable } from '../../core/flame-trackable.js';
import { FlameCall } from '../../runner/executor/flame-call.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Something alive that says when it was released. */
class Page implements FlameTrackable {
  readonly #released: string[];

  constructor(
    readonly url: string,
    released: string[],
  ) {
    this.#released = released;
  }

  async onFlameRelease(): Promise<void> {
    this.#released.push(FlameCall.current() ? this.url : 'outside of its call');
    if (this.url === 'broken') throw new Error('it will not close');
  }
}

type Handed = FlameResource<Page>;

function rigOf(trackResources = true, maxConcurrency = 1): { rig: PoolRig; released: string[] } {
  const released: string[] = [];
  const page = (url: string): Page => new Page(url, released);
  const rig = new PoolRig(
    {
      'A.open': async (url: string) => page(url),
      'A.many': async () => ({
        list: [page('a'), 1],
        map: new Map([['b', page('b')]]),
        set: new Set([page('c')]),
        deep: { er: [[page('d')]] },
      }),
      'A.twice': async () => {
        const one = page('a');
        return [one, one];
      },
      'A.of': async (url: string) => FlameResource.of(page(url)),
      'A.slow': async () => {
        await new Promise<void>((resolve) => FlameCall.current()!.signal.addEventListener('abort', () => resolve()));
        return page('too late');
      },
      'A.both': async () => ({
        page: page('a'),
        items: (async function* () {
          yield 1;
          yield 2;
        })(),
      }),
      'A.run': async () => 'ran',
      'new Child': () => ({ open: async () => page('of a child') }),
    },
    { max: 1, maxConcurrency, trackResources },
  );
  return { rig, released };
}

describe('FlameResource', () => {
  it('shows the resource’s data', async () => {
    const { rig } = rigOf();
    const page = (await rig.call('A.open', ['a'])) as Handed;
    expect(page).toBeInstanceOf(FlameResource);
    expect(page.value).toEqual({ url: 'a' });
  });

  it('keeps the slot, without a timeout, until it is released', async () => {
    const { rig, released } = rigOf();
    const page = (await rig.call('A.open', ['a'])) as Handed;
    await rig.clock.advance(1_000_000);
    expect(released).toEqual([]);
    const waiting = rig.call('A.run');
    await settle();
    expect(rig.pool.stats()).toMatchObject({ running: 1, waiting: 1 });
    await page.release();
    expect(released).toEqual(['a']);
    expect(await waiting).toBe('ran');
    await page.release();
    expect(released).toEqual(['a']);
  });

  it('is found anywhere in a result; the slot is free when the last one is released', async () => {
    const { rig, released } = rigOf();
    const result = (await rig.call('A.many')) as { list: [Handed]; map: Map<string, Handed>; set: Set<Handed>; deep: { er: [[Handed]] } };
    const pages = [result.list[0], result.map.get('b')!, [...result.set][0]!, result.deep.er[0][0]];
    for (const page of pages) {
      expect(rig.pool.stats().running).toBe(1);
      await page.release();
    }
    expect(released).toEqual(['a', 'b', 'c', 'd']);
    await settle();
    expect(rig.pool.stats().running).toBe(0);
  });

  it('is one resource if the result contains it twice', async () => {
    const { rig, released } = rigOf();
    const [one, other] = (await rig.call('A.twice')) as [Handed, Handed];
    expect(one).toBe(other);
    await one.release();
    expect(released).toEqual(['a']);
  });

  it('is released at the end of an `await using` block', async () => {
    const { rig, released } = rigOf();
    {
      await using page = (await rig.call('A.open', ['a'])) as Handed;
      expect(page.value.url).toBe('a');
    }
    expect(released).toEqual(['a']);
  });

  it('is released when its handle is collected as garbage', async () => {
    const { rig, released } = rigOf();
    await rig.call('A.open', ['a']);
    while (released.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
    }
    await settle();
    expect(rig.pool.stats().running).toBe(0);
  });

  it('is not collected while it is held', async () => {
    const { rig, released } = rigOf();
    const page = (await rig.call('A.open', ['a'])) as Handed;
    for (let turn = 0; turn < 20; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
    }
    expect(released).toEqual([]);
    await page.release();
  });

  it('is released at once if its caller stopped waiting before it arrived', async () => {
    const { rig, released } = rigOf();
    const error = failure(rig.call('A.slow', [], { timeout: 100 }));
    await rig.clock.advance(100);
    expect(await error).toMatchObject({ code: 'FLAME_TIMEOUT' });
    await settle();
    expect(released).toEqual(['too late']);
    expect(rig.pool.stats().running).toBe(0);
  });

  it('frees the slot also when onFlameRelease throws, which is logged', async () => {
    const { rig } = rigOf();
    const page = (await rig.call('A.open', ['broken'])) as Handed;
    await page.release();
    expect(await rig.call('A.run')).toBe('ran');
    expect(rig.log.lines.join('\n')).toMatch(/warn onFlameRelease of a resource of A\.open threw: Error: it will not close/);
  });

  it('is released when the pool drains', async () => {
    const { rig, released } = rigOf();
    const page = (await rig.call('A.open', ['a'])) as Handed;
    await rig.pool.drain('bye');
    expect(released).toEqual(['a']);
    await page.release();
  });

  it('outlives the streams beside it', async () => {
    const { rig, released } = rigOf();
    const { page, items } = (await rig.call('A.both', [], { timeout: 1_000 })) as { page: Handed; items: AsyncIterable<number> };
    const all: number[] = [];
    for await (const item of items) all.push(item);
    expect(all).toEqual([1, 2]);
    await rig.clock.advance(60_000);
    expect(released).toEqual([]);
    expect(rig.pool.stats().running).toBe(1);
    await page.release();
    await settle();
    expect(rig.pool.stats().running).toBe(0);
  });

  it('outlives a consumer that closes the streams beside it', async () => {
    const { rig, released } = rigOf();
    const { page, items } = (await rig.call('A.both')) as { page: Handed; items: AsyncIterable<number> };
    for await (const _ of items) break;
    await rig.clock.advance(60_000);
    expect(released).toEqual([]);
    await page.release();
    await settle();
    expect(rig.pool.stats().running).toBe(0);
  });

  it('counts against maxConcurrency', async () => {
    const { rig } = rigOf(true, 2);
    const pages = (await Promise.all([rig.call('A.open', ['a']), rig.call('A.open', ['b'])])) as Handed[];
    const third = rig.call('A.open', ['c']) as Promise<Handed>;
    await settle();
    expect(rig.pool.stats()).toMatchObject({ running: 2, waiting: 1 });
    await pages[0]!.release();
    expect((await third).value.url).toBe('c');
  });

  it('of a child’s method ends with the child', async () => {
    const { rig, released } = rigOf();
    const child = await rig.place('Child');
    const page = (await child.call('open', [])) as Handed;
    expect(page.value).toEqual({ url: 'of a child' });
    await child.stop('enough');
    expect(released).toEqual(['of a child']);
    await page.release();
  });

  it('is the result of FlameResource.of, also without a runner', async () => {
    const released: string[] = [];
    const page = new Page('a', released);
    const handle = FlameResource.of(page);
    expect(handle.value.url).toBe('a');
    await handle.release();
    await handle.release();
    expect(released).toEqual(['outside of its call']);
    const { rig, released: there } = rigOf();
    const crossed = (await rig.call('A.of', ['b'])) as Handed;
    expect(crossed.value).toEqual({ url: 'b' });
    await crossed.release();
    expect(there).toEqual(['b']);
  });
});

describe('a pool that does not track resources', () => {
  it('returns data, and frees the slot at once', async () => {
    const { rig, released } = rigOf(false);
    expect(await rig.call('A.open', ['a'])).toEqual({ url: 'a' });
    expect(await rig.call('A.run')).toBe('ran');
    expect(released).toEqual([]);
  });

  it('refuses a result whose declared type is a handle', async () => {
    const { rig } = rigOf(false);
    const error = await failure(rig.call('A.of', ['a']));
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'yes' });
    expect(error.message).toMatch(/the result of A\.of .*a FlameResource does not leave its process.*set trackResources/);
    const held = FlameResource.of(new Page('a', []));
    expect((await failure(rig.call('A.run', [held]))).message).toMatch(/args.*as an argument, pass its value/);
  });
});
