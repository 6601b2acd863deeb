import { describe, expect, it } from 'vitest';
import { threeWays } from '../../../../test/support/compiled-file.js';

/** A service with these members, of which `run('a', 2)` is called. `shout` and `count` are the module's. */
const service = (members: string, head = ''): string => `"use strict";
const shout = (text) => text.toUpperCase() + '!';
const count = { of: (...items) => items.length };
${head}
class Base { name() { return 'base'; } get kind() { return 'kind'; } async *letters() { yield 'x'; } }
class Service extends Base {
  #secret = 'secret';
  static limit = 3;
  #hidden(text) { return 'hidden ' + text; }
  constructor(flame) { super(); this.flame = flame; flame.self = this; this.label = 'label'; }
  name() { return 'service'; }
  ${members}
}
exports.run = (flame) => new Service(flame).run('a', 2);
`;
/** `run(a, b)` of that service, with this body. */
const method = (body: string, head = ''): string => service(`async run(a, b) { ${body} }`, head);
/** The function that `run` calls, in a method. */
const inline = (run: string): string => method(`return this.flame.call('p', ${run});`);
/** A function outside of classes. */
const loose = (body: string, strict = '"use strict"; '): string =>
  `${strict}exports.run = async function run(flame) { const a = 'a', b = 2; ${body} };`;

type Row = [name: string, code: string, result: unknown];

const functions: Row[] = [
  ['an arrow function', inline('() => this.label'), 'label'],
  ['an async arrow function', inline('async () => this.label + (await a)'), 'labela'],
  ['a function', inline('function () { return this.label + a; }'), 'labela'],
  ['an async function', inline('async function () { return this.label + a; }'), 'labela'],
  ['a generator', inline('function* () { yield a; yield this.label; }'), ['a', 'label']],
  ['an async generator', inline('async function* () { for (let i = 0; i < b; i++) yield this.label + i; }'), ['label0', 'label1']],
  ['a generator that delegates', inline('async function* () { yield* this.letters(); yield a; }'), ['x', 'a']],
  ['a named function that calls itself', inline('function down(n = b) { return n ? [n, ...down(n - 1)] : [a]; }'), [2, 1, 'a']],
  [
    'a named function with the name of a capture',
    method(`return this.flame.call('p', function a() { return [typeof a, b]; });`),
    ['function', 2],
  ],
  ['an object as the body', inline('() => ({ a, b })'), { a: 'a', b: 2 }],
  ['parentheses around it', method(`return this.flame.call('p', (() => a));`), 'a'],
  ['comments around it', method(`return this.flame.call('p' /* pool */, /* run */ () => a /* it */, // last\n);`), 'a'],
  ['options behind it', method(`return this.flame.call('p', () => a, { timeout: 5 });`), 'a'],
  ['a trailing comma', method(`return this.flame.call('p', () => a,);`), 'a'],
  ['a template as the pool', method('return this.flame.call(`p${b}`, () => a);'), 'a'],
  ['optional chaining to it', method(`return this.flame?.call('p', () => a);`), 'a'],
  ['an optional call', method(`return this.flame.call?.('p', () => a);`), 'a'],
  ['a line break before the name', method(`return this.flame\n  .call('p', () => a);`), 'a'],
  ['cast', method(`return this.flame.cast('p', async () => this.label);`), 'label'],
  ['map', method(`return this.flame.map('p', ['x', 'y'], (item, index) => this.label + item + index + a);`), ['labelx0a', 'labely1a']],
  ['map, of the item only', method(`return this.flame.map('p', ['x'], async (item) => item + b);`), ['x2']],
  ['map, of a pattern', method(`return this.flame.map('p', [{ x: 1 }], ({ x, y = b }, index = 9) => [x, y, index]);`), [[1, 2, 0]]],
  ['map, of rest parameters', method(`return this.flame.map('p', ['x'], (...all) => [...all, a]);`), [['x', 0, 'a']]],
  [
    'map, of arguments of its own',
    method(`return this.flame.map('p', ['x'], function () { return [...arguments, a]; });`),
    [['x', 0, 'a']],
  ],
  ['map, with nothing to take', method(`return this.flame.map('p', ['x'], () => a);`), ['a']],
];

