import { types } from 'node:util';
import { UnencodableError } from './codec.js';
import type { Replace, Replaced } from './codec.js';
import type { ClassRegistry, KnownClass } from './classes/class-registry.js';
import { builtInAbove } from './classes/behaviour.js';
import { isContainer, isDense } from './containers.js';
import { describeError } from './error-record.js';
import { mark, marked } from './marks.js';
import { isDetached, memoryOf, MemoryTable } from './memory-table.js';
import { detached, tooDeep, unmade } from './fixed-refusals.js';
import { refuseAmbiguous, refuseBehaviour, refuseHollow, refuseMember, refuseObject, refusePrimitive } from './refusals.js';
import type { Refusal } from './refusals.js';
import { isPlainKey, isPlainText } from './plain-writer.js';
import { thrownWords } from './thrown-words.js';
import { stepToItem, stepToKey, valuePath } from './value-path.js';
import type { Step } from './value-path.js';

/** Options of `prepare`. */
export interface PrepareOptions {
  readonly classes: ClassRegistry;
  readonly maxDepth: number;
  readonly replace?: Replace | undefined;
  /** Replaces a value that cannot cross with a note, instead of throwing an UnencodableError. */
  readonly lenient?: boolean;
}

/** @returns the value itself if MessagePack carries it as it is; otherwise a copy with marks, which copies only the parts that differ. */
export function prepare(value: unknown, options: PrepareOptions): unknown {
  return new Preparation(options).run(value);
}

/**
 * One walk over one value. Numbers the objects in the same order as `revive.ts`. Copies only the parts that contain something special, so
 * that small plain values are cheap.
 */
export class Preparation {
  readonly #options: PrepareOptions;
  /** The objects that the walk has met, with their numbers. The first has a field of its own: most values contain no other. */
  #first: object | undefined;
  #others: Map<object, number> | undefined;
  /** The path to the current object. Entries beyond the current depth are stale. */
  readonly #steps: Step[] = [];
  #memory: MemoryTable | undefined;
  /**
   * Objects whose replacement is being prepared. The other side creates them only after their content, so the content cannot refer to them.
   */
  #unmade: Set<object> | undefined;

  constructor(options: PrepareOptions) {
    this.#options = options;
  }

  run(value: unknown): unknown {
    const prepared = this.#value(value, 0);
    return this.#memory ? this.#memory.root(prepared) : prepared;
  }

