import { C1, pack, Packr } from 'msgpackr';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from './codec.js';
import { createCodec } from './create-codec.js';
import { mark } from './marks.js';
import { scan } from './scan.js';

class Point {
  x = 1;
}
const codec = createCodec({ classes: [{ type: Point }] });

describe('scan', () => {
  it.each([
    ['nothing', [], /the bytes end early/],
    ['a value cut short', [0x92, 0x91, 0xa0], /the bytes end early/],
    ['bytes after the value', [1, 2], /bytes after the value/],
    ['an array of four billion items', [0xdd, 0xff, 0xff, 0xff, 0xff], /more items than bytes/],
    ['a map of four billion entries', [0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 0x61], /more items than bytes/],
    ['a string of four gigabytes', [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61], /a length beyond the end/],
    ['bytes beyond the end', [0xc4, 5, 1], /a length beyond the end/],
    ['a header cut short', [0xcd], /a length beyond the end/],
    ['a length cut short', [0xda, 1], /a length beyond the end/],
    ['a number as key', [0x81, 1, 1], /a key that is not a string/],
    ['an array as key', [0x82, 0xa1, 0x61, 1, 0x90, 1], /a key that is not a string/],
    ['a mark outside an array', [0xc1], /a mark out of place/],
    ['a mark in a later place', [0x92, 1, 0xc1], /a mark out of place/],
    ['a mark after an empty array', [0x92, 0x90, 0xc1], /a mark out of place/],
    ['a record definition of msgpackr', [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1], /extension 114/],
    ['an error of msgpackr', [0xd4, 0x65, 0, 0x93, 1, 2, 3], /extension 101/],
    ['a pointer of msgpackr', [0xd6, 0x70, 0, 0, 0, 1], /extension 112/],
    ['bundled strings of msgpackr', [0xd6, 0x62, 0, 0, 0, 1, 0xa0, 0xa0], /extension 98/],
    ['a date of an odd size', [0xd5, 0xff, 0, 0], /0xd5/],
    ['an empty big integer', [0xc7, 0, 0x42], /extension 66 of 0 bytes/],
    ['a 32-bit float', [0xca, 0, 0, 0, 0], /0xca/],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => scan(Uint8Array.from(bytes), 10)).toThrow(MalformedError);
    expect(() => scan(Uint8Array.from(bytes), 10)).toThrow(reason);
    expect(() => codec.decode(Uint8Array.from(bytes))).toThrow(MalformedError);
  });

  it('refuses values nested deeper than maxDepth', () => {
    const nested = (levels: number) => Uint8Array.from([...Array<number>(levels).fill(0x91), 1]);
    expect(scan(nested(10), 10)).toBe(false);
    expect(() => scan(nested(11), 10)).toThrow(/nested deeper than 10/);
    expect(() => codec.decode(nested(1_000_000))).toThrow(MalformedError);
  });

  it('reports whether there are marks', () => {
    expect(scan(codec.encode([1, 'a', new Date(0), 5n, undefined, { a: [] }]), 10)).toBe(false);
    expect(scan(codec.encode([1, { a: [-0] }]), 10)).toBe(true);
  });
});

/** Messages that hold every kind of mark. */
const samples = [
  ['abc', 5],
  {
    id: 'x',
    list: [1.5, -1, 2 ** 40, 300, 70_000, -300, -70_000],
    text: 'y'.repeat(300),
    none: undefined,
    big: [1n, 2n ** 200n],
    at: new Date(5),
  },
  [-0, '\ud800', JSON.parse('{"__proto__":1}'), [1, , 2], new Map([[{}, new Set([1])]]), /x/g, Object(1)], // oxlint-disable-line no-sparse-arrays
  [new Uint8Array([1, 2, 3]), new ArrayBuffer(4), new Float64Array(2), Buffer.from('abc'), new URL('a:b'), new Point()],
  Object.assign(new AggregateError([new TypeError('a')], 'b', { cause: new DOMException('c', 'AbortError') }), { code: 1 }),
  (() => {
    const shared = { a: [1] };
    return [shared, shared, new Map([[shared, shared]])];
  })(),
].map((value) => Buffer.from(codec.encode(value)));