const captures: Row[] = [
  ['parameters', inline('() => [a, b]'), ['a', 2]],
  ['a default that reads a capture', inline('(x = a + b) => x'), 'a2'],
  ['a default that reads this', inline('(x = this.label) => x'), 'label'],
  ['a key that reads a capture', inline('() => ({ [a]: b })'), { a: 2 }],
  ['a short property', inline('() => ({ a })'), { a: 'a' }],
  ['a tag and a template', inline('() => String.raw`${a}\\n${`${b}`}`'), 'a\\n2'],
  [
    'destructured variables',
    method(`const { x, y: { z = b }, ...rest } = { x: 1, y: {}, w: 3 }; return this.flame.call('p', () => [x, z, rest]);`),
    [1, 2, { w: 3 }],
  ],
  ['variables of an array', method(`const [x, , ...y] = [1, 2, 3, 4]; return this.flame.call('p', () => [x, y]);`), [1, [3, 4]]],
  [
    'destructured parameters',
    service(
      `run(...[a, b]) { return this.#more({ a, list: [b] }); } #more({ a: x, list: [y] }) { return this.flame.call('p', () => [x, y]); }`,
    ),
    ['a', 2],
  ],
  ['rest parameters', service(`run(...all) { return this.flame.call('p', () => all); }`), ['a', 2]],
  ['a default parameter', service(`run(a, b, c = a + b) { return this.flame.call('p', () => c); }`), 'a2'],
  ['a call in a default parameter', service(`async run(a, b, c = this.flame.call('p', () => this.label + a)) { return c; }`), 'labela'],
  [
    'a catch variable',
    method(
      `try { throw new Error(a); } catch (error) { const { message } = error; return this.flame.call('p', () => message + error.message); }`,
    ),
    'aa',
  ],
  [
    'a destructured catch variable',
    method(`try { throw new Error(a); } catch ({ message }) { return this.flame.call('p', () => message); }`),
    'a',
  ],
  [
    'a variable of for',
    method(`const all = []; for (let i = 0; i < 3; i++) all.push(this.flame.call('p', () => i + a)); return Promise.all(all);`),
    ['0a', '1a', '2a'],
  ],
  [
    'a variable of for of',
    method(`const all = []; for (const { x } of [{ x: 1 }, { x: 2 }]) all.push(await this.flame.call('p', () => x)); return all;`),
    [1, 2],
  ],
  [
    'a variable of for in',
    method(`const all = []; for (const key in { x: 1, y: 2 }) all.push(await this.flame.call('p', () => key + a)); return all;`),
    ['xa', 'ya'],
  ],
  [
    'a variable of for await',
    method(`const all = []; for await (const x of [1, 2]) all.push(await this.flame.call('p', () => x * b)); return all;`),
    [2, 4],
  ],
  ['a variable of switch', method(`switch (b) { case 2: const x = a; return this.flame.call('p', () => x); }`), 'a'],
  ['a variable of a block', method(`{ const a = 'inner'; return this.flame.call('p', () => a); }`), 'inner'],
  [
    'a var that is declared below',
    method(`const result = this.flame.call('p', () => typeof later); var later = 1; return result;`),
    'undefined',
  ],
  [
    'a variable that changes after the call',
    method(`let x = 1; const result = await this.flame.call('p', () => x); x = 2; return [result, x];`),
    [1, 2],
  ],
  [
    'a variable in its dead zone, which fails as the function does',
    method(`const x = await this.flame.call('p', () => x);`),
    `ReferenceError: Cannot access 'x' before initialization`,
  ],
  [
    'a variable of an arrow function around it',
    method(`return Promise.all([1, 2].map((x) => this.flame.call('p', () => [x, a, this.label])));`),
    [
      [1, 'a', 'label'],
      [2, 'a', 'label'],
    ],
  ],
  ['variables of several functions', method(`const f = (x) => (y) => this.flame.call('p', () => [a, x, y]); return f(1)(2);`), ['a', 1, 2]],
  [
    'a variable of a nested function, without this',
    method(`return (function inner(x) { return flame.call('p', () => x + a); })(1);`, 'let flame; ')
      .replace('exports.run = (flame) => new', 'exports.run = (given) => ((flame = given), 0) || new')
      .replace('Service(flame)', 'Service(given)'),
    '1a',
  ],
  ['only what an inner function uses', inline('() => [1].map((x) => x + b)'), [3]],
  ['what two levels of inner functions use', inline('() => [1].map((x) => [2].map((y) => a + x + y + b))'), [['a122']]],
  ['what an inner function and a parameter of it share by name', inline('() => [a, ((a) => a)(1)]'), ['a', 1]],
  [
    'a capture that an inner block shadows',
    inline('() => { const out = [a]; { let a = 1; out.push(a); } return [...out, a]; }'),
    ['a', 1, 'a'],
  ],
  ['a capture that a catch variable shadows', inline(`() => { try { throw 1; } catch (a) { return [a, b]; } }`), [1, 2]],
  ['a name that the module has, too', method(`const shout = a; return this.flame.call('p', () => shout);`), 'a'],
  [
    'a name of the module, while a function around has another',
    method(`const other = a; return this.flame.call('p', () => { const other = shout('x'); return other + a; });`),
    'X!a',
  ],
  [
    'a name that the module has, and a variable beside',
    method(`{ const count = 1; } return this.flame.call('p', () => count.of(a, b));`),
    2,
  ],
  ['arguments of an inner function', inline('() => (function () { return [...arguments, a]; })(1)'), [1, 'a']],
  ['a label with the name of a capture', inline('() => { a: for (;;) { break a; } return a; }'), 'a'],
  ['a property with the name of a local function', method(`function label() {} return this.flame.call('p', () => this.label);`), 'label'],
  [
    'names that the compiler would add',
    method(
      `const $args = 1, $inline = 2, $copy1 = 3, $function = 4, $method = 5; return this.flame.map('p', [0], (item) => [$args, $inline, $copy1, $function, $method, item]);`,
    ),
    [[1, 2, 3, 4, 5, 0]],
  ],
  [
    'names beyond ASCII',
    method(`const größe = 1, ℮ = 2, \\u0061b = 3; return this.flame.call('p', () => [größe, ℮, \\u0061b, ab]);`),
    [1, 2, 3, 3],
  ],
];

