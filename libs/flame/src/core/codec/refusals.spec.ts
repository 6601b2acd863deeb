import { createHmac, generateKeyPairSync } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { UnencodableError } from './codec.js';
import { createCodec } from './create-codec.js';

const codec = createCodec();

class Money {
  #amount = 5;
  get amount() {
    return this.#amount;
  }
}

class Query {
  where() {}
}
// oxlint-disable-next-line unicorn/no-thenable -- what it warns of is what is refused
Object.defineProperty(Query.prototype, 'then', { value: () => {} });

/** A value, the path that the refusal names, and words of its reason. */
const table: [what: string, make: () => unknown, path: string, reason: RegExp][] = [
  [
    'a function',
    () => [{ done: function callback() {} }],
    '[0].done',
    /^a function \(callback\) cannot cross to another process: pass data/,
  ],
  ['a function alone', () => () => 1, '', /^a function cannot cross/],
  ['a class', () => ({ type: Money }), 'type', /^a function \(Money\)/],
  ['a symbol', () => [1, Symbol('mine')], '[1]', /^a symbol, Symbol\(mine\), .*string/],
  ['a boxed symbol', () => [Object(Symbol('mine'))], '[0]', /^a symbol/],
  ['a promise', () => ({ later: Promise.resolve(1) }), 'later', /^a Promise .*await it/],
  ['a thenable', () => new Query(), '', /^a Query .*await it/],
  ['a WeakMap', () => [new WeakMap()], '[0]', /^a WeakMap .*Map/],
  ['a WeakSet', () => [new WeakSet()], '[0]', /^a WeakSet/],
  ['a WeakRef', () => [new WeakRef({})], '[0]', /^a WeakRef/],
  ['a generator', () => ({ ids: (function* () {})() }), 'ids', /collect what it yields into an array/], // prettier-ignore
  ['an async generator', () => [(async function* () {})()], '[0]', /collect what it yields/], // prettier-ignore
  ['a plain async iterable', () => [{ [Symbol.asyncIterator]: () => ({}) }], '[0]', /^an async iterable .*collect/],
  ['an iterator of a Map', () => [new Map().keys()], '[0]', /collect/],
  ['an Observable', () => [new Observable()], '[0]', /^an Observable .*lastValueFrom/],
  ['an EventEmitter', () => ({ a: { bus: new EventEmitter() } }), 'a.bus', /^an EventEmitter .*and open it on the other side/],
  ['a socket', () => [new Socket()], '[0]', /^a Socket .*read it first/],
  ['a stream', () => [Readable.from([])], '[0]', /^a Readable .*read it first/],
  ['a web stream', () => [new ReadableStream()], '[0]', /^a ReadableStream/],
  ['an AbortSignal', () => [{ signal: new AbortController().signal }], '[0].signal', /^an AbortSignal .*`signal` option/],
  ['an AbortController', () => [new AbortController()], '[0]', /^an AbortController/],
  ['a timer', () => [clearedTimer()], '[0]', /^a Timeout .*and open it on the other side/],
  ['a KeyObject', () => [generateKeyPairSync('ed25519').privateKey], '[0]', /KeyObject .*export/],
  ['a hash', () => [createHmac('sha256', 'k')], '[0]', /^an Hmac|^a Hmac/],
  ['shared memory', () => [new SharedArrayBuffer(1)], '[0]', /^a SharedArrayBuffer .*copy/],
  ['a view of shared memory', () => [new Uint8Array(new SharedArrayBuffer(1))], '[0]', /^a Uint8Array .*shared/],
  ['a detached ArrayBuffer', () => [detached()], '[0]', /^a detached ArrayBuffer/],
  ['a Blob', () => [new Blob(['x'])], '[0]', /^a Blob.* private/],
  ['a Headers', () => [new Headers()], '[0]', /^a Headers/],
  ['a Response', () => [new Response('x')], '[0]', /^a Response/],
  ['a formatter', () => [new Intl.NumberFormat()], '[0]', /^a NumberFormat/],
  [
    'an instance with private state',
    () => ({ price: new Money() }),
    'price',
    /^a Money, which has no properties of its own, .*register the class/,
  ],
  ['a getter that throws', () => [{ get a() { throw new Error('not now'); } }], '[0].a', /^a getter that throws \(not now\)/], // prettier-ignore
  [
    'a Proxy that throws',
    () => [new Proxy({}, { ownKeys: () => JSON.parse('{') as string[] })],
    '',
    /^it cannot be read .*: pass plain data/,
  ],
  ['a revoked Proxy', () => revoked(), '', /^it cannot be read .*revoked/],
  ['something in a Map', () => new Map([['id', { f() {} }]]), '.get("id").f'.slice(1), /function \(f\)/],
  ['a key of a Map', () => [new Map([[() => 1, 1]])], '[0].keys()[0]', /function/],
  ['something in a Set', () => [new Set([1, [() => 1]])], '[0].values()[1][0]', /function/],
  ['something in a class', () => [new (class A { b = { c: () => 1 }; })()], '[0].b.c', /function/], // prettier-ignore
  ['something in an error', () => [Object.assign(new Error('x'), { config: { retry: () => 1 } })], '[0].config.retry', /function/],
  ['something in a cause', () => new Error('x', { cause: [() => 1] }), 'cause[0]', /function/],
  ['something in a sparse array', () => [Object.assign([], { 3: () => 1 })], '[0]["3"]', /function/],
];

describe('Codec.encode', () => {
  it.each(table)('refuses %s', (_, make, path, reason) => {
    const error = thrownBy(() => codec.encode(make()));
    expect(error).toBeInstanceOf(UnencodableError);
    expect(error).toMatchObject({ path, reason: expect.stringMatching(reason) });
    expect((error as Error).message).toContain('cannot cross to another process: ');
  });

  it('refuses a FileHandle', async () => {
    const handle = await open(__filename);
    try {
      expect(() => codec.encode([{ file: { handle } }])).toThrow(/^\[0\]\.file\.handle: a FileHandle cannot cross/);
    } finally {
      await handle.close();
    }
  });

  it('refuses values that are nested too deep, without a stack overflow', () => {
    let value: unknown = 0;
    for (let i = 0; i < 10_000; i++) value = i % 2 ? [value] : { a: value };
    expect(() => codec.encode(value)).toThrow(/…\(\d+ more\)….*: a value nested deeper than 1000 levels cannot cross.*flat/);
  });

  it('accepts values nested as deep as maxDepth', () => {
    const shallow = createCodec({ maxDepth: 3 });
    expect(shallow.decode(shallow.encode([[[[1]]]]))).toEqual([[[[1]]]]);
    expect(() => shallow.encode([[[[[1]]]]])).toThrow('[0][0][0][0]: a value nested deeper than 3 levels');
  });

  it('accepts marks of every kind nested as deep as maxDepth', () => {
    let value: unknown = -0;
    for (let i = 0; i < 990; i++) value = [new Map([[value, 1]]), new Set([value]), new Error('x', { cause: value }), [value, , 1]][i % 4]; // oxlint-disable-line no-sparse-arrays
    expect(codec.decode(codec.encode(value))).toStrictEqual(value);
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

function clearedTimer(): NodeJS.Timeout {
  const timer = setTimeout(() => {}, 1);
  clearTimeout(timer);
  return timer;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}
