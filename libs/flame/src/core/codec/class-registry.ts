import { FlameError } from '../flame-error.js';
import { behaviourOf, isBuiltIn, privateState } from './behaviour.js';
import type { RegisteredClass } from './codec.js';

/** A class as the codec knows it. */
export interface KnownClass extends RegisteredClass {
  readonly name: string;
  readonly prototype: object;
}

/** What the codec makes of instances with a prototype that is not registered. */
export interface Judgement {
  /** Whether it is the prototype of a built-in class, of whatever realm. */
  readonly builtIn: boolean;
  /** What a plain copy would lose; undefined where they are data. */
  readonly behaviour: string | undefined;
}

const builtInErrors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];

const builtIn: readonly RegisteredClass[] = [
  ...builtInErrors.map((type) => ({ type })),
  { type: FlameError },
  { type: URL, encode: (url: URL) => url.href, decode: (href: string) => new URL(href) },
  { type: URLSearchParams, encode: (query: URLSearchParams) => query.toString(), decode: (query: string) => new URLSearchParams(query) },
  { type: DOMException, encode: takeDomException, decode: makeDomException },
];

/** State of these is not in properties; a subclass needs `encode` and `decode` of its own. */
const slotted = [Array, ArrayBuffer, Boolean, DataView, Date, Map, Number, Promise, RegExp, Set, String, Uint8Array, WeakMap, WeakSet];

/** The classes whose instances cross as themselves, by prototype for the sender and by name for the receiver. */
export class ClassRegistry {
  readonly #byName = new Map<string, KnownClass>();
  readonly #byPrototype = new Map<object, KnownClass>();

  readonly #judged = new WeakMap<object, Judgement>();

  /** @throws {FlameError} FLAME_CONFIG when a name is taken, or when a class's state would be lost. */
  constructor(classes: readonly RegisteredClass[]) {
    for (const entry of [...builtIn, ...classes]) this.#add(entry);
  }

  named(name: string): KnownClass | undefined {
    return this.#byName.get(name);
  }

  of(prototype: object): KnownClass | undefined {
    return this.#byPrototype.get(prototype);
  }

  /** Decided once for each prototype: a class does not change once its instances cross. */
  judge(prototype: object): Judgement {
    let judgement = this.#judged.get(prototype);
    if (!judgement) {
      judgement = { builtIn: isBuiltIn(prototype), behaviour: behaviourOf(prototype) };
      this.#judged.set(prototype, judgement);
    }
    return judgement;
  }

  /** The nearest class above an error that the other side knows, so that `instanceof` holds as far up as it can. */
  errorBase(error: object): KnownClass {
    for (let prototype: object | null = Object.getPrototypeOf(error); prototype; prototype = Object.getPrototypeOf(prototype)) {
      const known = this.#byPrototype.get(prototype);
      if (known && !known.encode) return known;
    }
    // An error of another realm (a vm context, a test runner's sandbox) has its own built-in classes.
    const { name } = error as { name?: unknown };
    return this.#byName.get(builtInErrors.some((type) => type.name === name) ? String(name) : 'Error')!;
  }

  #add(entry: RegisteredClass): void {
    const name = entry.name ?? entry.type.name;
    const prototype = entry.type.prototype as object;
    const path = `classes: ${name === '' ? '(a class without a name)' : name}`;
    if (name === '') throw new FlameError('FLAME_CONFIG', `${path}: give it a \`name\``);
    if (this.#byName.has(name)) throw new FlameError('FLAME_CONFIG', `${path} is registered twice: give one of them another \`name\``);
    if (this.#byPrototype.has(prototype))
      throw new FlameError('FLAME_CONFIG', `${path}: its class is registered under another name already`);
    if (!entry.encode !== !entry.decode) throw new FlameError('FLAME_CONFIG', `${path}: give both \`encode\` and \`decode\`, or neither`);
    const base = slotted.find((type) => prototype instanceof type);
    if (base && !entry.encode)
      throw new FlameError(
        'FLAME_CONFIG',
        `${path} extends ${base.name}, whose content is not in properties: give \`encode\` and \`decode\``,
      );
    if (!entry.encode && privateState(prototype) !== undefined)
      throw new FlameError(
        'FLAME_CONFIG',
        `${path} has #private members, which no copy of its properties has: give \`encode\` and \`decode\``,
      );
    const known: KnownClass = { ...entry, name, prototype };
    this.#byName.set(name, known);
    this.#byPrototype.set(prototype, known);
  }
}

interface DomExceptionWire {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause?: unknown;
}

function takeDomException(error: DOMException): DomExceptionWire {
  const { name, message, stack } = error;
  return Object.hasOwn(error, 'cause') ? { name, message, stack, cause: error.cause } : { name, message, stack };
}

function makeDomException(wire: DomExceptionWire): DOMException {
  const error = new DOMException(wire.message, wire.name);
  Object.defineProperty(error, 'stack', { value: wire.stack, configurable: true, writable: true });
  if ('cause' in wire) Object.defineProperty(error, 'cause', { value: wire.cause, configurable: true, writable: true });
  return error;
}