const classes: Row[] = [
  ['a private field', inline('() => this.#secret'), 'secret'],
  ['a private method', inline('() => this.#hidden(a)'), 'hidden a'],
  ['a private name of a captured object', method(`const other = this; return this.flame.call('p', () => #secret in Object(b));`), false],
  ['a private name in an inner class of its own', inline('() => new (class { #own = 1; get() { return this.#own; } })().get()'), 1],
  ['super', inline('() => super.name() + this.name()'), 'baseservice'],
  ['a getter of super', inline('async () => super.kind'), 'kind'],
  ['super in an inner arrow function', inline('() => [1].map(() => super.name())'), ['base']],
  ['a static member, by the name of the class', inline('() => Service.limit'), 3],
  [
    'a static method',
    service(`static run(flame, a) { return flame.call('p', () => a + Service.limit); } run(a) { return Service.run(this.flame, a); }`),
    'a3',
  ],
  ['a getter', service(`get now() { return this.flame.call('p', () => this.label); } run() { return this.now; }`), 'label'],
  [
    'a private method with the call',
    service(`#publish(a) { return this.flame.call('p', () => this.label + a); } run(a) { return this.#publish(a); }`),
    'labela',
  ],
  [
    'a method with a computed name',
    service(`['pub' + 'lish'](a) { return this.flame.call('p', () => this.label + a); } run(a) { return this.publish(a); }`),
    'labela',
  ],
  ['a generator method', service(`async *run(a) { yield await this.flame.call('p', () => this.label + a); }`), ['labela']],
  ['the last member without a semicolon', service(`run(a) { return this.flame.call('p', () => this.label + a); }\n  last = 1`), 'labela'],
  [
    'a constructor, without this',
    service(`run(a) { return new (class { constructor(flame) { this.result = flame.call('p', () => a); } })(this.flame).result; }`),
    'a',
  ],
  [
    'a field, without this',
    service(`run(a) { const { flame } = this; return new (class { result = flame.call('p', () => a); })().result; }`),
    'a',
  ],
  ['a class expression', `exports.run = (flame) => new (class { x = 1; run() { return flame.call('p', () => this.x); } })().run();`, 1],
  [
    'a class expression that names itself',
    `const A = class B { static x = 1; run(flame) { return flame.call('p', () => B.x); } }; exports.run = (flame) => new A().run(flame);`,
    1,
  ],
  [
    'a class inside a function',
    `const make = (x) => class { run(flame, y) { return flame.call('p', () => [x, y, this.constructor.x]); } static x = x; }; exports.run = (flame) => new (make(1))().run(flame, 2);`,
    [1, 2, 1],
  ],
  [
    'a class inside a function, without this',
    `const make = (x) => class { run(flame, y) { return flame.call('p', () => [x, y]); } }; exports.run = (flame) => new (make(1))().run(flame, 2);`,
    [1, 2],
  ],
  [
    'a class declaration inside a function that names itself',
    `function make() { class A { static x = 1; run(flame) { return flame.call('p', () => A.x); } } return A; } exports.run = (flame) => new (make())().run(flame);`,
    1,
  ],
  [
    'a class with an inline call inside an inline function',
    inline(`() => new (class { x = a; run(flame) { return flame.call('q', () => this.x + b); } })().run(this.flame)`),
    'a2',
  ],
  ['an inner class that reads captures', inline('() => new (class { x = a; static y = b; })().x'), 'a'],
  ['new with a spread', inline('() => new Array(...[a, b], ...[this.label])'), ['a', 2, 'label']],
  [
    'two classes with one name',
    `const one = () => { class A { run(flame) { return flame.call('p', () => [this.x, 1]); } x = 1; } return A; }; const two = () => { class A { run(flame) { return flame.call('p', () => [this.x, 2]); } x = 2; } return A; }; exports.run = async (flame) => [await new (one())().run(flame), await new (two())().run(flame)];`,
    [
      [1, 1],
      [2, 2],
    ],
  ],
  [
    'a class that extends null',
    `class A extends null { constructor(flame) { return Object.assign(Object.create(A.prototype), { flame }); } run() { return this.flame.call('p', () => typeof this.flame); } } exports.run = (flame) => new A(flame).run();`,
    'object',
  ],
];

