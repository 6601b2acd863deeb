import { valuePath } from './value-path.js';
import type { Step } from './value-path.js';

/**
 * Turns values into bytes and back: everything that `structuredClone` takes, and beyond it errors in full, Buffers as
 * Buffers, URLs and registered classes. LocalBackend round-trips through it too, so that what works in development works
 * in production.
 *
 * Where it differs from `structuredClone`: of a typed array only the part that is shown crosses, not the whole ArrayBuffer under it; shared
 * memory is refused; so are instances of classes that are not registered and would lose behaviour.
 */
export interface Codec {
  /**
   * Bytes that hold all there is to decode them, and that nobody writes to afterwards. `value` is not changed; its getters may run twice.
   *
   * An instance of a class that is not registered is refused where its class has behaviour (methods, accessors, private state), and crosses
   * as a plain object with its own properties where it only holds data. `replace` is asked first, once about each of them, and about every
   * object that would be refused (a stream, an AbortSignal, an async iterable); a number that it returns travels in the object's place, and
   * `materialize` at the other end makes something of it. Functions and symbols are no objects: they are refused.
   *
   * @throws {UnencodableError} with the path of the value that cannot cross.
   */
  encode(value: unknown, replace?: Replace): Uint8Array;
  /**
   * Never sets a prototype that was not registered. Decoded Buffers and typed arrays have memory of their own, except a large Buffer that
   * fills most of the memory under `bytes`, which it takes over: `bytes` is decoded once, and not written to afterwards.
   *
   * @throws {MalformedError} on bytes that no codec wrote. {UnreadableError} on instances that cannot be made here.
   */
  decode(bytes: Uint8Array, materialize?: Materialize): unknown;
  /** Encodes whatever a handler threw; never throws: what cannot cross is left out and said so. */
  encodeThrown(thrown: unknown): Uint8Array;
  /** `runner`, for example `runner 7f3a (pool ffmpeg)`, becomes the last line of the stack, that says where the error was thrown. */
  decodeThrown(bytes: Uint8Array, runner: string): unknown;
}

/** Returns what stands for `value` on the wire, or undefined when it does not know what to do with it. */
export type Replace = (value: object) => number | Replaced | undefined;

/** A number, and beside it a value that is encoded like any other. */
export interface Replaced {
  readonly number: number;
  readonly beside: unknown;
}

/** Makes at this end what stands for the number that `replace` gave at the other; `beside` is what came with it. */
export type Materialize = (number: number, beside: unknown) => unknown;

/**
 * A class whose instances cross as themselves. Plain own properties are carried, unless `encode` and `decode` say otherwise; the
 * constructor is not called. An error of a class below it that is not registered arrives as an error of this class, with its own `name`.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- in `encode` and `decode` both are parameters and results
export interface RegisteredClass<T = any, W = any> {
  /** Its name on the wire; `type.name` when left out. Equal on both sides, unique. */
  readonly name?: string;
  readonly type: abstract new (...args: any[]) => T;
  readonly encode?: (value: T) => W;
  readonly decode?: (wire: W) => T;
}

/**
 * A kind of value that is told by what it is and not by its class, as an app may have several copies of a package. It goes before classes
 * that register themselves, and after those that are registered.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- in `encode` and `decode` both are parameters and results
export interface RegisteredKind<T = any, W = any> {
  /** Its name on the wire. Equal on both sides, unique. */
  readonly name: string;
  /** Whether an object is of that kind; asked once about each prototype. */
  readonly is: (value: object) => boolean;
  readonly encode: (value: T) => W;
  readonly decode: (wire: W) => T;
}

/**
 * A value cannot cross. `path` leads to it from the value given, for example `[0].file.handle`; `reason` says what it is and what to do.
 */
export class UnencodableError extends Error {
  override readonly name = 'UnencodableError';
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(path === '' ? reason : `${path}: ${reason}`);
  }

  /** The error's words, with the path under a name for the whole value: `result.file.handle: a function …`. */
  under(root: string): string {
    return `${pathUnder(root, this.path)}: ${this.reason}`;
  }
}

/** Bytes that no codec of this version wrote. */
export class MalformedError extends Error {
  override readonly name: string = 'MalformedError';
}

/**
 * Bytes that are in order, but hold what this side cannot make: an instance of a class that is not registered here, or whose `decode`
 * threw.
 */
export class UnreadableError extends MalformedError {
  override readonly name = 'UnreadableError';
  /** The way to the instance, from the whole value. */
  readonly steps: Step[] = [];

  /** The error's words, with the path under a name for the whole value: `result.user: the class User …`. */
  under(root: string): string {
    return `${pathUnder(root, valuePath(this.steps))}: ${this.message}`;
  }
}

function pathUnder(root: string, path: string): string {
  const dot = path === '' || path.startsWith('[') ? '' : '.';
  return `${root}${dot}${path}`;
}
