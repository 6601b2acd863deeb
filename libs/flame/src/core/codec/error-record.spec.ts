import { inspect, types } from 'node:util';
import vm from 'node:vm';
import { C1, pack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { FlameError } from '../errors/flame-error.js';
import { MalformedError, UnencodableError } from './codec.js';
import type { Codec } from './codec.js';
import { createCodec } from './create-codec.js';
import { mark } from './marks.js';

let constructed = 0;

class HttpError extends Error {
  constructor(
    private readonly response: string | object,
    private readonly status: number,
  ) {
    super('http');
    constructed++;
    this.name = this.constructor.name;
  }
  getStatus() {
    return this.status;
  }
  getResponse() {
    return this.response;
  }
}
class NotFound extends HttpError {
  constructor() {
    super({ statusCode: 404 }, 404);
  }
}
class Teapot extends HttpError {
  constructor() {
    super('short and stout', 418);
  }
}

const codec = createCodec({ classes: [{ type: HttpError }, { type: NotFound }] });
const cross = (value: unknown): unknown => codec.decode(codec.encode(value));
/** What some apps throw, which is no error. */
class Problem {
  status = 409;
  toResponse(): unknown {
    return { status: this.status };
  }
}

const rethrow = (thrown: unknown): unknown => codec.decodeThrown(codec.encodeThrown(thrown), 'runner 7f3a (pool ffmpeg)');

describe('errors that cross', () => {
  it('keep message, stack, cause and own properties', () => {
    const cause = Object.assign(new RangeError('inner'), { at: new Date(0) });
    const error = Object.assign(new TypeError('outer', { cause }), { code: 'E_X', details: [-0] });
    const arrived = cross(error) as TypeError & { details: unknown };
    expect(arrived).toBeInstanceOf(TypeError);
    expect(arrived).toMatchObject({ message: 'outer', stack: error.stack, code: 'E_X', name: 'TypeError' });
    expect(arrived.details).toStrictEqual([-0]);
    expect(arrived.cause).toStrictEqual(cause);
    expect(Object.keys(arrived)).toEqual(['code', 'details']);
    expect(types.isNativeError(arrived)).toBe(true);
    expect(inspect(arrived)).toBe(inspect(error));
  });

  it('keep the errors of an AggregateError', () => {
    const shared = new Error('a');
    const arrived = cross(new AggregateError([shared, shared, 'b'], 'all')) as AggregateError;
    expect(arrived).toBeInstanceOf(AggregateError);
    expect(arrived).toMatchObject({ message: 'all', errors: [{ message: 'a' }, { message: 'a' }, 'b'] });
    expect(arrived.errors[0]).toBe(arrived.errors[1]);
  });

  it.each([undefined, null, 0, '', false])('distinguish a cause of %j from no cause', (cause) => {
    expect(Object.getOwnPropertyDescriptor(cross(new Error('x', { cause })), 'cause')).toEqual({
      value: cause,
      configurable: true,
      enumerable: false,
      writable: true,
    });
    expect('cause' in (cross(new Error('x')) as Error)).toBe(false);
  });

  it('may contain themselves', () => {
    const error: Error & { self?: unknown } = new Error('loop');
    error.cause = error.self = error;
    const arrived = cross(error) as typeof error;
    expect(arrived.cause).toBe(arrived);
    expect(arrived.self).toBe(arrived);
  });

  it('are rebuilt as their registered class, without calling its constructor', () => {
    const error = new NotFound();
    const before = constructed;
    const arrived = cross(error) as NotFound;
    expect(constructed).toBe(before);
    expect(Object.getPrototypeOf(arrived)).toBe(NotFound.prototype);
    expect([arrived.getStatus(), arrived.getResponse(), arrived.name]).toEqual([404, { statusCode: 404 }, 'NotFound']);
    expect(Object.keys(arrived)).toEqual(Object.keys(error));
  });

  it('are rebuilt as the nearest registered class', () => {
    const arrived = cross(new Teapot()) as Teapot;
    expect(Object.getPrototypeOf(arrived)).toBe(HttpError.prototype);
    expect([arrived.getStatus(), arrived.name, arrived.message]).toEqual([418, 'Teapot', 'http']);
  });

  it('keep the name of an unregistered class', () => {
    class Unnamed extends Error {}
    class Named extends Error {
      override name = 'NamedError';
    }
    class Prototyped extends Error {}
    Object.defineProperty(Prototyped.prototype, 'name', { value: 'PrototypedError' });
    for (const [error, name] of [
      [new Unnamed('x'), 'Unnamed'],
      [new Named('x'), 'NamedError'],
      [new Prototyped('x'), 'PrototypedError'],
    ] as const) {
      // prettier-ignore
      const arrived = cross(error) as Error;
      expect(Object.getPrototypeOf(arrived)).toBe(Error.prototype);
      expect([arrived.name, arrived.message, arrived.stack]).toEqual([name, 'x', error.stack]);
    }
  });

  it('stay FlameErrors', () => {
    const arrived = cross(new FlameError('FLAME_LOST', 'gone', { ran: 'maybe' }));
    expect(arrived).toBeInstanceOf(FlameError);
    expect(arrived).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe', message: 'gone', name: 'FlameError' });
  });

  describe('of class FlameError, or of a subclass,', () => {
    class QuotaError extends FlameError {
      readonly limit = 3;
    }
    const registered = createCodec({ classes: [{ type: QuotaError }] });
    const rows: [string, Codec, FlameError][] = [
      ['FlameError', codec, new FlameError('FLAME_LOST', 'gone')],
      ['a registered subclass', registered, new QuotaError('FLAME_REFUSED', 'too many')],
      ['an unregistered subclass', codec, new QuotaError('FLAME_REFUSED', 'too many')],
    ];

    it.each(rows)('have their help on both sides, which is not sent: %s', (_, codec, error) => {
      const bytes = codec.encode(error);
      expect(Buffer.from(bytes).includes('errors.md')).toBe(false);
      const arrived = codec.decode(bytes) as FlameError;
      expect(arrived).toBeInstanceOf(FlameError);
      expect(arrived.help).toMatch(/errors\.md#flame_/);
      expect({ ...arrived }).toEqual({ ...error });
    });

    it('keep a help of their own', () => {
      const error = Object.assign(new FlameError('FLAME_LOST', 'gone'), { help: 'ask Ada' });
      expect((cross(error) as FlameError).help).toBe('ask Ada');
    });

    it('get none for a code that is no text', () => {
      const error = Object.assign(new FlameError('FLAME_LOST', 'gone'), { code: 7, help: undefined });
      expect(cross(error)).toMatchObject({ code: 7, help: undefined });
    });
  });

  it('stay DOMExceptions', () => {
    const error = new DOMException('too late', 'TimeoutError');
    const arrived = cross(error) as DOMException;
    expect(arrived).toBeInstanceOf(DOMException);
    expect([arrived.name, arrived.message, arrived.code, arrived.stack]).toEqual(['TimeoutError', 'too late', 23, error.stack]);
  });

  it('may come from another realm', () => {
    const foreign = vm.runInNewContext("Object.assign(new TypeError('over there'), { code: 7 })") as Error;
    expect(foreign).not.toBeInstanceOf(Error);
    expect(cross(foreign)).toMatchObject({ name: 'TypeError', message: 'over there', code: 7 });
    expect(cross(foreign)).toBeInstanceOf(TypeError);
  });

  it('arrive as the nearest class that can be made from properties', () => {
    class Aborted extends DOMException {}
    const arrived = cross(new Aborted('stopped', 'AbortError')) as Error;
    expect(Object.getPrototypeOf(arrived)).toBe(Error.prototype);
    expect([arrived.name, arrived.message]).toEqual(['AbortError', 'stopped']);
  });

  it('have no stack if they had none', () => {
    const error = new Error('x');
    delete error.stack;
    expect(Object.hasOwn(cross(error) as Error, 'stack')).toBe(false);
    expect(rethrow(error)).toMatchObject({ message: 'x' });
  });

  it.each([
    ['properties that errors do not hide', [C1, mark.error, 'Error', ['secret', 1], []], /a property that errors do not hide/],
    ['a class that is no error', [C1, mark.error, 'URL', [], []], /URL is no error/],
    ['a class that nobody registered', [C1, mark.error, 'Evil', [], []], /the class Evil is not registered here/],
    ['no properties', [C1, mark.error, 'Error', 1, 2], /an error without its properties/],
  ])('cannot contain %s', (_, forged, reason) => {
    expect(() => codec.decode(pack(forged))).toThrow(MalformedError);
    expect(() => codec.decode(pack(forged))).toThrow(reason);
  });
});

describe('Codec.encodeThrown', () => {
  it('adds to the stack where the error was thrown', () => {
    const error = new Error('broken', { cause: new Error('inner') });
    const arrived = rethrow(error) as Error;
    expect(arrived.stack).toBe(`${error.stack}\n    at runner 7f3a (pool ffmpeg)`);
    expect((arrived.cause as Error).stack).toBe((error.cause as Error).stack);
    expect(Object.keys(arrived)).toEqual([]);
  });

  it.each([['text'], [undefined], [null], [-0], [{ code: 1 }], [['a', new Map()]]])('copies a thrown %j as it is', (thrown) => {
    expect(rethrow(thrown)).toStrictEqual(thrown);
  });

  it('replaces values that cannot be copied by a note', () => {
    const arrived = rethrow(
      Object.assign(new Error('x', { cause: Promise.resolve() }), { request: { send() {}, id: 1 }, [Symbol('s')]: 1 }),
    );
    expect(arrived).toMatchObject({
      message: 'x',
      cause: '[left out: a Promise]',
      request: { send: '[left out: a function (send)]', id: 1 },
    });
  });

  it.each([
    ['a function', () => 1, 'a function: pass data'],
    ['a symbol', Symbol('s'), 'a symbol, Symbol\\(s\\): pass a string'],
    ['a promise', Promise.resolve(), 'a Promise: await it first'],
    ['an instance with behaviour', new Problem(), 'a Problem: a plain copy .*register the class Problem in the module.s `classes`'],
  ])('encodes an error that names the thrown value and the fix, for %s', (_, thrown, words) => {
    const arrived = rethrow(thrown) as Error;
    expect(arrived).toBeInstanceOf(Error);
    expect(arrived.message).toMatch(new RegExp(`^the error that the handler threw cannot cross to another process: it is ${words}`));
  });

  it('copies a thrown instance of a registered class that is not an error', () => {
    const knowing = createCodec({ classes: [{ type: Problem }] });
    expect(knowing.decodeThrown(knowing.encodeThrown(new Problem()), 'runner 1')).toStrictEqual(new Problem());
  });

  it('replaces throwing getters and values nested too deep by notes', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 5_000; i++) deep = [deep];
    const error = Object.assign(new Error('x'), { deep });
    Object.defineProperty(error, 'bad', {
      enumerable: true,
      get() {
        throw 'no';
      },
    });
    const arrived = rethrow(error) as { bad: unknown; deep: unknown };
    expect(arrived.bad).toBe('[left out: a getter that throws (no)]');
    expect(JSON.stringify(arrived.deep)).toContain('[left out: a value nested deeper than 1000 levels]');
  });

  it('sends a small error instead of one above maxBytes', () => {
    const small = createCodec({ maxBytes: 10 });
    const arrived = small.decodeThrown(small.encodeThrown(new Error('x'.repeat(100))), 'runner 1') as Error;
    expect(arrived.message).toMatch(
      /^the error that the handler threw cannot cross to another process: its \d+ bytes exceed maxPayload \(10\)/,
    );
    expect(() => small.encode('x'.repeat(100))).toThrow(UnencodableError);
  });

  it('does not change the stack of a frozen error', () => {
    class Frozen extends Error {}
    const frozen = createCodec({
      classes: [{ type: Frozen, encode: (error) => error.message, decode: (text) => Object.freeze(new Frozen(text)) }],
    });
    expect(frozen.decodeThrown(frozen.encodeThrown(new Frozen('x')), 'runner 1')).toBeInstanceOf(Frozen);
  });

  it('never throws, whatever was thrown', () => {
    const hostile = new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error('look away');
        },
      },
    );
    expect(rethrow(hostile)).toMatchObject({ message: 'the error that the handler threw cannot cross to another process: look away' });
    const mirror: object = new Proxy(
      {},
      {
        getPrototypeOf() {
          throw mirror;
        },
      },
    );
    expect(rethrow(mirror)).toMatchObject({ message: expect.stringMatching('a value that throws when it is inspected') });
    const { proxy, revoke } = Proxy.revocable(new Error('x'), {});
    revoke();
    expect(rethrow(proxy)).toBeInstanceOf(Error);
    const stackless = new Error('x');
    Object.defineProperty(stackless, 'stack', {
      get() {
        throw new Error('no stack');
      },
    });
    expect(rethrow(stackless)).toMatchObject({ message: 'x' });
  });
});