const nesting: Row[] = [
  [
    'two in one method',
    method(`return [await this.flame.call('p', () => a), await this.flame.call('p', () => this.label)];`),
    ['a', 'label'],
  ],
  ['two in one statement', method(`return Promise.all([this.flame.call('p', () => a), this.flame.call('p', () => b)]);`), ['a', 2]],
  ['one in one', inline(`() => this.flame.call('q', () => [this.label, a])`), ['label', 'a']],
  ['one in one, of which only the inner uses this', inline(`async () => { const x = 1; return this.flame.call('q', () => x + a); }`), '1a'],
  [
    'one in one, with a variable of the outer',
    inline(`async () => { const c = shout(a); return this.flame.call('q', () => [c, b, this.label]); }`),
    ['A!', 2, 'label'],
  ],
  ['three', inline(`() => this.flame.call('q', () => this.flame.call('r', () => [a, b, this.#secret]))`), ['a', 2, 'secret']],
  [
    'one in a function',
    method(`return this.flame.call('p', function () { return this.flame.call('q', () => this.label + a); });`),
    'labela',
  ],
  ['new.target of a function in an arrow function', inline(`() => this.flame.call('q', function () { return new.target; })`), undefined],
  [
    'a function with this in a function without',
    method(
      `const { flame } = this; return flame.call('p', function () { return app.flame.call('q', function () { return this.label + a; }); });`,
      'const app = {};',
    )
      .replace('const { flame } = this;', 'app.flame = this.flame;')
      .replace('flame.call', 'app.flame.call'),
    'labela',
  ],
  [
    'one in one of map',
    method(
      `return this.flame.map('p', [1, 2], async (item) => Promise.all(await this.flame.map('q', [3], (inner, index) => [a, item, inner, index])));`,
    ),
    [[['a', 1, 3, 0]], [['a', 2, 3, 0]]],
  ],
  ['one in a default parameter of one', inline(`(x = this.flame.call('q', () => this.label + a)) => x`), 'labela'],
  ['one in an argument of another call', method(`return [await this.flame.call('p', () => a)].map((x) => x + b);`), ['a2']],
];

