import { MalformedError, UnreadableError } from './codec.js';
import type { Materialize } from './codec.js';
import type { ClassRegistry, KnownClass } from './classes/class-registry.js';
import { thrownWords } from './thrown-words.js';
import { addHelp, isHiddenKey, makeError } from './error-record.js';
import { isMark, mark } from './marks.js';
import { stepToItem, stepToKey } from './value-path.js';
import type { Step } from './value-path.js';
import type { Mark } from './marks.js';

/** Options of `revive`. */
export interface ReviveOptions {
  readonly classes: ClassRegistry;
  readonly materialize?: Materialize | undefined;
}

/**
 * Replaces the marks in a decoded value, in place, with the values that they stand for. @throws {MalformedError} for marks that our encoder
 * does not write.
 */
export function revive(value: unknown, options: ReviveOptions): unknown {
  return new Revival(options).run(value);
}

/** Stands for an object that `decode` or `materialize` has yet to create, because its content comes first. */
const unmade = Symbol('unmade');

class Revival {
  readonly #options: ReviveOptions;
  /** The objects that the walk has met, by number. */
  readonly #met: unknown[] = [];
  readonly #memory: { start: number; buffer: ArrayBuffer }[] = [];

  constructor(options: ReviveOptions) {
    this.#options = options;
  }

  run(value: unknown): unknown {
    if (!Array.isArray(value) || !isMark(value) || value[1] !== mark.root) return this.#value(value);
    for (let i = 3; i < value.length; i += 2) {
      this.#memory.push({ start: integer(value[i]), buffer: ownMemory(bytes(value[i + 1])) });
    }
    return this.#value(value[2]);
  }

