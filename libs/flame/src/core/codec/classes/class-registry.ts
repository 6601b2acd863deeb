import { FlameError } from '../../errors/flame-error.js';
import { AutomaticClasses } from './automatic-classes.js';
import type { FindClasses } from './automatic-classes.js';
import { behaviourOf, classNameOf, isBuiltIn, privateState } from './behaviour.js';
import { UnreadableError } from '../codec.js';
import type { RegisteredClass, RegisteredKind } from '../codec.js';
import { refuseObject } from '../refusals.js';

/** A class or a kind of value that the codec can carry. */
export interface KnownClass extends Pick<RegisteredClass, 'encode' | 'decode'> {
  readonly name: string;
  /** Undefined for a kind of value. */
  readonly prototype: object | undefined;
  /** Whether another class has the same name and cannot be distinguished from this one. */
  readonly ambiguous?: boolean;
}

/**
 * How the codec treats instances with a given prototype: with `known` they keep their class; otherwise with `behaviour` they are refused;
 * otherwise they become plain objects, or built-ins.
 */
export interface Treatment {
  /** The class that the instances keep when they cross. */
  readonly known: KnownClass | undefined;
  /** Whether the prototype is that of a built-in class, of any realm. */
  readonly builtIn: boolean;
  /** What a plain copy would lose; undefined if the instances only hold data. */
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

/** Classes whose state is not in properties. A subclass needs its own `encode` and `decode`. */
const slotted = [Array, ArrayBuffer, Boolean, DataView, Date, Map, Number, Promise, RegExp, Set, String, Uint8Array, WeakMap, WeakSet];

/** The sources of a registry's classes. */
export interface ClassSources {
  /** Classes and kinds that were registered. */
  readonly classes: readonly (RegisteredClass | RegisteredKind)[];
  /** Finds the classes that register themselves. */
  readonly find?: FindClasses | undefined;
  /** Called once for each error class that is not registered, with the prototypes that its errors lose. */
  readonly onLost?: ((lost: readonly object[], base: string) => void) | undefined;
  /** Error classes by name. Each is loaded when an error of that name crosses; undefined if its package is not installed. */
  readonly errors?: Readonly<Record<string, () => RegisteredClass['type'] | undefined>> | undefined;
}

/**
 * The classes whose instances keep their class. The sender finds them by prototype, the receiver by name.
 *
 * There are four sources, in this order: built-ins and the app's option `classes` (by prototype), kinds of values (by their test `is`),
 * classes that register themselves (`AutomaticClasses`), and error classes of packages, loaded when such an error crosses. Classes that
 * register themselves are searched again when an unknown class appears, because modules may be imported late. An instance of a class from
 * none of these sources is checked for behaviour (behaviour.ts).
 */
export class ClassRegistry {
  readonly #byName = new Map<string, KnownClass>();
  readonly #byPrototype = new Map<object, KnownClass>();
  readonly #kinds: (KnownClass & RegisteredKind)[] = [];
  readonly #automatic: AutomaticClasses;
  readonly #errors: NonNullable<ClassSources['errors']>;
  readonly #onLost: ClassSources['onLost'];
  readonly #lost = new WeakSet<object>();
  /** Prototypes for which the automatic classes have already been searched. */
  readonly #looked = new WeakSet<object>();
  readonly #treatments = new WeakMap<object, Treatment>();

  /** @throws {FlameError} FLAME_CONFIG when a name is taken, or when a class's state would be lost. */
  constructor({ classes, find = () => [], errors = {}, onLost }: ClassSources) {
    this.#onLost = onLost;
    for (const entry of [...builtIn, ...classes]) this.#add(entry);
    this.#errors = errors;
    this.#automatic = new AutomaticClasses(find, (prototype) => !this.#byPrototype.has(prototype) && isCopyable(prototype));
  }