const outside: Row[] = [
  ['a function', loose(`return flame.call('p', () => a + b);`), 'a2'],
  ['a function in sloppy mode', loose(`return flame.call('p', () => a + b);`, ''), 'a2'],
  [
    'an inner function in sloppy mode, which has the global this',
    loose(`return flame.call('p', () => (function () { return this === globalThis; })());`, ''),
    true,
  ],
  ['an inner function in strict mode', loose(`return flame.call('p', () => (function () { return this; })() === undefined);`), true],
  [
    'a strict function in a sloppy module',
    `exports.run = function (flame) { "use strict"; const a = 1; return flame.map('p', [2], (item) => [(function () { return this; })() === undefined, a, item]); };`,
    [[true, 1, 2]],
  ],
  [
    'a strict class in a sloppy module',
    `class A { run(flame, a) { return flame.call('p', () => [(function () { return this; })() === undefined, a]); } } exports.run = (flame) => new A().run(flame, 1);`,
    [true, 1],
  ],
  [
    'a directive in the function',
    loose(`return flame.call('p', () => { 'use strict'; return (function () { return this; })() === undefined; });`, ''),
    true,
  ],
  ['arrow functions', `const make = (flame) => (x) => flame.call('p', () => x); exports.run = (flame) => make(flame)(1);`, 1],
  ['a method of an object', `exports.run = (flame) => ({ publish(x) { return flame.call('p', () => x); } }).publish(1);`, 1],
  [
    'a function that the module declares below',
    `"use strict"; exports.run = (flame) => flame.call('p', () => below() + later); function below() { return 1; } const later = 2;`,
    3,
  ],
  ['a module that returns early', `exports.run = (flame) => flame.call('p', () => 1); if (exports.run) return; exports.run = 2;`, 1],
  ['a block of the module', `{ const x = 1; exports.run = (flame) => flame.call('p', () => x); }`, 1],
  [
    'a loop of the module',
    `const all = []; for (const x of [1, 2]) all.push((flame) => flame.call('p', () => x)); exports.run = async (flame) => [await all[0](flame), await all[1](flame)];`,
    [1, 2],
  ],
  ['a function that the module calls at once', `exports.run = (flame) => (() => { const x = 1; return flame.call('p', () => x); })();`, 1],
  ['no semicolon at the end of the module', `exports.run = (flame) => flame.call('p', () => 1)`, 1],
  [
    'a namespace of TypeScript',
    `var N; (function (N) { const x = 1; N.y = 2; function run(flame, z) { return flame.call('p', () => [x, N.y, help(), z]); } N.run = run; function help() { return 'help'; } })(N || (N = {})); exports.run = (flame) => N.run(flame, 3);`,
    [1, 2, 'help', 3],
  ],
  [
    'a namespace in a namespace',
    `var N; (function (N) { let M; (function (M) { const x = 1; M.run = (flame) => flame.call('p', () => [x, typeof N, typeof M]); })(M = N.M || (N.M = {})); })(N || (N = {})); exports.run = (flame) => N.M.run(flame);`,
    [1, 'object', 'object'],
  ],
  [
    'a class in a namespace',
    `var N; (function (N) { const x = 1; class A { y = 2; run(flame, z) { return flame.call('p', () => [x, this.y, z]); } } N.A = A; })(N || (N = {})); exports.run = (flame) => new N.A().run(flame, 3);`,
    [1, 2, 3],
  ],
  [
    'an enum of TypeScript',
    `var E; (function (E) { E[E["One"] = 1] = "One"; })(E || (exports.E = E = {})); exports.run = (flame) => flame.call('p', () => E.One);`,
    1,
  ],
  [
    'an imported name',
    `const module_1 = require('module'); exports.run = (flame, x = 1) => flame.call('p', () => (0, module_1.add)(x, 2));`,
    3,
  ],
  [
    'an exported function',
    `exports.publish = publish; exports.run = (flame) => publish(flame, 1); async function publish(flame, x) { return flame.call('p', async () => x); }`,
    1,
  ],
];

