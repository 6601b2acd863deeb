import { valuePath } from './value-path.js';
import type { Step } from './value-path.js';

/**
 * Turns values into bytes and back. A codec carries everything that `structuredClone` carries, and in addition complete errors, Buffers as
 * Buffers, URLs and registered classes. LocalBackend uses the same codec, so that a value that works in development also works in
 * production.
 *
 * Differences from `structuredClone`: of the ArrayBuffer under a typed array, only the part that the typed array covers crosses. Shared
 * memory is refused. An instance of a class that is not registered is refused if a copy would lose behaviour.
 */
export interface Codec {
  /**
   * Encodes a value into self-contained bytes that nothing writes to afterwards. `value` is not changed; its getters may run twice.
   *
   * An instance of a class that is not registered is refused if the class has behaviour (methods, accessors, private state). If the class
   * only holds data, the instance crosses as a plain object with its own properties. `replace` is called once for each such instance, and
   * once for each object that would be refused (a stream, an AbortSignal, an async iterable). A number that it returns travels in place of
   * the object, and `materialize` at the other end turns the number into a value. Functions and symbols are not objects: they are refused
   * without a call to `replace`.
   *
   * @throws {UnencodableError} with the path of the value that cannot cross.
   */
  encode(value: unknown, replace?: Replace): Uint8Array;
  /**
   * Decodes a value. Never sets a prototype that is not registered. Decoded Buffers and typed arrays own their memory, with one exception:
   * a large Buffer that fills most of the memory under `bytes` takes that memory over. Decode `bytes` only once, and do not write to it
   * afterwards.
   *
   * @throws {MalformedError} for bytes that no codec wrote.
   * @throws {UnreadableError} for an instance that cannot be created here.
   */
  decode(bytes: Uint8Array, materialize?: Materialize): unknown;
  /** Encodes any value that a handler threw. Never throws: a part that cannot cross is left out, and a note takes its place. */
  encodeThrown(thrown: unknown): Uint8Array;
  /**
   * Decodes a thrown value. `runner`, for example `runner 7f3a (pool ffmpeg)`, becomes the last line of an error's stack and says where the
   * error was thrown.
   */
  decodeThrown(bytes: Uint8Array, runner: string): unknown;
}

/** Returns the replacement of `value` on the wire, or undefined if there is none. */
export type Replace = (value: object) => number | Replaced | undefined;

/** A number, and a value that travels with it and is encoded like any other value. */
export interface Replaced {
  readonly number: number;
  readonly beside: unknown;
}

/** Creates the value for a number that `replace` returned at the other end. `beside` is the value that travelled with the number. */
export type Materialize = (number: number, beside: unknown) => unknown;

/**
 * A class whose instances keep their class when they cross. Their plain own properties are carried, unless `encode` and `decode` do
 * otherwise. The constructor is not called. An error of an unregistered subclass arrives as an error of this class, with its own `name`.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- in `encode` and `decode` both are parameters and results
export interface RegisteredClass<T = any, W = any> {
  /** Its name on the wire, unique and equal on both sides; `type.name` when left out. */
  readonly name?: string;
  readonly type: abstract new (...args: any[]) => T;
  /** Returns what is sent in place of an instance; its own properties when left out. Needs `decode`. */
  readonly encode?: (value: T) => W;
  /** Makes an instance of what `encode` has returned. */
  readonly decode?: (wire: W) => T;
}

/**
 * A kind of value that `is` recognizes by its shape and not by its class, because an app may have several copies of a package. Registered
 * classes take precedence over kinds, and kinds over classes that register themselves.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- in `encode` and `decode` both are parameters and results
export interface RegisteredKind<T = any, W = any> {
  /** Its name on the wire, unique and equal on both sides. */
  readonly name: string;
  /** Whether an object is of this kind. Called once for each prototype. */
  readonly is: (value: object) => boolean;
  /** Returns what is sent in place of a value of this kind. */
  readonly encode: (value: T) => W;
  /** Makes a value of this kind of what `encode` has returned. */
  readonly decode: (wire: W) => T;
}

/**
 * A value cannot cross. `path` leads to it from the encoded value, for example `[0].file.handle`. `reason` names the value and says what to
 * do.
 */
export class UnencodableError extends Error {
  override readonly name = 'UnencodableError';
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(path === '' ? reason : `${path}: ${reason}`);
  }

  /** The message, with a name for the whole value in front of the path: `result.file.handle: a function …`. */
  under(root: string): string {
    return `${pathUnder(root, this.path)}: ${this.reason}`;
  }
}

/** Bytes that no codec of this version wrote. */
export class MalformedError extends Error {
  override readonly name: string = 'MalformedError';
}

/**
 * The bytes are well-formed, but hold an instance that this side cannot create: its class is not registered here, or the `decode` of its
 * class threw.
 */
export class UnreadableError extends MalformedError {
  override readonly name = 'UnreadableError';
  /** The path from the whole value to the instance. */
  readonly steps: Step[] = [];

  /** The message, with a name for the whole value in front of the path: `result.user: the class User …`. */
  under(root: string): string {
    return `${pathUnder(root, valuePath(this.steps))}: ${this.message}`;
  }
}

function pathUnder(root: string, path: string): string {
  const dot = path === '' || path.startsWith('[') ? '' : '.';
  return `${root}${dot}${path}`;
}
