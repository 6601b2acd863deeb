import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FlameError } from '../errors/flame-error.js';
import { poolDefaults, readPoolOptions, readPoolSize } from './pool-config.js';
import type { PoolOptions } from './pool-options.js';

const path = 'forRoot pools[0]';
const refusal = (options: unknown): FlameError => {
  try {
    readPoolOptions(options as PoolOptions, path);
  } catch (error) {
    if (error instanceof FlameError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('readPoolOptions', () => {
  it.each([
    [{ max: 1 }, 'forRoot pools[0].name is missing'],
    [{ name: '', max: 1 }, 'forRoot pools[0].name must be a non-empty string, but is ""'],
    [{ name: 'p' }, 'forRoot pools[0].max is missing'],
    [{ name: 'p', max: 0 }, 'forRoot pools[0].max must be a whole number of at least 1, but is 0'],
    [{ name: 'p', max: 1.5 }, 'forRoot pools[0].max must be a whole number'],
    [{ name: 'p', max: '3' }, 'forRoot pools[0].max must be a whole number of at least 1, but is "3"'],
    [{ name: 'p', min: 3, max: 2 }, 'forRoot pools[0].min is 3, more than max, which is 2'],
    [{ name: 'p', min: -1, max: 2 }, 'forRoot pools[0].min must be a whole number of at least 0, but is -1'],
    [{ name: 'p', max: 1, handlerTimeout: -5 }, 'forRoot pools[0].handlerTimeout must be a time in milliseconds above 0, but is -5'],
    [{ name: 'p', max: 1, timeout: 5 }, 'forRoot pools[0].timeout is not an option. The options are: name, min, max, '],
    [{ name: 'p', max: 1, bootTimeout: 0 }, 'forRoot pools[0].bootTimeout must be a time'],
    [{ name: 'p', max: 1, shutdownTimeout: NaN }, 'forRoot pools[0].shutdownTimeout must be a time'],
    [{ name: 'p', max: 1, idleShutdownAfter: { after: 5, chek: () => true } }, 'forRoot pools[0].idleShutdownAfter.chek is not an option'],
    [{ name: 'p', max: 1, idleShutdownAfter: 'soon' }, 'forRoot pools[0].idleShutdownAfter must be a time'],
    [{ name: 'p', max: 1, strategy: 'random' }, "forRoot pools[0].strategy must be 'spread', 'pack' or a function, but is \"random\""],
    [{ name: 'p', max: 1, onShrink: 5 }, 'forRoot pools[0].onShrink must be a function, but is 5'],
    [{ name: 'p', max: 1, log: 'loud' }, 'forRoot pools[0].log must be one of'],
    [{ name: 'p', max: 1, singleUse: 'yes' }, 'forRoot pools[0].singleUse must be true or false'],
    [{ name: 'p', max: 1, maxConcurency: 5 }, 'forRoot pools[0].maxConcurency is not an option'],
    ['ffmpeg', 'forRoot pools[0] must be an object of options, but is "ffmpeg"'],
    [undefined, 'forRoot pools[0] must be an object of options, but is undefined'],
  ])('refuses %j', (options, message) => {
    expect(refusal(options).code).toBe('FLAME_CONFIG');
    expect(refusal(options).message).toContain(message);
  });

  it('accepts Infinity for no limit', () => {
    expect(readPoolOptions({ name: 'p', max: 1, handlerTimeout: Infinity }, path).handlerTimeout).toBe(Infinity);
  });

  it('waits for a slot as long as for a boot by default', () => {
    expect(readPoolOptions({ name: 'p', max: 1, bootTimeout: 7_000 }, path).queueTimeout).toBe(7_000);
  });

  it('has the defaults that the docstrings of PoolOptions promise', () => {
    const source = readFileSync(join(__dirname, 'pool-options.ts'), 'utf8');
    const documented = [...source.matchAll(/@default (.+)\n\s+\*\/\n\s+(\w+)\?:/g)].map(([, value, name]) => [name!, value!]);
    const code = Object.entries(poolDefaults).map(([name, value]) => [name, typeof value === 'string' ? `'${value}'` : String(value)]);
    const byName = (rows: string[][]): string[][] =>
      rows.map(([name, value]) => [name!, value!.replaceAll('_', '')]).sort((a, b) => a[0]!.localeCompare(b[0]!));
    expect(byName(documented.filter(([name]) => name !== 'queueTimeout'))).toEqual(byName(code));
  });
});

describe('readPoolSize', () => {
  it('keeps the bound that is not given', () => {
    expect(readPoolSize({ max: 7 }, { min: 1, max: 3 }, 'resize()')).toEqual({ min: 1, max: 7 });
  });

  it('refuses a min above max', () => {
    expect(() => readPoolSize({ min: 5 }, { min: 1, max: 3 }, 'resize()')).toThrow('resize().min is 5, more than max, which is 3');
  });
});