  #value(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return isPlainText(value) ? value : marked(mark.text, Buffer.from(value, 'utf16le'));
      case 'number':
        return Object.is(value, -0) ? marked(mark.minusZero) : value;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      case 'function':
      case 'symbol':
        return this.#refuse(refusePrimitive(value), depth);
      default:
        return value;
    }
  }

  #object(value: object, depth: number): unknown {
    const met = this.#meet(value);
    if (met >= 0) return this.#unmade?.has(value) ? this.#refuse(unmade, depth) : marked(mark.ref, met);
    if (depth > this.#options.maxDepth) return this.#refuse(tooDeep(this.#options.maxDepth), depth);
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) {
      return Symbol.asyncIterator in value ? this.#foreign(value, prototype, depth) : this.#record(value, depth);
    }
    if (Array.isArray(value)) return prototype === Array.prototype ? this.#array(value, depth) : this.#special(value, prototype!, depth);
    return prototype === null ? this.#record(value, depth) : this.#special(value, prototype, depth);
  }

  /** @returns the object's number if it was met before, otherwise -1. */
  #meet(value: object): number {
    if (this.#first === undefined) {
      this.#first = value;
      return -1;
    }
    if (this.#first === value) return 0;
    const others = (this.#others ??= new Map<object, number>());
    const met = others.get(value);
    if (met !== undefined) return met;
    others.set(value, others.size + 1);
    return -1;
  }

  #record(value: object, depth: number): unknown {
    const keys = Object.keys(value);
    for (const key of keys) if (!isPlainKey(key)) return this.#entries(marked(mark.record), value, keys, depth);
    let copy: Record<string, unknown> | undefined;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const child = this.#read(value, key, depth);
      const prepared = this.#value(child, depth + 1);
      if (!copy) {
        if (Object.is(prepared, child)) continue;
        copy = {};
        for (let j = 0; j < i; j++) copy[keys[j]!] = (value as Record<string, unknown>)[keys[j]!];
      }
      copy[key] = prepared;
    }
    return copy ?? value;
  }

  #array(value: readonly unknown[], depth: number): unknown {
    if (!isDense(value)) return this.#entries(marked(mark.array, value.length), value, Object.keys(value), depth);
    // For a subclass that only holds data, copy the elements: msgpackr would look for an extension of that subclass.
    let copy: unknown[] | undefined = value.constructor === Array ? undefined : [];
    for (let i = 0; i < value.length; i++) {
      this.#steps[depth] = i;
      const child = value[i];
      const prepared = this.#value(child, depth + 1);
      if (!copy) {
        if (Object.is(prepared, child)) continue;
        copy = value.slice(0, i);
      }
      copy.push(prepared);
    }
    return copy ?? value;
  }

  /** Prepares an object that is neither a plain object nor a plain array. */
  #special(value: object, prototype: object, depth: number): unknown {
    if (prototype === Date.prototype && types.isDate(value)) return value;
    const { known } = this.#options.classes.treatmentOf(prototype, value);
    if (known?.ambiguous) return this.#refuse(refuseAmbiguous(known.name), depth);
    if (known?.encode) return this.#encoded(value, known, depth);
    if (types.isNativeError(value) || value instanceof Error) return this.#error(value, depth);
    if (known) return this.#instance(value, known, depth);
    if (isContainer(value)) return this.#container(value, prototype, depth);
    return this.#foreign(value, prototype, depth);
  }

  /** Prepares an instance of a built-in class whose content is not in properties, such as a Map, or of a subclass of one. */
  #container(value: object, prototype: object, depth: number): unknown {
    const treatment = this.#options.classes.treatmentOf(prototype, value);
    if (!treatment.builtIn) {
      const extra = Array.isArray(value) ? undefined : Object.keys(value).find((key) => !/^\d+$/.test(key));
      const lost = treatment.behaviour ?? (extra === undefined ? undefined : `the property ${extra}`);
      if (lost !== undefined) return this.#refuse(refuseBehaviour(value, lost), depth);
    }
    if (Array.isArray(value)) return this.#array(value, depth);
    if (types.isDate(value)) return new Date(Date.prototype.getTime.call(value));
    if (types.isMap(value)) return this.#map(value, depth);
    if (types.isSet(value)) return this.#set(value, depth);
    if (Buffer.isBuffer(value)) return value;
    const memory = memoryOf(value);
    if (memory) return isDetached(memory) ? this.#refuse(detached, depth) : (this.#memory ??= new MemoryTable()).mark(value, memory);
    if (types.isRegExp(value)) return marked(mark.regExp, value.source, value.flags);
    if (types.isBoxedPrimitive(value)) return marked(mark.boxed, this.#value(value.valueOf(), depth));
    return this.#foreign(value, prototype, depth);
  }

  #instance(value: object, known: KnownClass, depth: number): unknown {
    const content = marked(mark.instance, known.name);
    for (const key of Object.keys(value)) {
      const item = this.#member(value, key, depth);
      content.push(this.#value(key, depth), item);
    }
    return content;
  }

  #map(value: Map<unknown, unknown>, depth: number): unknown {
    const content = marked(mark.map);
    let index = 0;
    for (const [key, item] of Map.prototype.entries.call(value)) {
      this.#steps[depth] = stepToKey(index);
      const preparedKey = this.#value(key, depth + 1);
      this.#steps[depth] = stepToItem(index, key);
      content.push(preparedKey, this.#value(item, depth + 1));
      index++;
    }
    return content;
  }

  #set(value: Set<unknown>, depth: number): unknown {
    const content = marked(mark.set);
    let index = 0;
    for (const item of Set.prototype.values.call(value)) {
      this.#steps[depth] = stepToItem(index++);
      content.push(this.#value(item, depth + 1));
    }
    return content;
  }

  #error(error: Error, depth: number): unknown {
    const base = this.#options.classes.errorBase(error);
    const { hidden, own } = describeError(error, base.prototype);
    const hiddenEntries = hidden.flatMap(([key, item]) => {
      this.#steps[depth] = key;
      return [key, this.#value(item, depth + 1)];
    });
    return marked(mark.error, base.name, hiddenEntries, this.#entries([], error, own, depth));
  }

  #encoded(value: object, known: KnownClass, depth: number): unknown {
    let wire: unknown;
    try {
      wire = known.encode!(value);
    } catch (error) {
      return this.#refuse({ what: `a ${known.name} whose \`encode\` threw (${thrownWords(error)})`, fix: 'correct its `encode`' }, depth);
    }
    return marked(mark.encoded, known.name, this.#within(value, wire, depth));
  }

  #beside(value: object, replaced: Replaced, depth: number): unknown {
    return marked(mark.replaced, replaced.number, this.#within(value, replaced.beside, depth));
  }

  /** Prepares the content from which the other end creates `value`. */
  #within(value: object, content: unknown, depth: number): unknown {
    const unmade = (this.#unmade ??= new Set<object>());
    unmade.add(value);
    this.#steps[depth] = { words: '' };
    const prepared = this.#value(content, depth + 1);
    unmade.delete(value);
    return prepared;
  }

  /**
   * Prepares an object of an unregistered class: `replace` takes it, or it is refused, or it becomes a plain object if it only holds data.
   */
  #foreign(value: object, prototype: object, depth: number): unknown {
    const replaced = this.#options.replace?.(value);
    if (typeof replaced === 'number') return marked(mark.replaced, replaced);
    if (replaced !== undefined) return this.#beside(value, replaced, depth);
    const refusal = this.#refusalOf(value, prototype);
    return refusal ? this.#refuse(refusal, depth) : this.#plain(value, depth);
  }

  #refusalOf(value: object, prototype: object): Refusal | undefined {
    try {
      const refusal = refuseObject(value);
      if (refusal) return refusal;
      const { behaviour } = this.#options.classes.treatmentOf(prototype, value);
      if (behaviour !== undefined) return refuseBehaviour(value, behaviour);
      const base = builtInAbove(prototype);
      return base === undefined ? undefined : refuseHollow(value, base);
    } catch (error) {
      return { what: `an object that throws when its properties are read (${thrownWords(error)})`, fix: 'pass plain data' };
    }
  }

  #plain(value: object, depth: number): unknown {
    const keys = Object.keys(value);
    if (!keys.every(isPlainKey)) return this.#entries(marked(mark.record), value, keys, depth);
    const copy: Record<string, unknown> = {};
    for (const key of keys) copy[key] = this.#member(value, key, depth);
    return copy;
  }

  /** Prepares a property of a class's instance. */
  #member(value: object, key: string, depth: number): unknown {
    const item = this.#read(value, key, depth);
    return typeof item === 'function' ? this.#refuse(refuseMember(value, item), depth + 1) : this.#value(item, depth + 1);
  }

  /** Appends key, value, … to `into`. */
  #entries(into: unknown[], value: object, keys: readonly string[], depth: number): unknown[] {
    for (const key of keys) {
      const item = this.#value(this.#read(value, key, depth), depth + 1);
      into.push(this.#value(key, depth), item);
    }
    return into;
  }

  #read(value: object, key: string, depth: number): unknown {
    this.#steps[depth] = key;
    try {
      return (value as Record<string, unknown>)[key];
    } catch (error) {
      return this.#refuse({ what: `a getter that throws (${thrownWords(error)})`, fix: 'omit it, or correct it' }, depth + 1);
    }
  }

  #refuse({ what, fix }: Refusal, depth: number): unknown {
    const short = what.replace(/,$/, '');
    if (this.#options.lenient && depth > 0) return `[left out: ${short}]`;
    // A thrown value is never replaced as a whole: its caller would catch a string.
    const reason = this.#options.lenient ? `it is ${short}: ${fix}` : `${what} cannot cross to another process: ${fix}`;
    throw new UnencodableError(valuePath(this.#steps.slice(0, depth)), reason);
  }
}
