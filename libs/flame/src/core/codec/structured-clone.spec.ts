import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from './create-codec.js';

const codec = createCodec();

/** Every kind of value that `structuredClone` takes: ours must make of it what `structuredClone` makes. */
const table: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  'minus zero': () => -0,
  'minus zero inside': () => ({ list: [-0, 0], at: -0 }),
  NaN: () => NaN,
  Infinity: () => Infinity,
  '-Infinity': () => -Infinity,
  fractions: () => [0.1, -1.5, Math.PI, Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON],
  'integers at every boundary': () =>
    [5, 7, 8, 15, 16, 31, 32, 52, 53, 63, 64, 1023].flatMap((bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1].flatMap((n) => [n, -n])),
  'safe integers': () => [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  bigint: () => [0n, 1n, -1n, 127n, 2n ** 53n],
  'bigints at every boundary': () =>
    [31n, 32n, 63n, 64n, 65n, 127n, 128n].flatMap((b) => [2n ** b - 1n, 2n ** b, -(2n ** b), -(2n ** b) - 1n]),
  'a huge bigint': () => [3n ** 5_000n, -(3n ** 5_000n), 7n ** 60_000n],
  'empty string': () => '',
  'ASCII strings of all header sizes': () => [1, 31, 32, 63, 64, 65, 255, 256, 65_535, 65_536].map((length) => 'x'.repeat(length)),
  'other strings of all header sizes': () => [1, 10, 11, 15, 16, 31, 32, 64, 85, 86, 21_845, 21_846].map((length) => '€'.repeat(length)),
  emoji: () => ['👩‍👩‍👧‍👦', '🎬'.repeat(40), 'a🎬b'],
  'lone surrogates': () => ['\ud800', 'a\udc00b', `${'x'.repeat(200)}\ud83d`, '\udc00\ud800'],
  'a byte-order mark': () => ['\ufeff', '\ufeffabc', `\ufeff${'x'.repeat(100)}`, `a\ufeff`],
  'control characters': () => '\u0000\u0001\u007f\u0080\u2028\uffff\ufffd',
  'a long string': () => 'long '.repeat(300_000),
  'empty array': () => [],
  'empty object': () => ({}),
  arrays: () => [1, [2, [3, []]], ['a']],
  'arrays of all header sizes': () => [15, 16, 65_535, 65_536].map((length) => Array.from({ length }, (_, i) => i)),
  'a very large array': () => Array.from({ length: 300_000 }, (_, i) => i * 1.5),
  'objects of all header sizes': () =>
    [15, 16, 65_535, 65_536].map((size) => Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, i]))),
  'undefined inside': () => ({ a: undefined, b: [undefined, null, undefined] }),
  'a missing property': () => [{ a: undefined }, {}],
  holes: () => [, 1, , , 2, ,], // oxlint-disable-line no-sparse-arrays
  'only holes': () => new Array(7),
  'a hole beside undefined': () => [undefined, , undefined], // oxlint-disable-line no-sparse-arrays
  'a huge sparse array': () => Object.assign([], { 4_000_000_000: 'far', length: 2 ** 32 - 1 }),
  'an array with named properties': () => Object.assign(['a', 'b'], { extra: 1, 'not an index': [2], '-1': 3 }),
  'as many holes as named properties': () => Object.assign([1, , undefined], { extra: undefined }), // oxlint-disable-line no-sparse-arrays
  'a match of a regular expression': () => /(?<year>\d+)-(x)?/.exec('on 2024-'),
  'an array subclass': () => class_.List.from([1, 2, 3]),
  'numeric keys': () => ({ 2: 'b', 1: 'a', '01': 'c', '-0': 'd', '1.5': 'e', 4294967296: 'f' }),
  'keys of all sorts': () => ({ '': 1, ' ': 2, 'a.b': 3, ключ: 4, '🎬': 5, ['k'.repeat(300)]: 6 }),
  'keys with lone surrogates': () => ({ '\ud800': 1, ok: { '\udc00x': -0 } }),
  '__proto__ as own key': () => JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":1}}'),
  'constructor, prototype and toString as keys': () => ({ constructor: 1, prototype: {}, toString: 'x', hasOwnProperty: 0, valueOf: null }),
  'constructor as key of an object': () => ({ constructor: { name: 'Map' }, length: 3 }),
  'toJSON as data': () => ({ toJSON: 1, date: Object.assign(new Date(5), { toJSON: 1 }) }),
  'toJSON and constructor as data': () => [{ constructor: 1, toJSON: 1 }, Object.assign(Object.create(null), { toJSON: 2 })],
  'null prototype': () => Object.assign(Object.create(null), { a: 1, b: { c: 2 } }),
  'a null prototype, empty': () => Object.create(null),
  getters: () => ({
    get a() {
      return 1;
    },
    get b() {
      return new Map([[1, { c: -0 }]]);
    },
  }),
  'inherited properties': () => Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true }, hidden: { value: 3 } }),
  'symbol keys': () => ({ [Symbol('s')]: 1, [Symbol.toStringTag]: 'X', a: 1 }),
  'an instance of a class that only holds data': () => new class_.Video('a', new class_.Video('b')),
  Date: () =>
    [0, 1, -1, 999, 1e3, 1_234_567_890_123, -1_234_567_890_123, 2 ** 32 * 1e3, 2 ** 34 * 1e3 + 7, 8.64e15, -8.64e15].map(
      (ms) => new Date(ms),
    ),
  'a Date subclass': () => new class_.Day(86_400_000),
  RegExp: () => [/a/, /a\/b[/]"'\n/dgimsuy, new RegExp(''), new RegExp('[\\p{L}--[a-z]]', 'v')],
  'a RegExp with lastIndex': () => Object.assign(/a/g, { lastIndex: 3 }),
  'empty Map and Set': () => [new Map(), new Set()],
  Map: () => new Map<unknown, unknown>([['a', 1], [1, 'a'], [NaN, -0], [undefined, null], [null, undefined], [1n, true]]), // prettier-ignore
  'a Map with objects as keys': () => new Map<unknown, unknown>([[{ a: 1 }, [2]], [[3], new Map([[new Date(4), new Set([5])]])]]), // prettier-ignore
  'a Map with text keys that UTF-8 loses': () => new Map([['\ud800', 1], ['__proto__', 2]]), // prettier-ignore
  'a large Map': () => new Map(Array.from({ length: 150_000 }, (_, i) => [i, `v${i}`])),
  Set: () => new Set<unknown>([1, 'a', NaN, undefined, null, -0, { b: 1 }, new Set([2])]),
  'a large Set': () => new Set(Array.from({ length: 150_000 }, (_, i) => i)),
  'a Map subclass': () => new class_.Index([['a', 1]]),
  'boxed primitives': () => [Object(1), Object(-0), Object('text'), Object(''), Object(true), Object(false), Object(10n), Object('\ud800')],
  ArrayBuffer: () => [new ArrayBuffer(0), new Uint8Array([1, 2, 3]).buffer],
  'typed arrays': () => [
    new Int8Array([-1, 2]),
    new Uint8Array([1, 255]),
    new Uint8ClampedArray([1, 255]),
    new Int16Array([-1, 300]),
    new Uint16Array([1, 65_535]),
    new Int32Array([-1, 70_000]),
    new Uint32Array([1, 2 ** 32 - 1]),
    new Float32Array([0.5, -0, NaN]),
    new Float64Array([0.1, -0, Infinity]),
    new BigInt64Array([-1n, 2n ** 62n]),
    new BigUint64Array([1n, 2n ** 64n - 1n]),
  ],
  'empty typed arrays': () => [new Uint8Array(0), new Float64Array(0), new DataView(new ArrayBuffer(0))],
  DataView: () => new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
  'views with an offset': () => [
    new Uint8Array(new Uint8Array([1, 2, 3, 4, 5]).buffer, 3, 1),
    new Float64Array(new ArrayBuffer(64), 24, 2),
  ],
  'views of one memory': () => {
    const memory = new Uint8Array(32).map((_, i) => i).buffer;
    return { bytes: new Uint8Array(memory, 3, 5), words: new Uint16Array(memory, 16, 4), all: memory };
  },
  'a cycle': () => {
    const self: Record<string, unknown> = { a: 1 };
    self['self'] = self;
    return self;
  },
  'a cycle through everything': () => {
    const map = new Map<unknown, unknown>();
    const set = new Set<unknown>([map]);
    const list = Object.assign([map, set], { list: set });
    return map.set('set', set).set(set, list).set('list', list).set(map, map);
  },
  'a cycle of arrays': () => {
    const list: unknown[] = [];
    list.push(list, [list]);
    return list;
  },
  'shared objects': () => {
    const shared = { a: 1 };
    return { first: shared, second: [shared, [shared]], third: new Map([[shared, shared]]) };
  },
  'shared dates, bytes, patterns, boxes': () => {
    const [date, bytes, pattern, box, memory] = [new Date(1), new Uint8Array([1]), /x/, Object('s'), new ArrayBuffer(2)];
    return [date, bytes, pattern, box, memory, memory, box, pattern, bytes, date];
  },
  'equal but separate objects': () => [{ a: 1 }, { a: 1 }, [], []],
  'an Error': () => new Error('broken'),
  'an Error without message': () => new Error(),
  'an Error with cause': () => new Error('outer', { cause: new TypeError('inner', { cause: { code: 1, of: [-0] } }) }),
  'built-in errors': () => [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => new type('of its kind')),
  'everything together': () => ({
    list: [new Map([[1, { at: new Date(3), by: new Set(['x', -0]) }]]), 'x\ud800'],
    none: undefined,
    big: [1n],
  }),
};

