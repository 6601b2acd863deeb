import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OptionReader } from '../../core/options/option-reader.js';
import { preAuthDefaults } from '../../transport/grpc/pre-auth/pre-auth-limits.js';
import { readPreAuth } from './pre-auth-option.js';

const read = (preAuth?: unknown) => readPreAuth(new OptionReader({ preAuth }, 'here'));

describe('readPreAuth', () => {
  it('has the defaults that the docstrings of PreAuthLimits promise', () => {
    const source = readFileSync(join(__dirname, '../../transport/grpc/pre-auth/pre-auth-limits.ts'), 'utf8');
    const documented = Array.from(source.matchAll(/@default ([\d_]+)\n\s+\*\/\n\s+(\w+)\?:/g), ([, value, name]) => [
      name,
      Number(value!.replaceAll('_', '')),
    ]);
    expect(Object.fromEntries(documented)).toEqual(preAuthDefaults);
    expect(read()).toEqual(preAuthDefaults);
  });

  it('accepts values for all of them', () => {
    expect(read({ maxBytes: 7, timeout: 500 })).toEqual({ ...preAuthDefaults, maxBytes: 7, timeout: 500 });
  });

  it.each([
    [{ maxByte: 7 }, /^here\.preAuth\.maxByte is not an option/],
    [{ maxConnections: 0 }, /^here\.preAuth\.maxConnections must be a whole number of at least 1/],
    [{ timeout: 0 }, /^here\.preAuth\.timeout must be a time in milliseconds above 0/],
    ['none', /^here\.preAuth must be an object of options, but is "none"/],
  ])('refuses %j', (preAuth, words) => {
    expect(() => read(preAuth)).toThrow(words);
  });
});