const untouched: Row[] = [
  ['Function.prototype.call', `exports.run = () => [1, 2].map.call([3], function (x) { return x + 1; });`, [4]],
  [
    'call with a context and a callback',
    `exports.run = () => { const f = function (done) { return done(this.x); }; const context = { x: 1 }; return f.call(context, (x) => x + 1); };`,
    2,
  ],
  [
    'map with a function in the third place',
    `const lib = { map: (list, deep, run) => list.map(run) }; exports.run = () => { const y = 1, list = [1]; return lib.map(list, true, (x) => x + y); };`,
    [2],
  ],
  [
    'call with this before super',
    `exports.run = () => { const f = (context, done) => done(1); class A {} class B extends A { constructor() { const context = {}; const x = f.call(null, context, (y) => y); f.call(context, 1, () => 1); super(); this.x = x; this.y = f.call(f, context, () => this.x); } } return new B().y; };`,
    1,
  ],
  [
    'call with a function that reads this in a constructor',
    `exports.run = () => { class A {} class B extends A { constructor() { const o = { call: (name, f) => f }; const f = o.call('x', () => this.x); super(); this.x = 1; this.f = f; } } return new B().f(); };`,
    1,
  ],
  [
    'a function that reads a variable in its dead zone later',
    `exports.run = () => { const o = { call: (name, f) => f }; const f = o.call('x', () => later); const later = 1; return f(); };`,
    1,
  ],
  [
    'a function that assigns',
    `exports.run = () => { const o = { call: (name, f) => f() }; let n = 0; o.call('x', () => { n++; }); o.call('x', () => (n += 2)); return n; };`,
    3,
  ],
  [
    'a function that uses arguments',
    `exports.run = () => { const o = { call: (name, f) => f() }; return (function () { return o.call('x', () => arguments[0]); })(1); };`,
    1,
  ],
  [
    'a function that is compared',
    `exports.run = () => { const seen = new Set(); const o = { call: (name, f) => (seen.add(f), f) }; const f = o.call('x', function () {}); return [seen.has(f), f.name, f.length, 'prototype' in f]; };`,
    [true, '', 0, true],
  ],
];

describe.each([
  ['An inline function', functions],
  ['A capture', captures],
  ['A class', classes],
  ['A call in a call', nesting],
  ['Outside of classes', outside],
])('%s', (_, rows) => {
  it.each(rows)('%s', async (_, code, result) => {
    const modules = { module: { add: (one: number, other: number) => one + other } };
    expect(await threeWays(code, { modules })).toEqual({ written: result, inPlace: result, copy: result });
  });
});

describe('Code that is not a call of Flame', () => {
  it.each(untouched)('behaves as before: %s', async (_, code, result) => {
    const { written, inPlace } = await threeWays(code);
    expect({ written, inPlace }).toEqual({ written: result, inPlace: result });
  });
});
