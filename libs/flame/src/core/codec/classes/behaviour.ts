import { privateStateIn } from './private-state.js';
import type { PrivateState } from './private-state.js';

// Questions about a class, answered from its prototype alone: is it a built-in, what is its name, and what would instances lose if only
// their own properties were copied? `ClassRegistry.treatmentOf` combines the answers with the registered classes. Everything here looks
// only at own property descriptors and at sources, and calls no code of the class: a getter or a static `name` of the app cannot mislead it.

/**
 * Built-in classes whose instances the codec carries. Their subclasses are checked for behaviour; the built-in classes themselves are not.
 */
const builtIns = new Set([
  ...['Object', 'Array', 'Map', 'Set', 'Date', 'RegExp', 'Boolean', 'Number', 'String', 'BigInt', 'Symbol', 'ArrayBuffer', 'DataView'],
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array'],
  ...['BigUint64Array', 'Float16Array', 'Float32Array', 'Float64Array', 'SharedArrayBuffer', 'Error'],
]);

/**
 * Describes what instances of a class, or objects made by `Object.create`, would lose if only their own properties crossed, for example
 * `the method full()`. Undefined for plain objects and built-ins of any realm, and for classes that only hold data.
 */
export function behaviourOf(prototype: object): string | undefined {
  for (const level of levels(prototype)) {
    const found = ownBehaviour(level);
    if (found !== undefined) return found;
  }
  return releaseKey in prototype ? undefined : privateState(prototype);
}

/**
 * The properties of a `FlameTrackable` that is not tracked cross as data, as its contract says. So this method does not count as behaviour.
 */
const releaseKey = 'onFlameRelease';

/**
 * Whether a class, or a class above it, keeps state that no other code can read, as far as its source shows. With `certain`, state that is
 * only likely does not count.
 */
export function privateState(prototype: object, certain = false): string | undefined {
  for (const level of levels(prototype)) {
    const type = ownConstructor(level);
    const found = type ? ownPrivateState(type) : 'none';
    if (found === 'certain' || (found === 'likely' && !certain)) return 'private fields';
  }
  return undefined;
}

/** What the sources of classes say: each subclass asks for its base class again, such as each of Nest's exceptions. */
const privateStates = new WeakMap<object, PrivateState>();

function ownPrivateState(type: Parameters<typeof nameOf>[0]): PrivateState {
  const known = privateStates.get(type);
  if (known !== undefined) return known;
  const found = privateStateIn(sourceOf(type), nameOf(type));
  privateStates.set(type, found);
  return found;
}

/** The name of the nearest class, even if a static member hides it; empty if there is no class but Object. */
export function classNameOf(prototype: object): string {
  for (let level: object | null = prototype; level; level = Object.getPrototypeOf(level)) {
    const type = ownConstructor(level);
    if (!type || (type.name === 'Object' && isBuiltIn(level))) continue;
    return nameOf(type);
  }
  return '';
}

/** Whether this is the prototype of a built-in class that the codec carries, of this realm or of another one (a vm context, Jest). */
export function isBuiltIn(prototype: object): boolean {
  return prototype === Buffer.prototype || builtInName(prototype) !== undefined;
}

/** The name of the built-in class that objects with that prototype should be instances of. Undefined for Object and Array. */
export function builtInAbove(prototype: object): string | undefined {
  for (let level: object | null = prototype; level; level = Object.getPrototypeOf(level)) {
    const name = builtInName(level);
    if (name !== undefined) return name === 'Object' || name === 'Array' ? undefined : name;
  }
  return undefined;
}

function builtInName(prototype: object): string | undefined {
  if (prototype === Object.prototype) return 'Object';
  const type = ownConstructor(prototype);
  if (!type || type.prototype !== prototype) return undefined;
  // The source of a class behind a Proxy is native too, but has no name.
  const name = /^function (\w+)\(\) \{\s*\[native code\]\s*\}$/.exec(sourceOf(type))?.[1];
  return name !== undefined && builtIns.has(name) ? name : undefined;
}

/** The prototypes of the chain, up to the first one of the language. */
function* levels(prototype: object): Generator<object> {
  for (let level: object | null = prototype; level && !isBuiltIn(level); level = Object.getPrototypeOf(level)) yield level;
}

function ownBehaviour(level: object): string | undefined {
  const type = ownConstructor(level);
  for (const key of Reflect.ownKeys(level)) {
    if (key === releaseKey || (key === 'constructor' && type)) continue;
    const words = memberWords(level, key);
    // If an object inherits plain data from another object, only its own properties cross, as with structuredClone.
    if (type || typeof key === 'symbol' || !words.startsWith(inherited)) return words;
  }
  const name = type && Object.getOwnPropertyDescriptor(type, 'name');
  return name && (name.get || name.writable) ? 'a static `name` of its own' : undefined;
}

const inherited = 'the inherited property ';

function memberWords(level: object, key: string | symbol): string {
  const { get, set, value } = Object.getOwnPropertyDescriptor(level, key)!;
  const name = typeof key === 'symbol' ? `[${key.description ?? ''}]` : key;
  if (get ?? set) return `the accessor ${name}`;
  return typeof value === 'function' ? `the method ${name}()` : `${inherited}${name}`;
}

type Constructor = Function & { readonly prototype?: object };

function ownConstructor(level: object): Constructor | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(level, 'constructor')?.value;
  return typeof value === 'function' ? value : undefined;
}

function nameOf(type: Function): string {
  const name: unknown = Object.getOwnPropertyDescriptor(type, 'name')?.value;
  if (typeof name === 'string' && name !== '') return name;
  return /^class\s+(?!extends(?![\w$]))([\p{ID_Continue}$]+)/u.exec(sourceOf(type))?.[1] ?? '';
}

function sourceOf(type: Function): string {
  return Function.prototype.toString.call(type);
}
