import { addExtension } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { MalformedError, UnencodableError } from './codec.js';
import { createCodec } from './create-codec.js';

class Point {
  readonly secret?: string;
  constructor(
    public x: number,
    public next?: Point,
  ) {}
  get sum(): number {
    return this.x + (this.next?.sum ?? 0);
  }
}

class Money {
  #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents() {
    return this.#cents;
  }
}

const money = {
  type: Money,
  encode: (value: Money) => ({ cents: value.cents }),
  decode: (wire: { cents: number }) => new Money(wire.cents),
};
const codec = createCodec({ classes: [{ type: Point }, money] });
const cross = (value: unknown): unknown => codec.decode(codec.encode(value));

describe('createCodec', () => {
  it('keeps Buffers as Buffers, also empty ones and parts of a pool', () => {
    const pooled = Buffer.from('some text');
    const arrived = cross([pooled, Buffer.alloc(0), pooled, pooled.subarray(5), Buffer.alloc(70_000, 7)]) as Buffer[];
    expect(arrived.every(Buffer.isBuffer)).toBe(true);
    expect(arrived.map(String)).toEqual(['some text', '', 'some text', 'text', '\u0007'.repeat(70_000)]);
    expect(arrived[0]).toBe(arrived[2]);
    expect(cross(Buffer.from('root'))).toEqual(Buffer.from('root'));
  });

  it('decodes bytes into separate memory', () => {
    const message = Buffer.from(
      codec.encode({ buffer: Buffer.from('abc'), typed: new Uint8Array([1, 2, 3]), words: new Uint16Array([1, 2]) }),
    );
    const first = codec.decode(message) as { buffer: Buffer; typed: Uint8Array; words: Uint16Array };
    first.buffer.fill(0);
    first.typed.fill(0);
    expect(codec.decode(message)).toEqual({ buffer: Buffer.from('abc'), typed: new Uint8Array([1, 2, 3]), words: new Uint16Array([1, 2]) });
    message.fill(0);
    expect(first.words).toEqual(new Uint16Array([1, 2]));
    expect(first.buffer.buffer.byteLength).toBe(3);
  });

  it('copies nothing of the memory around a view', () => {
    const pool = Buffer.from('secret before the view, its own content, secret after it');
    const bytes = codec.encode(new Uint8Array(pool.buffer, pool.byteOffset + 24, 15));
    expect(Buffer.from(bytes).includes('its own content')).toBe(true);
    expect(Buffer.from(bytes).toString()).not.toMatch(/secret/);
    expect(Buffer.from(cross(new Uint8Array(pool.buffer, pool.byteOffset + 24, 15)) as Uint8Array).toString()).toBe('its own content');
  });

  it('keeps views of one memory sharing it on the other side', () => {
    const memory = new ArrayBuffer(64);
    const [whole, part] = cross([new Uint8Array(memory, 9, 20), new Float32Array(memory, 12, 2)]) as [Uint8Array, Float32Array];
    part[1] = 1.5;
    expect(whole.buffer).toBe(part.buffer);
    expect(new Float32Array(whole.slice(7, 11).buffer)[0]).toBe(1.5);
  });

  it('copies the whole range that several views cover, regardless of their order', () => {
    const memory = Uint8Array.from({ length: 64 }, (_, i) => i).buffer;
    const views = [
      new Uint8Array(memory, 30, 2),
      new Uint8Array(memory, 9, 3),
      new Uint8Array(memory, 50, 4),
      new Uint8Array(memory, 40, 1),
    ];
    expect(cross(views)).toEqual(views);
  });

  it('decodes Buffers also from messages that are plain Uint8Arrays', () => {
    const message = Uint8Array.from(codec.encode({ buffer: Buffer.from('abc'), typed: new Uint8Array([1]) }));
    const arrived = codec.decode(message) as { buffer: Buffer; typed: Uint8Array };
    expect(Buffer.isBuffer(arrived.buffer)).toBe(true);
    expect(Object.getPrototypeOf(arrived.typed)).toBe(Uint8Array.prototype);
  });

  it('is not affected by extensions that the application registers with msgpackr', () => {
    class List extends Array<number> {}
    addExtension({ Class: List, type: 0x63, write: () => 'hijacked', read: () => 'hijacked' });
    addExtension({ Class: Point, type: 0x64, write: () => 'hijacked', read: () => 'hijacked' });
    expect(cross([List.from([1, 2]), new Point(1)])).toEqual([[1, 2], new Point(1)]);
  });

  it('copies URLs and their parameters', () => {
    const url = new URL('https://user@example.com:8080/a?b=c#d');
    const arrived = cross([url, url, new URLSearchParams('a=1&a=2')]) as [URL, URL, URLSearchParams];
    expect(arrived[0]).toBeInstanceOf(URL);
    expect(arrived[0].href).toBe(url.href);
    expect(arrived[1]).toBe(arrived[0]);
    expect(arrived[2].getAll('a')).toEqual(['1', '2']);
  });

  it('copies the arguments object as a plain object', () => {
    const take = function () {
      return arguments; // oxlint-disable-line prefer-rest-params
    } as (...args: unknown[]) => unknown;
    expect(cross(take(1, 'two'))).toStrictEqual({ 0: 1, 1: 'two' });
  });

  it('copies instances of registered classes with their properties', () => {
    const point = new Point(1, new Point(2));
    point.next!.next = point;
    const arrived = cross({ point }) as { point: Point };
    expect(arrived.point).toBeInstanceOf(Point);
    expect(arrived.point.next).toBeInstanceOf(Point);
    expect(arrived.point.next!.next).toBe(arrived.point);
    expect(Object.keys(arrived.point)).toEqual(Object.keys(point));
  });

  it('defines properties as data if the class has a setter', () => {
    class Guarded {
      set value(_: number) {
        throw new Error('the setter ran');
      }
    }
    const guarded = Object.defineProperty(new Guarded(), 'value', { value: 3, enumerable: true });
    const arrived = createCodec({ classes: [{ type: Guarded }] });
    expect(arrived.decode(arrived.encode(guarded))).toHaveProperty('value', 3);
  });

  it('copies instances of registered classes by their encode and decode', () => {
    const price = new Money(5);
    const [a, b] = cross([price, price]) as [Money, Money];
    expect(a).toBeInstanceOf(Money);
    expect(a.cents).toBe(5);
    expect(b).toBe(a);
  });

  it('refuses an instance whose encode returns the instance itself', () => {
    class Knot {}
    const knots = createCodec({ classes: [{ type: Knot, encode: (knot) => [knot], decode: Object }] });
    expect(() => knots.encode({ knot: new Knot() })).toThrow(/^knot\[0\]: an object that contains itself and whose class has an `encode`/);
  });

  it('names the class if its encode throws', () => {
    const broken = createCodec({
      classes: [
        {
          type: Money,
          encode: () => {
            throw new Error('no rate');
          },
          decode: Object,
        },
      ],
    });
    expect(() => broken.encode([new Money(1)])).toThrow(/^\[0\]: a Money whose `encode` threw \(no rate\) cannot cross/);
  });

  it('names the class that the other side has not registered', () => {
    expect(() => createCodec().decode(codec.encode(new Point(1)))).toThrow(
      /the class Point is not registered here: register it on both sides/,
    );
  });

  it('passes values that it cannot encode to replace, once each, and placeholders to materialize', () => {
    const { signal } = new AbortController();
    const dto = new (class Dto {
      id = 1;
    })();
    const iterable = { async *[Symbol.asyncIterator]() {} };
    const asked: object[] = [];
    const replace = (value: object): number | undefined => {
      asked.push(value);
      return value === dto ? undefined : asked.length;
    };
    const bytes = codec.encode(
      [signal, { again: signal }, dto, new Map([['it', iterable]]), new Date(0), /x/, new URL('a:b'), {}],
      replace,
    );
    expect(asked).toEqual([signal, dto, iterable]);
    const materialized = codec.decode(bytes, (index) => ({ materialized: index })) as unknown[];
    expect(materialized.slice(0, 4)).toEqual([
      { materialized: 1 },
      { again: { materialized: 1 } },
      { id: 1 },
      new Map([['it', { materialized: 3 }]]),
    ]);
    expect((materialized[1] as { again: unknown }).again).toBe(materialized[0]);
    expect(() => codec.decode(bytes)).toThrow(MalformedError);
  });

  it('copies the value that replace returns beside its number, including cycles and shared values', () => {
    const shared = { deep: new Map([[1, -0]]) };
    const { signal } = new AbortController();
    const bytes = codec.encode([shared, signal, shared], () => ({ number: 7, beside: { shared, why: new RangeError('far') } }));
    const materialized = codec.decode(bytes, (number, beside) => ({ number, beside })) as unknown[];
    expect(materialized).toStrictEqual([shared, { number: 7, beside: { shared, why: new RangeError('far') } }, shared]);
    expect((materialized[1] as { beside: typeof shared & { shared: unknown } }).beside.shared).toBe(materialized[0]);
    expect(() => codec.encode([signal], (self) => ({ number: 7, beside: { self } }))).toThrow(/contains itself/);
  });

  it('makes every message self-contained', () => {
    const rows = Array.from({ length: 50 }, (_, id) => ({ id, name: `n${id}` }));
    const messages = rows.map((row) => codec.encode(row));
    const other = createCodec();
    for (const index of [49, 3, 20]) expect(other.decode(messages[index]!)).toEqual(rows[index]);
  });

  it('may be used by a getter during encoding', () => {
    const inner: Uint8Array[] = [];
    const outer = {
      a: 'x'.repeat(5_000),
      get b() {
        inner.push(codec.encode({ big: 'y'.repeat(50_000), map: new Map([[1, -0]]) }));
        return codec.decode(inner.at(-1)!);
      },
      c: [-0, 'z'],
    };
    const expected = { big: 'y'.repeat(50_000), map: new Map([[1, -0]]) };
    expect(cross(outer)).toStrictEqual({ a: 'x'.repeat(5_000), b: expected, c: [-0, 'z'] });
    for (const bytes of inner) expect(codec.decode(bytes)).toStrictEqual(expected);
  });

  it('does not change encoded bytes when it encodes more, also large messages', async () => {
    const messages: Uint8Array[] = [];
    for (let i = 0; i < 40; i++) {
      messages.push(codec.encode({ i, text: String(i).repeat(i % 10 === 0 ? 1_000_000 : 100) }));
      await Promise.resolve();
    }
    messages.forEach((bytes, i) => expect(codec.decode(bytes)).toEqual({ i, text: String(i).repeat(i % 10 === 0 ? 1_000_000 : 100) }));
  });

  it('does not keep the memory of a large message for later small ones', async () => {
    codec.encode(Buffer.alloc(4 << 20));
    await Promise.resolve();
    expect(codec.encode('small').buffer.byteLength).toBeLessThan(1 << 16);
  });

  it('does not change the value that it encodes', () => {
    const value = Object.freeze({ list: Object.freeze([-0, Object.freeze(new Map([[1, 2]])), , 1]), at: new Date(1) }); // oxlint-disable-line no-sparse-arrays
    expect(cross(value)).toStrictEqual({ list: [-0, new Map([[1, 2]]), , 1], at: new Date(1) }); // oxlint-disable-line no-sparse-arrays
  });

  it('passes on an error that the application throws in replace', () => {
    const broken = (): never => {
      throw new Error('mine');
    };
    expect(() => codec.encode([new AbortController().signal], broken)).toThrow('mine');
    expect(() => codec.encode([new AbortController().signal])).toThrow(UnencodableError);
  });
});
