import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { behaviourOf, classNameOf, isBuiltIn, privateState } from './behaviour.js';
import { UnencodableError } from '../codec.js';
import { createCodec } from '../create-codec.js';

const codec = createCodec();

class Base {
  id = 1;
  label(): string {
    return `#${this.id}`;
  }
}
class Inherits extends Base {}
class Getter {
  first = 'A';
  get full(): string {
    return this.first;
  }
}
class Setter {
  id = 1;
  set full(_: string) {}
}
class Json {
  id = 1;
  toJSON(): unknown {
    return {};
  }
}
class Primitive {
  id = 1;
  [Symbol.toPrimitive](): number {
    return 1;
  }
}
class Tagged {
  id = 1;
  readonly [Symbol.toStringTag] = 'own';
}
Object.defineProperty(Tagged.prototype, Symbol.toStringTag, { value: 'Tagged' });
class Half {
  #secret = 1;
  id = 1;
  static read(half: Half): number {
    return half.#secret;
  }
}
class BelowHalf extends Half {}
class StaticName {
  static override = 1;
  id = 1;
  static get name(): string {
    return 'Other';
  }
}
class Defaults {
  id = 1;
}
Object.assign(Defaults.prototype, { role: 'guest' });
/** As TypeScript lowers `#secret` for ES2021. */
const _Lowered_secret = new WeakMap<object, number>();
class Lowered {
  id = 1;
  constructor() {
    _Lowered_secret.set(this, 1);
  }
}
class Tags extends Set<string> {
  join(): string {
    return [...this].join();
  }
}
class Index extends Map<string, number> {
  source = 'x';
}
class List extends Array<number> {
  get first(): number | undefined {
    return this[0];
  }
}
class Day extends Date {
  weekday(): number {
    return this.getDay();
  }
}
class Bytes extends Uint8Array {
  hex(): string {
    return '';
  }
}
class Name extends String {
  initials(): string {
    return this[0]!;
  }
}
const prototypeWithMethod = { greet: () => 'hi' };