/** Decodes, and lets through only what the contract allows. */
function decodes(bytes: Uint8Array): boolean {
  try {
    const value = codec.decode(bytes);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    void value;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  return true;
}

describe('Codec.decode', () => {
  it('answers random bytes with a value or a MalformedError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodes), { numRuns: 20_000 });
  });

  it('answers mutated messages with a value or a MalformedError', () => {
    const edit = fc.record({ at: fc.nat(), to: fc.nat(255) });
    const mutated = fc.tuple(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 4 }), fc.option(fc.nat(), { freq: 5 }));
    fc.assert(
      fc.property(mutated, ([sample, edits, cut]) => {
        const bytes = Buffer.from(sample);
        for (const { at, to } of edits) bytes[at % bytes.length] = to;
        return decodes(cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
      }),
      { numRuns: 20_000 },
    );
  });

  it('answers every cut of a message with a MalformedError', () => {
    for (const sample of samples) {
      for (let length = 0; length < sample.length; length++) expect(() => codec.decode(sample.subarray(0, length))).toThrow(MalformedError);
    }
  });

  it('answers well-formed marks with nonsense in them with a value or a MalformedError', () => {
    const packr = new Packr({ useRecords: false });
    const leaf = fc.oneof(
      fc.nat(20),
      fc.constantFrom('Error', 'Point', 'URL', 'Uint8Array', 'message', '__proto__', Buffer.alloc(3)),
      fc.double(),
    );
    const { tree } = fc.letrec<{ tree: unknown; mark: unknown }>((tie) => ({
      tree: fc.oneof({ depthSize: 'small' }, leaf, tie('mark'), fc.array(tie('tree'), { maxLength: 4 })),
      mark: fc.tuple(fc.nat(17), fc.array(tie('tree'), { maxLength: 5 })).map(([kind, content]) => ['\u0000mark', kind, ...content]),
    }));
    const bytes = tree.map((value) => {
      const packed = Buffer.from(packr.pack(value));
      // A mark begins with 0xc1; the text that stands for it here has six bytes of its own.
      return Buffer.from(packed.toString('latin1').replaceAll('\xa5\u0000mark', '\xc1'), 'latin1');
    });
    let revived = 0;
    fc.assert(
      fc.property(bytes, (message) => {
        if (message.includes(0xc1) && isSound(message)) revived++;
        return decodes(message);
      }),
      { numRuns: 20_000 },
    );
    expect(revived).toBeGreaterThan(1_000);
  });

  it.each([
    ['a reference to what does not exist', [C1, mark.ref, 3], /object 3 does not exist yet/],
    ['a reference to an object whose class still decodes', [C1, mark.encoded, 'Raw', [C1, mark.ref, 0]], /object 0 does not exist yet/],
    ['a class without decode', [C1, mark.encoded, 'Point', 1], /Point has no `decode`/],
    ['a class that nobody registered', [C1, mark.instance, 'Evil', 'a', 1], /the class Evil is not registered here/],
    ['an unknown mark', [C1, 99], /mark 99 is not known here/],
    ['a root inside', [[C1, mark.root, 1]], /mark 15 is not known here/],
    ['memory that did not come', [C1, mark.view, 'Uint8Array', 0, 0, 1], /memory that did not come/],
    ['a view beyond its memory', [C1, mark.root, [C1, mark.view, 'Uint8Array', 0, 0, 9], 0, Buffer.alloc(8)], /Invalid typed array length/],
    ['a view of another kind', [C1, mark.root, [C1, mark.view, 'Function', 0, 0, 1], 0, Buffer.alloc(8)], /Function is not known here/],
    ['an index beyond its array', [C1, mark.array, 2, '5', 1], /an index beyond its array/],
    ['a length that is none', [C1, mark.array, -1], /a count expected/],
    ['text that is no bytes', [C1, mark.text, 'x'], /bytes expected/],
    ['a pattern that is none', [C1, mark.regExp, '(', ''], /Invalid regular expression/],
  ])('refuses %s', (_, forged, reason) => {
    const raw = createCodec({ classes: [{ type: Point }, { type: class Raw {}, encode: Object, decode: (wire) => wire }] });
    expect(() => raw.decode(pack(forged))).toThrow(MalformedError);
    expect(() => raw.decode(pack(forged))).toThrow(reason);
  });

  it('sets no prototype and does not change any', () => {
    const packr = new Packr({ useRecords: false });
    // The keys as the other side would write them, had it no scruples.
    const hostile = packr.pack({ ['__proto_x']: { polluted: 1 }, constructor: { prototype: { polluted: 1 } } });
    const bytes = Buffer.from(hostile.toString('latin1').replace('__proto_x', '__proto__'), 'latin1');
    const value = codec.decode(bytes) as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(value, 'constructor')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('keeps a huge sparse array small', () => {
    const bytes = codec.encode(Array.from({ length: 8 }, () => Object.assign([], { 29_999_999: 'far' })));
    const before = process.memoryUsage().rss;
    expect(codec.decode(bytes)).toHaveLength(8);
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
  });
});

function isSound(message: Uint8Array): boolean {
  try {
    return scan(message, 2_000);
  } catch {
    return false;
  }
}
