import { afterAll, describe, expect, it, vi } from 'vitest';
import { $function, $inline, $method, inlineFunctions, inlineMethods, keyOf, markOf } from './index.js';

// Other files of this process would find them in their apps.
afterAll(() => {
  (inlineFunctions as Map<string, unknown>).clear();
  (inlineMethods as Map<symbol, unknown>).clear();
});

describe('$inline', () => {
  it('returns the same function, marked, and calls neither it nor the thunk', () => {
    const fn = vi.fn<() => Promise<number>>();
    const captures = vi.fn<() => [undefined, number]>();
    expect($inline(fn, 'Videos.publish/1', captures, undefined, 'digest')).toBe(fn);
    expect(markOf(fn)).toMatchObject({ id: 'Videos.publish/1', captures, problem: undefined, digest: 'digest' });
    expect(fn).not.toHaveBeenCalled();
    expect(captures).not.toHaveBeenCalled();
    expect(Reflect.ownKeys(fn)).toEqual(Reflect.ownKeys(vi.fn<() => Promise<number>>()));
  });

  it('keeps a problem with the mark', () => {
    const fn = $inline(() => 1, 'Videos.publish/2', undefined, 'it assigns to "count"');
    expect(markOf(fn)?.problem).toBe('it assigns to "count"');
  });

  it('marks no other function, and no copy', () => {
    expect(markOf(() => 1)).toBeUndefined();
    const fn = $inline(
      () => 1,
      'Videos.publish/3',
      () => [undefined],
    );
    expect(Reflect.ownKeys(fn)).toEqual(['length', 'name']);
    expect(markOf(fn.bind(undefined))).toBeUndefined();
    expect(markOf(Object.create(fn))).toBeUndefined();
    expect(markOf(1)).toBeUndefined();
  });

  it('replaces the mark of a function that is marked again, also of one that is frozen', () => {
    const fn = Object.freeze(
      $inline(
        () => 1,
        'Videos.publish/4',
        () => [undefined],
      ),
    );
    expect(markOf($inline(fn, 'Videos.publish/5', () => [undefined]))?.id).toBe('Videos.publish/5');
  });
});

describe('$method', () => {
  it('returns one symbol for an id and a digest, and another for another digest', () => {
    const first = $method('Videos.crop/1', 'a', ['video']);
    expect($method('Videos.crop/1', 'a', ['video'])).toBe(first);
    const second = $method('Videos.crop/1', 'b', []);
    expect(second).not.toBe(first);
    expect(first.description).toBe('Videos.crop/1');
    expect(inlineMethods.get(first)).toEqual({ id: 'Videos.crop/1', digest: 'a', names: ['video'], symbol: first });
    expect(inlineMethods.get(second)).toMatchObject({ digest: 'b' });
  });
});

describe('$function', () => {
  it('registers functions by id and digest; after two evaluations of one module the later one counts', () => {
    const [old, now, other] = [() => 1, () => 2, () => 3];
    $function('src/videos.js#crop/1', 'a', [], old);
    $function('src/videos.js#crop/1', 'a', [], now);
    $function('src/videos.js#crop/1', 'b', [], other);
    expect(inlineFunctions.get(keyOf('src/videos.js#crop/1', 'a'))?.run).toBe(now);
    expect(inlineFunctions.get(keyOf('src/videos.js#crop/1', 'b'))?.run).toBe(other);
  });
});

describe('the registry', () => {
  it('is shared by all copies of this module in a process', async () => {
    const fn = $inline(
      () => 1,
      'Videos.share/1',
      () => [undefined],
    );
    const symbol = $method('Videos.share/2', 'a', []);
    vi.resetModules();
    const again = await import('./index.js');
    expect(again.markOf).not.toBe(markOf);
    expect(again.markOf(fn)?.id).toBe('Videos.share/1');
    expect(again.$method('Videos.share/2', 'a', [])).toBe(symbol);
  });
});
