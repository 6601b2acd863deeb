import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LocalBackend } from '../../backends/local-backend.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { flameDefaults, readFlameOptions } from './flame-options.js';
import { FlameModule } from './flame.module.js';

describe('readFlameOptions', () => {
  it('has the defaults that the docstrings of FlameModuleOptions promise', () => {
    const source = readFileSync(join(__dirname, 'flame-options.ts'), 'utf8');
    const documented = [...source.matchAll(/@default ([\w[\]]+).*\n\s+\*\/\n\s+(\w+)\?:/g)].map(([, value, name]) => [
      name,
      value!.replaceAll('_', ''),
    ]);
    const { port, reconnectTimeout, maxPayload, sharedMemoryFrom, linkToRequest, exceptionFilter } = flameDefaults;
    expect(Object.fromEntries(documented)).toEqual({
      backend: 'new',
      handlers: '[]',
      classes: '[]',
      port: String(port),
      reconnectTimeout: String(reconnectTimeout),
      maxPayload: String(maxPayload),
      sharedMemoryFrom: String(sharedMemoryFrom),
      linkToRequest: String(linkToRequest),
      exceptionFilter: String(exceptionFilter),
    });
    expect(readFlameOptions([], {}, 'here')).toMatchObject({
      ...flameDefaults,
      handlers: [],
      classes: [],
      backend: expect.any(LocalBackend),
    });
  });
});

describe('FlameModule.forRoot', () => {
  class HalfClass {}
  it.each([
    ['no list', 'ffmpeg', {}, /^FlameModule\.forRoot pools must be a list of pools, but is "ffmpeg"/],
    ['a nameless pool', [{ max: 1 }], {}, /^FlameModule\.forRoot pools\[0\]\.name is missing/],
    ['min above max', [{ name: 'a', min: 2, max: 1 }], {}, /pools\[0\]\.min is 2, more than max, which is 1\. Raise max or lower min/],
    ['max: 0', [{ name: 'a', max: 0 }], {}, /pools\[0\]\.max must be a whole number of at least 1/],
    [
      'a negative time',
      [{ name: 'a', max: 1, handlerTimeout: -5 }],
      {},
      /pools\[0\]\.handlerTimeout must be a time in milliseconds above 0, but is -5/,
    ],
    [
      'two pools of one name',
      [
        { name: 'a', max: 1 },
        { name: 'a', max: 1 },
      ],
      {},
      /pools\[1\]\.name is "a", as is that of pools\[0\]/,
    ],
    [
      'a backend that is none',
      [{ name: 'a', max: 1, backend: 'docker' }],
      {},
      /pools\[0\]\.backend must be a FlameBackend, but is "docker"/,
    ],
    ['a module backend that is none', [], { backend: {} }, /options\.backend must be a FlameBackend/],
    [
      'an option that is none',
      [],
      { handler: [] },
      /options\.handler is not an option\. Did you mean handlers\? The options are: .*handlers/,
    ],
    [
      'a handler that is no class',
      [],
      { handlers: [undefined] },
      /options\.handlers\[0\] must be a class, but is undefined.*circular import/,
    ],
    [
      'a class half registered',
      [],
      { classes: [{ type: HalfClass, encode: () => 1 }] },
      /options\.classes\[0\] has only one of encode and decode/,
    ],
    ['half a certificate', [], { tls: { key: 'x' } }, /options\.tls\.cert is missing/],
    ['a port that is none', [], { port: -1 }, /options\.port must be a whole number of at least 0/],
    ['a time that is none', [], { reconnectTimeout: '5s' }, /options\.reconnectTimeout must be a time in milliseconds of 0 or more/],
    ['no limit', [], { maxPayload: 0 }, /options\.maxPayload must be a whole number of at least 1/],
    ['a link that is none', [], { linkToRequest: 'yes' }, /options\.linkToRequest must be true or false/],
    ['a context that is none', [], { context: () => 1 }, /options\.context must be an object of options/],
    [
      'half a context',
      [],
      { context: { capture: () => 1 } },
      /options\.context\.run is missing\. Implement both capture\(\) and run\(value, next\)/,
    ],
    ['a nameless context among several', [], { context: [{ capture: () => 1, run: () => 1 }] }, /options\.context\[0\]\.name is missing/],
    [
      'two contexts of one name',
      [],
      { context: Array(2).fill({ name: 'cls', capture: () => 1, run: () => 1 }) },
      /options\.context\[1\]\.name is "cls", as is that of context\[0\]/,
    ],
    ['a hook that is none', [], { onCastError: 1 }, /options\.onCastError must be a function/],
  ])('refuses %s with path and fix', (_, pools, options, message) => {
    expect(() => FlameModule.forRoot(pools as never, options as never)).toThrow(FlameError);
    expect(() => FlameModule.forRoot(pools as never, options as never)).toThrow(message);
  });
});
