import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OptionReader } from '../../core/options/option-reader.js';
import { preAuthDefaults } from '../../transport/grpc/pre-auth/pre-auth-limits.js';
import { readPreAuth } from './pre-auth-option.js';

const read = (strangers?: unknown) => readPreAuth(new OptionReader({ strangers }, 'here'));

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

  it('takes those that are given', () => {
    expect(read({ maxFrames: 7, introductionTimeout: 500 })).toEqual({ ...preAuthDefaults, maxFrames: 7, introductionTimeout: 500 });
  });

  it.each([
    [{ maxFrame: 7 }, /^here\.strangers\.maxFrame is not an option/],
    [{ maxConnections: 0 }, /^here\.strangers\.maxConnections must be a whole number of at least 1/],
    [{ introductionTimeout: 0 }, /^here\.strangers\.introductionTimeout must be a time in milliseconds above 0/],
    ['none', /^here\.strangers must be an object of options, but is "none"/],
  ])('refuses %j', (strangers, words) => {
    expect(() => read(strangers)).toThrow(words);
  });
});
