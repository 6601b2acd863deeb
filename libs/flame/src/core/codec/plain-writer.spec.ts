import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { createCodec } from './create-codec.js';
import { notPlain, readPlain } from './plain-reader.js';
import { isPlainKey, isPlainText, PlainWriter } from './plain-writer.js';
import { scan } from './scan.js';

const full = new Packr({ useRecords: false, variableMapSize: true, useBigIntExtension: true, copyBuffers: true });

/** What `PlainWriter` takes; -0 is not among it. */
const primitive = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    1,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    -1,
    0.5,
    NaN,
    Infinity,
    '',
    'ä',
    'a\u0000b',
  ),
  fc.double().filter((number) => !Object.is(number, -0)),
  fc.integer(),
  fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => text.isWellFormed() && !text.startsWith('\ufeff')),
);
const buffer = fc
  .oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(40_000).map((size) => new Uint8Array(size).fill(size)),
  )
  .map((bytes) => Buffer.from(bytes));
const key = fc.string({ maxLength: 12 }).filter((name) => name !== '__proto__');
const plain = fc.oneof(
  primitive,
  fc.constant(undefined),
  fc.array(primitive, { maxLength: 15 }),
  fc.dictionary(key, fc.oneof(primitive, fc.constant(undefined)), { maxKeys: 15, noNullPrototype: true }),
  fc.tuple(buffer, fc.array(primitive, { maxLength: 14 })).map(([one, others]) => [...others.slice(3), one, ...others.slice(0, 3)]),
  buffer,
);

describe('PlainWriter', () => {
  it('writes bytes that the full decoder and the plain reader read as the same value', () => {
    const writer = new PlainWriter();
    fc.assert(
      fc.property(plain, (value) => {
        const bytes = writer.write(value);
        expect(bytes).toBeDefined();
        expect(scan(bytes!, 1)).toBe(false);
        expect(isDeepStrictEqual(full.unpack(bytes!), value)).toBe(true);
        expect(isDeepStrictEqual(readPlain(bytes!), value)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['-0', -0],
    ['-0 in an array', [-0]],
    ['a big integer', 1n],
    ['half of a surrogate pair', '\ud800'],
    ['text that begins with a byte-order mark', { text: '\ufeffa' }],
    ['a key that decoders rename', JSON.parse('{ "__proto__": 1 }')],
    ['what is nested', [[1]]],
    ['a hole', [1, , 2]], // oxlint-disable-line no-sparse-arrays
    ['a hole beside a named property', Object.assign([1, , 2], { name: 1 })], // oxlint-disable-line no-sparse-arrays
    ['an array of a subclass', new (class extends Array<number> {})(3)],
    ['what only inherits from Array', Object.create(Array.prototype)],
    ['an async iterable', { [Symbol.asyncIterator]: 1 }],
    ['a function', { run: () => 1 }],
    [
      'an instance',
      new (class Point {
        x = 1;
      })(),
    ],
    ['a Date', new Date(0)],
    ['long text', 'a'.repeat(1_000)],
    ['many items', Array.from({ length: 16 }, () => 1)],
    ['a second Buffer', [Buffer.from('a'), Buffer.from('a')]],
    ['a getter that throws', Object.defineProperty({}, 'name', { enumerable: true, get: () => expect.fail('looked at') })],
  ])('leaves %s to the full encoder', (_, value: unknown) => {
    expect(new PlainWriter().write(value)).toBeUndefined();
  });

  it('may be used again by a getter during encoding', () => {
    const codec = createCodec();
    const inner: Uint8Array[] = [];
    const value = {
      before: 1,
      get made() {
        for (let i = 0; i < 3_000; i++) inner.push(codec.encode('inner and more'));
        return 2;
      },
      after: 3,
    };
    expect(codec.decode(codec.encode(value))).toEqual({ before: 1, made: 2, after: 3 });
    expect(inner.every((bytes) => codec.decode(bytes) === 'inner and more')).toBe(true);
  });

  it('does not reuse bytes that it has returned', () => {
    const writer = new PlainWriter();
    const given = Array.from({ length: 20_000 }, (_, i) => writer.write([i, String(i)])!);
    expect(given.every((bytes, i) => (readPlain(bytes) as unknown[])[1] === String(i))).toBe(true);
  });
});

describe('readPlain', () => {
  it('reads nothing from bytes that are truncated or followed by others', () => {
    const writer = new PlainWriter();
    fc.assert(
      fc.property(plain, fc.nat(), (value, at) => {
        const bytes = writer.write(value)!;
        expect(readPlain(bytes.subarray(0, at % bytes.length))).toBe(notPlain);
        expect(readPlain(Buffer.concat([bytes, Buffer.from([at & 0xff])]))).toBe(notPlain);
      }),
    );
  });

  it('agrees with the full decoder on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), (bytes) => {
        const value = readPlain(Buffer.from(bytes));
        if (value === notPlain) return;
        expect(scan(bytes, 1)).toBe(false);
        expect(full.unpack(Buffer.from(bytes))).toStrictEqual(value);
      }),
      { numRuns: 20_000 },
    );
  });

  it('copies Buffers into separate memory', () => {
    const bytes = new PlainWriter().write(Buffer.from('own'))!;
    const read = readPlain(bytes);
    bytes.fill(0);
    expect(read).toEqual(Buffer.from('own'));
  });

  it("lets a large Buffer keep the message's memory, if it fills most of it", () => {
    const bytes = new PlainWriter().write(Buffer.alloc(100_000, 'own'))!;
    expect((readPlain(bytes) as Buffer).buffer).toBe(bytes.buffer);
    const within = Buffer.concat([Buffer.alloc(400_000), bytes]);
    expect((readPlain(within.subarray(400_000)) as Buffer).buffer).not.toBe(within.buffer);
  });
});

describe('isPlainText', () => {
  it.each([
    ['', true],
    ['text', true],
    ['a🎬b', true],
    ['a\ufeff', true],
    ['\ufefftext', false],
    ['\ud83c', false],
    ['\udfac\ud83c', false],
  ])('returns for %j: %s', (text, plain) => {
    expect(isPlainText(text)).toBe(plain);
  });
});

describe('isPlainKey', () => {
  it.each([
    ['constructor', true],
    ['__proto_', true],
    ['__proto__', false],
    ['\ud83c', false],
  ])('returns for %j: %s', (key, plain) => {
    expect(isPlainKey(key)).toBe(plain);
  });
});
