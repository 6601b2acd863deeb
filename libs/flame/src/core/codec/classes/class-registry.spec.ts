import { describe, expect, it } from 'vitest';
import { ClassRegistry } from './class-registry.js';

class Money {}
class Bag extends Map {}
class Secret {
  readonly #key = 1;
  id = this.#key;
}
/** Source that looks as if it began a private field. */
const _Listed_all = new Set<object>();
class Listed {
  id = 1;
  constructor() {
    _Listed_all.add(this);
  }
}
class BelowSecret extends Secret {}

describe('ClassRegistry', () => {
  it.each([
    [
      'a name that is taken',
      [{ type: Money }, { type: Bag, name: 'Money', encode: Object, decode: Object }],
      'classes: Money is registered twice',
    ],
    ['the name of a built-in', [{ type: Money, name: 'URL' }], 'classes: URL is registered twice'],
    [
      'a class registered twice',
      [{ type: Money }, { type: Money, name: 'M' }],
      'classes: M: its class is already registered under another name',
    ],
    ['no name', [{ type: (() => class {})() }], 'classes: (a class without a name): add a `name`'],
    ['encode without decode', [{ type: Money, encode: Object }], 'classes: Money: add both `encode` and `decode`, or neither'],
    ['a class whose content is in slots', [{ type: Bag }], 'classes: Bag extends Map, whose content is not in properties'],
    ['a class with #private members', [{ type: Secret }], 'classes: Secret has #private members'],
    ['a class below one with #private members', [{ type: BelowSecret }], 'classes: BelowSecret has #private members'],
  ])('refuses %s', (_, classes, message) => {
    expect(() => new ClassRegistry({ classes })).toThrow(
      expect.objectContaining({ code: 'FLAME_CONFIG', message: expect.stringContaining(message) }),
    );
  });

  it('accepts a class with #private members if encode and decode are given', () => {
    expect(new ClassRegistry({ classes: [{ type: Secret, encode: Object, decode: Object }] }).named('Secret')).toBeDefined();
  });

  it('accepts an entry for a class whose source only looks as if it had #private members', () => {
    const registry = new ClassRegistry({ classes: [{ type: Listed }] });
    expect(registry.treatmentOf(Listed.prototype, new Listed())).toMatchObject({ known: { name: 'Listed' }, behaviour: undefined });
    expect(new ClassRegistry({ classes: [] }).treatmentOf(Listed.prototype, new Listed()).behaviour).toBe('private fields');
  });

  it('finds a class by prototype and by name', () => {
    const registry = new ClassRegistry({ classes: [{ type: Money, name: 'money' }] });
    expect(registry.treatmentOf(Money.prototype, new Money()).known).toBe(registry.named('money'));
    expect(registry.named('Money')).toBeUndefined();
    expect(registry.named('__proto__')).toBeUndefined();
  });

  it('finds the nearest registered superclass of an error', () => {
    class HttpError extends Error {}
    class NotFound extends HttpError {}
    const registry = new ClassRegistry({ classes: [{ type: HttpError }] });
    expect(registry.errorBase(new NotFound()).name).toBe('HttpError');
    expect(registry.errorBase(new (class extends RangeError {})()).name).toBe('RangeError');
  });
});