  #value(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return isMark(value) ? this.#mark(value) : this.#fill(this.#meet(value));
    this.#meet(value);
    return value instanceof Uint8Array || value instanceof Date ? value : this.#fill(value);
  }

  #fill<T extends object>(container: T): T {
    const slots = container as Record<string, unknown>;
    let key = '';
    try {
      for (key of Object.keys(slots)) {
        const item = slots[key];
        if (typeof item === 'object' && item !== null) slots[key] = this.#value(item);
      }
    } catch (error) {
      throw at(stepInto(container, key), error);
    }
    return container;
  }

  #mark(content: Mark): unknown {
    switch (content[1]) {
      case mark.ref:
        return this.#ref(integer(content[2]));
      case mark.minusZero:
        return -0;
      case mark.text:
        return bytes(content[2]).toString('utf16le');
      case mark.record:
        return this.#define(this.#meet({}), content, 2);
      case mark.array:
        return this.#array(content);
      case mark.map:
        return this.#map(content);
      case mark.set:
        return this.#set(content);
      case mark.regExp:
        return this.#meet(new RegExp(string(content[2]), string(content[3])));
      case mark.boxed:
        return this.#meet(Object(this.#value(content[2])));
      case mark.arrayBuffer:
        return this.#meet(this.#memoryAt(content[2]).buffer);
      case mark.view:
        return this.#view(content);
      case mark.error:
        return this.#error(content);
      case mark.instance:
        return this.#define(this.#meet(Object.create(this.#prototype(content[2])) as object), content, 3);
      case mark.encoded:
        return this.#encoded(content);
      case mark.replaced:
        return this.#replaced(content);
      default:
        throw new MalformedError(`malformed value: mark ${String(content[1])} is not known here`);
    }
  }

  /** Gives an object the next number. */
  #meet<T>(value: T): T {
    this.#met.push(value);
    return value;
  }

  #ref(number: number): unknown {
    const value = this.#met[number];
    if (number >= this.#met.length || value === unmade) throw new MalformedError(`malformed value: object ${number} does not exist yet`);
    return value;
  }

  /** Sets own properties from key, value, … Each becomes a data property, also for special keys and if the prototype has a setter. */
  #define<T extends object>(target: T, content: readonly unknown[], from: number): T {
    let key = '';
    try {
      for (let i = from; i < content.length; i += 2) {
        key = string(this.#value(content[i]));
        const value = this.#value(content[i + 1]);
        if (key in target) Object.defineProperty(target, key, { value, configurable: true, enumerable: true, writable: true });
        else (target as Record<string, unknown>)[key] = value;
      }
    } catch (error) {
      throw at(stepInto(target, key), error);
    }
    return target;
  }

  #array(content: Mark): unknown[] {
    const length = integer(content[2]);
    const array: unknown[] = this.#meet([]);
    // Setting `length` would allocate that many elements. Writing far beyond the end makes the array sparse instead.
    if (length > 0) {
      array[length - 1] = undefined;
      delete array[length - 1];
    }
    this.#define(array, content, 3);
    if (array.length !== length) throw new MalformedError('malformed value: an index beyond its array');
    return array;
  }

  #map(content: Mark): Map<unknown, unknown> {
    const map = this.#meet(new Map<unknown, unknown>());
    let key: unknown;
    let inKey = true;
    try {
      for (let i = 2; i < content.length; i += 2) {
        inKey = true;
        key = this.#value(content[i]);
        inKey = false;
        map.set(key, this.#value(content[i + 1]));
      }
    } catch (error) {
      throw at(inKey ? stepToKey(map.size) : stepToItem(map.size, key), error);
    }
    return map;
  }

  #set(content: Mark): Set<unknown> {
    const set = this.#meet(new Set<unknown>());
    try {
      for (let i = 2; i < content.length; i++) set.add(this.#value(content[i]));
    } catch (error) {
      throw at(stepToItem(set.size), error);
    }
    return set;
  }

  #view(content: Mark): unknown {
    const { start, buffer } = this.#memoryAt(content[3]);
    const View = views.get(string(content[2]));
    if (!View) throw new MalformedError(`malformed value: ${content[2]} is not known here`);
    return this.#meet(new View(buffer, integer(content[4]) - start, integer(content[5])));
  }

  #memoryAt(index: unknown): { start: number; buffer: ArrayBuffer } {
    const memory = this.#memory[integer(index)];
    if (!memory) throw new MalformedError('malformed value: memory that did not come');
    return memory;
  }

  #error(content: Mark): Error {
    const [, , name, hidden, own] = content;
    const prototype = this.#prototype(name);
    if (!(prototype === Error.prototype || prototype instanceof Error))
      throw new MalformedError(`malformed value: ${String(name)} is no error`);
    if (!Array.isArray(hidden) || !Array.isArray(own)) throw new MalformedError('malformed value: an error without its properties');
    const error = this.#meet(makeError(prototype));
    delete error.stack;
    for (let i = 0; i < hidden.length; i += 2) {
      const key: unknown = hidden[i];
      if (!isHiddenKey(key)) throw new MalformedError('malformed value: a property that errors do not hide');
      try {
        Object.defineProperty(error, key, { value: this.#value(hidden[i + 1]), configurable: true, writable: true });
      } catch (inner) {
        throw at(key, inner);
      }
    }
    this.#define(error, own, 0);
    addHelp(error);
    return error;
  }

  #encoded(content: Mark): unknown {
    const known = this.#known(content[2]);
    if (!known.decode) throw new MalformedError(`malformed value: ${known.name} has no \`decode\``);
    const number = this.#met.push(unmade) - 1;
    const wire = this.#value(content[3]);
    try {
      return (this.#met[number] = known.decode(wire));
    } catch (error) {
      throw new UnreadableError(`the \`decode\` of ${known.name} threw: ${thrownWords(error)}`, { cause: error });
    }
  }

  #replaced(content: Mark): unknown {
    const { materialize } = this.#options;
    if (!materialize) throw new MalformedError('malformed value: it holds a placeholder, and none is expected here');
    const number = this.#met.push(unmade) - 1;
    return (this.#met[number] = materialize(integer(content[2]), content.length > 3 ? this.#value(content[3]) : undefined));
  }

  #prototype(name: unknown): object {
    const { prototype } = this.#known(name);
    if (!prototype) throw new MalformedError(`malformed value: ${String(name)} is no class`);
    return prototype;
  }

  #known(name: unknown): KnownClass {
    const known = this.#options.classes.named(string(name));
    if (!known) throw new UnreadableError(`the class ${String(name)} is not registered here: register it on both sides`);
    return known;
  }
}

/** Adds `step` to the front of the path of an UnreadableError. */
function at(step: Step, error: unknown): unknown {
  if (error instanceof UnreadableError) error.steps.unshift(step);
  return error;
}

function stepInto(container: object, key: string): Step {
  return Array.isArray(container) && isPlainIndex.test(key) ? Number(key) : key;
}

const isPlainIndex = /^\d+$/;

type View = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;

const viewNames = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array', // not in every Node
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
];

const views = new Map(
  viewNames.filter((name) => name in globalThis).map((name) => [name, (globalThis as unknown as Record<string, View>)[name]!]),
);

function ownMemory(content: Buffer): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = content;
  return (buffer.byteLength === byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}

function bytes(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new MalformedError('malformed value: bytes expected');
  return value;
}

function integer(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new MalformedError('malformed value: a count expected');
  return value as number;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new MalformedError('malformed value: a string expected');
  return value;
}