  /** @throws {UnreadableError} if several classes here have that name. */
  named(name: string): KnownClass | undefined {
    const known = this.#byName.get(name) ?? this.#loadedError(name);
    if (known) return known;
    if (this.#automatic.named(name).length === 0) this.#automatic.look();
    const found = this.#automatic.named(name);
    if (found.length > 1)
      throw new UnreadableError(`several classes are named ${name} here: register them in \`classes\`, each with a \`name\``);
    return found[0];
  }

  /** How to treat `value`, whose prototype is `prototype`. Decided once for each prototype: later changes to a class have no effect. */
  treatmentOf(prototype: object, value: object): Treatment {
    let treatment = this.#treatments.get(prototype);
    if (!treatment) {
      const builtIn = isBuiltIn(prototype);
      const known = this.#byPrototype.get(prototype) ?? (builtIn ? undefined : (this.#kindOf(value) ?? this.#automaticOf(prototype)));
      treatment = { known, builtIn, behaviour: known ? undefined : (behaviourOf(prototype) ?? this.#inherited(prototype)) };
      this.#treatments.set(prototype, treatment);
    }
    return treatment;
  }

  /** The nearest class above an error that is registered, so that `instanceof` holds for as many of its classes as possible. */
  errorBase(error: object): KnownClass & { readonly prototype: object } {
    const lost: object[] = [];
    for (let prototype: object | null = Object.getPrototypeOf(error); prototype; prototype = Object.getPrototypeOf(prototype)) {
      const known = this.#byPrototype.get(prototype) ?? this.#automaticOf(prototype) ?? this.#loadedErrorOf(prototype);
      if (known?.prototype && !known.encode && !known.ambiguous) {
        this.#reportLost(lost, known.name);
        return known as KnownClass & { prototype: object };
      }
      lost.push(prototype);
    }
    // An error of another realm (a vm context, a test runner's sandbox) has its own built-in classes.
    const { name } = error as { name?: unknown };
    return this.#byName.get(builtInErrors.some((type) => type.name === name) ? String(name) : 'Error')! as never;
  }

  #reportLost(lost: readonly object[], base: string): void {
    const [first] = lost;
    if (!first || !this.#onLost || this.#lost.has(first)) return;
    this.#lost.add(first);
    this.#onLost(lost, base);
  }

  #automaticOf(prototype: object): KnownClass | undefined {
    if (!this.#looked.has(prototype)) {
      this.#looked.add(prototype);
      if (!isBuiltIn(prototype) && !this.#automatic.of(prototype)) this.#automatic.look();
    }
    return this.#automatic.of(prototype);
  }

  /** What the instance would lose if a class above it has decorators of class-transformer. */
  #inherited(prototype: object): string | undefined {
    for (let level: object | null = prototype; level; level = Object.getPrototypeOf(level)) {
      if (this.#automatic.isTransformed(level)) return 'the class-transformer metadata of its class';
    }
    return undefined;
  }

  #kindOf(value: object): KnownClass | undefined {
    return this.#kinds.find((kind) => {
      try {
        return kind.is(value);
      } catch {
        // A getter of a foreign class may throw. The object is then not of this kind.
        return false;
      }
    });
  }

  #loadedError(name: string): KnownClass | undefined {
    const type = Object.hasOwn(this.#errors, name) ? this.#errors[name]!() : undefined;
    if (!type || !(type.prototype instanceof Error)) return undefined;
    if (!this.#byPrototype.has(type.prototype)) this.#add({ type, name });
    return this.#byName.get(name);
  }

  #loadedErrorOf(prototype: object): KnownClass | undefined {
    const name = Object.hasOwn(prototype, 'constructor') ? classNameOf(prototype) : '';
    const known = this.#byName.has(name) ? undefined : this.#loadedError(name);
    return known?.prototype === prototype ? known : undefined;
  }

  #add(entry: RegisteredClass | RegisteredKind): void {
    const name = entry.name ?? (entry as RegisteredClass).type.name;
    const path = `classes: ${name === '' ? '(a class without a name)' : name}`;
    if (name === '') throw new FlameError('FLAME_CONFIG', `${path}: add a \`name\``);
    if (this.#byName.has(name))
      throw new FlameError('FLAME_CONFIG', `${path} is registered twice: use a different \`name\` for one of them`);
    if (!entry.encode !== !entry.decode) throw new FlameError('FLAME_CONFIG', `${path}: add both \`encode\` and \`decode\`, or neither`);
    if ('is' in entry) {
      const kind = { ...entry, name, prototype: undefined };
      this.#kinds.push(kind);
      this.#byName.set(name, kind);
      return;
    }
    const prototype = entry.type.prototype as object;
    if (this.#byPrototype.has(prototype))
      throw new FlameError('FLAME_CONFIG', `${path}: its class is already registered under another name`);
    const base = slotted.find((type) => prototype instanceof type);
    if (base && !entry.encode)
      throw new FlameError(
        'FLAME_CONFIG',
        `${path} extends ${base.name}, whose content is not in properties: add \`encode\` and \`decode\``,
      );
    if (!entry.encode && privateState(prototype, true) !== undefined)
      throw new FlameError(
        'FLAME_CONFIG',
        `${path} has #private members, which a copy of its properties would lose: add \`encode\` and \`decode\``,
      );
    const known: KnownClass = { ...entry, name, prototype };
    this.#byName.set(name, known);
    this.#byPrototype.set(prototype, known);
  }
}

/**
 * Whether a copy of the properties is a complete copy of an instance, and the instance is neither live (a stream, a signal) nor tracked.
 */
function isCopyable(prototype: object): boolean {
  try {
    if (isBuiltIn(prototype) || privateState(prototype) !== undefined || 'onFlameRelease' in prototype) return false;
    return !slotted.some((type) => prototype instanceof type) && refuseObject(Object.create(prototype) as object) === undefined;
  } catch {
    // An accessor of the prototype may need an instance.
    return false;
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
