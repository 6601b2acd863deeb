import { SeededRandom } from '../../support/seeded-random.js';
import { type Place, Writer } from './writer.js';

/** A generated file, whose `run(flame)` gives what all its inline functions gave. */
export interface GeneratedFile {
  readonly code: string;
  /** Every fourth file is an ES module. */
  readonly format: 'commonjs' | 'module';
  /** How many inline functions it has. */
  readonly inline: number;
  /** Whether the compiler has to refuse one of them. */
  readonly refused: boolean;
}

export function generateFile(seed: number): GeneratedFile {
  const format = seed % 4 === 1 ? 'module' : 'commonjs';
  const writer = new Writer(new SeededRandom(seed));
  const names = ['a', 'b'].map((name) => ({ name, level: 1, assignable: true }));
  const place: Place = { names, level: 1, depth: 3, self: false, base: false, async: true };
  const inMethod: Place = { ...place, self: true, base: true };
  const block = (there: Place): string =>
    `{ const all = [${writer.inlineCall(there)}, ${writer.inlineCall(there)}]; all.push(await (async () => { ${writer.body(there)} })()); return all; }`;
  const code = `"use strict";
const app = {}, limit = 7;
const helper = (value) => [value, limit];
const collect = async (given) => {
  const value = await given;
  if (typeof value?.next !== 'function') return value;
  const items = [];
  for await (const item of value) items.push(item);
  return items;
};
class Base { name() { return 'base'; } get kind() { return 'kind'; } }
class Service extends Base {
  #secret = 'secret';
  label = 'label';
  static limit = 9;
  constructor(flame) { super(); this.flame = flame; flame.self = this; }
  #hidden(value) { return [value, this.#secret]; }
  name() { return 'service'; }
  async method(a, b) ${block(inMethod)}
  async withDefaults(a, b = ${writer.inlineCall({ ...inMethod, names: names.slice(0, 1), async: false })}) { return b; }
  static async fixed(a, b) ${block(place)}
  arrow(a, b) { return (async () => ${block(inMethod)})(); }
  nested(a, b) { return (async function () ${block(place)})(); }
}
const object = { async method(a, b) ${block(place)} };
async function plain(a, b) ${block(place)}
${format === 'module' ? 'export const run' : 'exports.run'} = async (flame) => {
  app.flame = flame;
  const service = new Service(flame);
  const runs = [() => service.method(1, 'x'), () => service.withDefaults(2), () => Service.fixed(3, [4]), () => service.arrow({ x: 5 }), () => service.nested(6, null), () => object.method(7), () => plain('y', 8)];
  const results = [];
  for (const run of runs) results.push(await run().catch(String));
  return results;
};
`;
  return { code, format, inline: writer.inline, refused: writer.refused.length > 0 };
}
