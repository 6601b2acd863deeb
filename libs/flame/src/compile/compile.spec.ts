import { describe, expect, it } from 'vitest';
import { threeWays } from '../../../../test/support/compiled-file.js';
import { compile } from './compile.js';

const service = (body: string): string => `"use strict";
const shout = (text) => text.toUpperCase() + '!';
class Service {
  #secret = 'secret';
  name = 'service';
  constructor(flame) { this.flame = flame; }
  ${body}
}
exports.run = (flame) => new Service(flame).run('a', 2);
`;

const rows: [name: string, code: string, result: unknown][] = [
  ['this', service(`async run() { return this.flame.call('p', async () => this.name); }`), 'service'],
  ['captures', service(`async run(a, b) { return this.flame.call('p', () => [a, b]); }`), ['a', 2]],
  ['a private field', service(`run(a) { return this.flame.call('p', () => this.#secret + a); }`), 'secreta'],
  ['what the module has', service(`run(a) { return this.flame.call('p', () => shout(a)); }`), 'A!'],
  ['items', service(`run(a) { return this.flame.map('p', ['x', 'y'], (item, index) => a + item + index); }`), ['ax0', 'ay1']],
  [
    'a generator',
    service(`run(a, b) { return this.flame.call('p', async function* () { for (let i = 0; i < b; i++) yield a + i; }); }`),
    ['a0', 'a1'],
  ],
  ['a call in a call', service(`run(a) { return this.flame.call('p', () => this.flame.call('q', () => this.name + a)); }`), 'servicea'],
  ['a function', `exports.run = (flame) => { const text = 'text'; return flame.call('p', () => text); }`, 'text'],
];

describe('compile', () => {
  it.each(rows)('makes copies that return the same as the function: %s', async (_, code, result) =>
    expect(await threeWays(code)).toEqual({ written: result, inPlace: result, copy: result }),
  );

  it('says of each function whether its call is probably one of Flame', () => {
    const code = `const { Flame } = require('nestjs-flame');
      exports.run = (flame, app, client) => {
        flame.call('p', () => 1); app.get(Flame).call('p', () => 2); client.call('p', () => 3);
      };`;
    expect(compile({ code, file: 'a.js', format: 'commonjs' })!.functions.map(({ ofFlame }) => ofFlame)).toEqual([true, true, false]);
  });

  it('does not change other files', () => {
    const format = 'commonjs';
    expect(compile({ code: 'f.call(this, () => 1); [1].map((x) => x);', file: 'a.js', format })).toBeUndefined();
    expect(compile({ code: `f.call('p', run);`, file: 'a.js', format })).toBeUndefined();
  });

  it('does not change its own output', () => {
    const input = { file: 'a.js', format: 'commonjs' } as const;
    expect(compile({ code: compile({ code: rows[0]![1], ...input })!.code, ...input })).toBeUndefined();
  });
});
