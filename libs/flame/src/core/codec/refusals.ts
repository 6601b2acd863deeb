import { types } from 'node:util';
import { classNameOf } from './classes/behaviour.js';
import { isHttpRequest } from './http-request.js';

/** Why a value cannot cross: `what` describes the value, `fix` says what to do instead. */
export interface Refusal {
  readonly what: string;
  readonly fix: string;
}

const openThere = 'pass the path, address or id that it was opened with, and open it on the other side';
const readFirst = 'read it first and pass its content (a Buffer, a string, an array)';
const partsOfRequest =
  'it is an HTTP request. Pass what the other side needs of it, such as request.headers, and its body as ' +
  'request.iterator({ destroyOnReturn: false }) (for Fastify, of request.raw)';
const awaitFirst = 'await it first, and pass its result';

/** The refusal of a symbol or a function. */
export function refusePrimitive(value: unknown): Refusal {
  if (typeof value === 'symbol') return { what: `a symbol, ${String(value)},`, fix: 'pass a string' };
  const name = (value as { name?: unknown }).name;
  const label = typeof name === 'string' && name !== '' ? ` (${name})` : '';
  return { what: `a function${label}`, fix: 'pass data, and call a function that the other side has' };
}

/**
 * Refuses objects whose state is not in their properties. A copy of the properties, as `structuredClone` makes it for instances of classes,
 * would be an empty shell. Returns undefined for all other objects.
 */
export function refuseObject(value: object): Refusal | undefined {
  const what = nameOf(value);
  if (types.isPromise(value)) return { what, fix: awaitFirst };
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef)
    return { what, fix: 'weak references hold within one process only: pass the objects themselves, in a Map, a Set or an array' };
  if (types.isSharedArrayBuffer(value) || ArrayBuffer.isView(value))
    return { what, fix: 'memory is not shared between processes: pass a copy in an ArrayBuffer' };
  if (types.isKeyObject(value)) return { what, fix: "pass key.export({ format: 'jwk' }) and import it on the other side" };
  if (types.isCryptoKey(value)) return { what, fix: "pass crypto.subtle.exportKey('jwk', key) and import it on the other side" };
  if (types.isExternal(value)) return { what, fix: openThere };
  if (isHttpRequest(value)) return { what, fix: partsOfRequest };
  if (value instanceof AbortSignal) return { what, fix: "pass it as the call's `signal` option" };
  if (value instanceof EventTarget || (has(value, 'on') && has(value, 'emit')))
    return { what, fix: has(value, 'pipe') ? readFirst : openThere };
  if (has(value, Symbol.asyncIterator) || has(value, 'next')) return { what, fix: 'collect what it yields into an array first' };
  if (has(value, 'subscribe') && has(value, 'pipe'))
    return { what, fix: 'pass its values: await firstValueFrom() or lastValueFrom() first' };
  if (has(value, 'then')) return { what, fix: awaitFirst };
  if (has(value, 'unref')) return { what, fix: openThere };
  return undefined;
}

/** The refusal of an object whose class has behaviour. `lost` names a part of that behaviour. */
export function refuseBehaviour(value: object, lost: string): Refusal {
  const what = nameOf(value);
  const register = `register the class${nameAfter(value)} in the module's \`classes\``;
  if (Object.keys(value).length === 0)
    return {
      what: `${what}, which has no properties of its own,`,
      fix: `its state is private. Either ${register} as ${howToEncode}, or pass the data that it was created from`,
    };
  return {
    what,
    fix: `a plain copy of its properties would lose ${lost}. Either ${register} (as ${howToEncode} if its state is not all in properties), or pass a plain object`,
  };
}

/** The refusal of an object that inherits from the built-in class `base` without being a real instance of it. */
export function refuseHollow(value: object, base: string): Refusal {
  const what = types.isProxy(value)
    ? `a Proxy of ${nameOf(value)}`
    : `an object that inherits from ${base} without being one, as Object.create() creates it,`;
  return { what, fix: `the content of a ${base} is not in its properties: pass the ${base} itself` };
}

/** The refusal of a function that is a property of a class's instance. */
export function refuseMember(holder: object, member: Function): Refusal {
  const { what, fix } = refusePrimitive(member);
  const name = nameAfter(holder);
  if (name === '') return { what, fix };
  return { what, fix: `register the class${name} in the module's \`classes\` as ${howToEncode}, or pass a plain object with data` };
}

/** The refusal of an instance of a class that registered itself under a name that other classes have too. */
export function refuseAmbiguous(name: string): Refusal {
  return {
    what: `an instance of ${name}`,
    fix: 'several classes have this name and the same members: register them in `classes`, each with a `name`',
  };
}

const howToEncode = '`{ type, encode, decode }`';

/** The name of an object's class with a space before it; empty for a class without a name. */
function nameAfter(value: object): string {
  const name = classNameOf(Object.getPrototypeOf(value) as object);
  return name === '' ? '' : ` ${name}`;
}

function has(value: object, key: string | symbol): boolean {
  return typeof (value as Record<string | symbol, unknown>)[key] === 'function';
}

function nameOf(value: object): string {
  const name = classNameOf(Object.getPrototypeOf(value) as object);
  if (name === '') return has(value, Symbol.asyncIterator) ? 'an async iterable' : Object.prototype.toString.call(value);
  return `${/^(?:[AEIO]|U(?!int))/.test(name) ? 'an' : 'a'} ${name}`;
}