const class_ = {
  List: class extends Array<number> {},
  Index: class extends Map<string, number> {},
  Day: class extends Date {},
  Video: class {
    size = 1;
    constructor(
      readonly name: string,
      readonly next?: unknown,
    ) {}
  },
};

describe('createCodec', () => {
  it('is tested with at least sixty kinds of value', () => {
    expect(Object.keys(table).length).toBeGreaterThanOrEqual(60);
  });

  it.each(Object.entries(table))('copies like structuredClone: %s', (_, make) => {
    const value = make();
    const decoded = codec.decode(codec.encode(value));
    const clone = structuredClone(value);
    expect(isDeepStrictEqual(decoded, clone), explain(decoded, clone)).toBe(true);
    expect(identities(decoded)).toEqual(identities(clone));
  });

  it('keeps an invalid Date, which isDeepStrictEqual of Node 20 considers unequal to itself', () => {
    const { at } = codec.decode(codec.encode({ at: new Date(NaN) })) as { at: Date };
    expect(at).toBeInstanceOf(Date);
    expect(at.getTime()).toBeNaN();
  });

  it('copies random values like structuredClone', () => {
    const anything = fc.anything({
      maxDepth: 4,
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      withUnicodeString: true,
    } as fc.ObjectConstraints);
    fc.assert(
      fc.property(anything, (value) => {
        const clone = structuredClone(value);
        // An invalid date equals no other; it has a test of its own.
        fc.pre(isDeepStrictEqual(structuredClone(value), clone));
        const decoded = codec.decode(codec.encode(value));
        return isDeepStrictEqual(decoded, clone) && isDeepStrictEqual(identities(decoded), identities(clone));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Which objects of a value are one and the same: the number of each, in the order of a walk. */
function identities(root: unknown): number[] {
  const numbers = new Map<object, number>();
  const walk: number[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const known = numbers.get(value);
    walk.push(known ?? numbers.size);
    if (known !== undefined) return;
    numbers.set(value, numbers.size);
    if (value instanceof Map) for (const entry of value) entry.forEach(visit);
    else if (value instanceof Set) value.forEach(visit);
    else if (!ArrayBuffer.isView(value)) Object.values(value).forEach(visit);
    if (value instanceof Error) visit(value.cause);
  };
  visit(root);
  return walk;
}

function explain(decoded: unknown, clone: unknown): string {
  try {
    expect(decoded).toStrictEqual(clone);
    return 'differs in a way that toStrictEqual does not see';
  } catch (error) {
    return (error as Error).message.slice(0, 500);
  }
}