const refused: [what: string, make: () => object, lost: RegExp][] = [
  ['a method', () => new Base(), /^a Base .* lose the method label\(\)\. .*register the class Base in the module's `classes`/],
  ['an inherited method', () => new Inherits(), /^an Inherits .* the method label\(\)/],
  ['an accessor', () => new Getter(), /^a Getter .* the accessor full/],
  ['a setter', () => new Setter(), /^a Setter .* the accessor full/],
  ['toJSON', () => new Json(), /^a Json .* the method toJSON\(\)/],
  ['Symbol.toPrimitive', () => new Primitive(), /^a Primitive .* the method \[Symbol.toPrimitive\]\(\)/],
  ['another symbol', () => new Tagged(), /^a Tagged .* \[Symbol.toStringTag\]/],
  ['#private and public fields', () => new Half(), /^a Half .* private fields/],
  ['inherited #private fields', () => new BelowHalf(), /^a BelowHalf .* private fields/],
  ['#private fields as compiled for older targets', () => new Lowered(), /^a Lowered .* private fields/],
  ['a name of its own', () => new StaticName(), /^a StaticName .* static `name`/],
  ['inherited data of a class', () => new Defaults(), /^a Defaults .* the inherited property role/],
  ['a class without a name', () => new (class { id = 1; run() {} })(), /^\[object Object\] .* register the class in/], // prettier-ignore
  ['what Object.create made', () => Object.assign(Object.create(prototypeWithMethod) as object, { id: 1 }), /the method greet\(\)/],
  ['what Object.create made of null', () => { const top = Object.assign(Object.create(null), prototypeWithMethod); return Object.assign(Object.create(top), { id: 1 }); }, /the method greet\(\)/], // prettier-ignore
  ['a class of another realm', () => runInNewContext('new (class Far { id = 1; run() {} })()') as object, /^a Far .* the method run\(\)/],
  ['a Set with methods', () => new Tags(['a']), /^a Tags/],
  ['a Map with properties', () => new Index([['a', 1]]), /^an Index .* the property source/],
  ['an Array with accessors', () => List.from([1]), /^a List .* the accessor first/],
  ['a Date with methods', () => new Day(5), /^a Day/],
  ['a typed array with methods', () => new Bytes(2), /^a Bytes/],
  ['a String with methods', () => new Name('ab'), /^a Name/],
];

describe('Codec.encode', () => {
  it.each(refused)('refuses an instance of a class with %s', (_, make, lost) => {
    expect(() => codec.encode([{ a: new Map([['k', make()]]) }])).toThrow(UnencodableError);
    expect(refusalOf([{ a: make() }])).toMatchObject({ path: '[0].a', reason: expect.stringMatching(lost) });
    expect(refusalOf(new Map([['k', make()]]))).toMatchObject({ path: 'get("k")' });
    expect(refusalOf(new Set([make()]))).toMatchObject({ path: 'values()[0]' });
    expect(refusalOf(Object.assign(new Error('x'), { owner: make() }))).toMatchObject({ path: 'owner' });
  });

  it('replaces such an instance in a thrown error by a note', () => {
    const back = codec.decodeThrown(codec.encodeThrown(Object.assign(new Error('x'), { owner: new Base(), id: 2 })), 'r') as object;
    expect(back).toMatchObject({ message: 'x', owner: '[left out: a Base]', id: 2 });
  });

  it('copies an instance of a class that only has data to a plain object', () => {
    class Empty {}
    class Dto {
      static count = 1;
      static of(): Dto {
        return new Dto();
      }
      /* A `#` in a comment, */ text = 'or in a #string, `#x` "#y"'; // #or here
      pattern = /["']#z/.source;
      constructor(readonly id = 1) {}
    }
    class Child extends Dto {
      nested = new Empty();
    }
    const text = 'or in a #string, `#x` "#y"';
    const pattern = '["\']#z';
    expect(codec.decode(codec.encode([new Empty(), new Dto(), new Child()]))).toStrictEqual([
      {},
      { text, pattern, id: 1 },
      { text, pattern, id: 1, nested: {} },
    ]);
  });

  it('recognises plain objects and built-ins of another realm', () => {
    const far = runInNewContext(
      '({ o: { a: [1] }, n: Object.create(null), m: new Map([[1, new Set([2])]]), d: new Date(5), r: /a/g, u: new Uint8Array([1]), e: new TypeError("x"), s: Object("s") })',
    ) as object;
    expect(codec.decode(codec.encode(far))).toEqual({
      o: { a: [1] },
      n: {},
      m: new Map([[1, new Set([2])]]),
      d: new Date(5),
      r: /a/g,
      u: new Uint8Array([1]),
      e: new TypeError('x'),
      s: Object('s'),
    });
  });

  const proxy = (value: object): object => new Proxy(value, {});
  class Day2 extends Date {}
  it.each<[what: string, value: object, words: RegExp]>([
    ['a Date', proxy(new Date(0)), /^a Proxy of a Date cannot .* pass the Date itself$/],
    ['a Map', proxy(new Map([[1, 2]])), /^a Proxy of a Map cannot/],
    ['a Set', proxy(new Set([1])), /^a Proxy of a Set cannot/],
    ['a RegExp', proxy(/a/), /^a Proxy of a RegExp cannot/],
    ['an ArrayBuffer', proxy(new ArrayBuffer(1)), /^a Proxy of an ArrayBuffer cannot/],
    ['a Buffer', proxy(Buffer.from('a')), /^a Proxy of a Buffer cannot/],
    ['a typed array', proxy(new Float64Array(1)), /^a Proxy of a Float64Array cannot/],
    ['a boxed number', proxy(Object(1) as object), /^a Proxy of a Number cannot/],
    ['an instance of a bare class below Date', proxy(new Day2(0)), /^a Proxy of a Day2 cannot .* pass the Date itself$/],
    ['a Map of another realm', proxy(runInNewContext('new Map([[1, 2]])') as object), /^a Proxy of a Map cannot/],
    ['nothing but the prototype of Map', Object.create(Map.prototype) as object, /^an object that inherits from Map without being one/],
  ])('refuses a Proxy of %s, because its content is not accessible', (_, value, words) => {
    expect(refusalOf([{ a: value }])).toMatchObject({ path: '[0].a', reason: expect.stringMatching(words) });
  });

  it('accepts Proxies of plain objects, of arrays and of instances that only have data', () => {
    class Dto {
      id = 1;
    }
    expect(codec.decode(codec.encode([proxy({ a: 1 }), proxy([1, 2]), proxy(new Dto())]))).toStrictEqual([{ a: 1 }, [1, 2], { id: 1 }]);
  });

  it('treats an anonymous subclass as anonymous', () => {
    expect(refusalOf(new (class extends Base {})())).toMatchObject({ reason: expect.stringMatching(/^\[object Object\] cannot/) });
  });

  it('copies process.env as data', () => {
    expect(codec.decode(codec.encode(process.env))).toEqual({ ...process.env });
  });

  it('suggests registering the class if a property of an instance is a function', () => {
    class Greeter {
      name = 'A';
      greet = (): string => 'hi';
    }
    expect(refusalOf([new Greeter()])).toMatchObject({
      path: '[0].greet',
      reason: expect.stringMatching(
        /^a function \(greet\) .*register the class Greeter in the module's `classes` as `\{ type, encode, decode \}`/,
      ),
    });
    const registered = createCodec({ classes: [{ type: Greeter }] });
    expect(() => registered.encode(new Greeter())).toThrow(
      /register the class Greeter in the module's `classes` as `\{ type, encode, decode/,
    );
  });
});

describe('behaviourOf', () => {
  it('recognises private fields in compiled code, and nothing else as private fields', () => {
    const made = (source: string): object => (runInNewContext(`(${source})`) as { prototype: object }).prototype;
    const shown = [
      'class { #a = 1 }',
      'class { async *#a() {} }',
      'class{url="http://x";#a=1}',
      'class { a = 4 / 2; b = this.of / 2; #c = 1 / 2 }',
      'class { static #a = 1; #b = `${{ a: `}` }.a}` }',
      'class { static { if (1) /"/.test(""); } #a = 1 }',
      'class { static { let i = 1; i++ / 2; } #a = 1 / 2 }',
      'class { constructor() { __privateAdd(this, _a, 1); } }',
      'class { constructor() { _class_private_field_init(this, _a, { value: 1 }); } }',
      'class { constructor() { _classPrivateFieldInitSpec(this, _a, 1); } }',
      'class { constructor() { __classPrivateFieldSet(this, _a, 1, "f"); } }',
      'class Foo { constructor() { _Foo_bar.set(this, 1); } }',
      'class Foo { constructor() { _Foo_instances.add(this); } }',
      'class { constructor() { a.set(this, void 0); } }',
      'function Old() { _Old_state.set(this, 1) }',
    ];
    const not = [
      'class { a = "#b" }',
      'class { a = `#b ${1} #c` }',
      'class { a = /#b/; /* #c */ b = 1 // #d\n }',
      "class { a = 'it''s' + \"#b\" }".replace("''", "\\'"),
      'class { static #count = 0; static async *#a() {} static get#b() {} id = 1 }',
      'class { static all = new Set(); id = 1; constructor() { Reg.all.add(this) } }',
      'class Foo { constructor(parent) { parent.children.set(this, 1); registry.add(this); parent._Foo_x.add(this) } }',
      'class { static css = (a) => `x${a ? `#a` : "#b"}#c` }',
      'class { static is = (s) => { return /#x/.test(s) } }',
      'class { static is = (s) => { if (s) /#x/.test(s); else /[/#y]#z/u.test(s) } }',
      'class { static is = function* (s) { yield /#x/; typeof /#x/; return [1] / 2, /#x/ } }',
    ];
    expect(shown.map((source) => [source, behaviourOf(made(source))])).toEqual(shown.map((source) => [source, 'private fields']));
    expect(not.map((source) => [source, behaviourOf(made(source))])).toEqual(not.map((source) => [source, undefined]));
  });

  it('is not fooled by classes that look like built-ins', () => {
    class Fake {
      run(): void {}
    }
    Object.defineProperty(Fake, 'name', { value: 'Object' });
    const hidden = new Proxy(class { run(): void {} }, {}); // prettier-ignore
    hidden.prototype.constructor = hidden;
    expect([isBuiltIn(Fake.prototype), isBuiltIn(hidden.prototype)]).toEqual([false, false]);
    expect([behaviourOf(Fake.prototype), behaviourOf(hidden.prototype)]).toEqual(['the method run()', 'the method run()']);
  });

  it('finds the name of a class regardless of its static members', () => {
    const classes = [StaticName, Inherits, class {}, (() => class extends Base {})(), (() => class extends class extendsBase {} {})()];
    expect(classes.map((type) => classNameOf(type.prototype))).toEqual(['StaticName', 'Inherits', '', '', '']);
    expect(classNameOf((runInNewContext('(class extendsBase { static name() {} })') as typeof Base).prototype)).toBe('extendsBase');
  });
});

describe('privateState', () => {
  it('scans the source of a base class once, however many classes extend it', () => {
    class Shared {
      #hidden = 1;
      show = (): number => this.#hidden;
    }
    const classes = [class One extends Shared {}, class Two extends Shared {}, Shared];
    const source = Shared.toString();
    const { exec } = RegExp.prototype;
    let scans = 0;
    RegExp.prototype.exec = function (text) {
      if (text === source && this.sticky) scans++;
      return exec.call(this, text);
    };
    try {
      expect(privateState(classes[0]!.prototype)).toBe('private fields');
      const once = scans;
      expect(once).toBeGreaterThan(0);
      for (const { prototype } of classes) expect(privateState(prototype)).toBe('private fields');
      expect(scans).toBe(once);
    } finally {
      RegExp.prototype.exec = exec;
    }
  });
});

function refusalOf(value: unknown): unknown {
  try {
    return codec.encode(value);
  } catch (error) {
    return error;
  }
}
