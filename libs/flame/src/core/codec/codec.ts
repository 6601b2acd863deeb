/**
 * Turns values into bytes and back: everything that `structuredClone` takes, and beyond it errors in full, Buffers as
 * Buffers, URLs and registered classes. LocalBackend round-trips through it too, so that what works in development works
 * in production.
 */
export interface Codec {
  /**
   * `hoist` is asked about every object that cannot be encoded by itself (a stream, an AbortSignal, a class that is not registered);
   * a number that it returns travels in the object's place, and `lower` at the other end makes something of it.
   *
   * @throws {UnencodableError} with the path of the value that cannot cross.
   */
  encode(value: unknown, hoist?: Hoist): Uint8Array;
  /** Never sets a prototype that was not registered. @throws {MalformedError} on bytes that no codec wrote. */
  decode(bytes: Uint8Array, lower?: Lower): unknown;
  /** Encodes whatever a handler threw; never throws: what cannot cross is left out and said so. */
  encodeThrown(thrown: unknown): Uint8Array;
  /** `runner` becomes a line of the stack that says where the error was thrown. */
  decodeThrown(bytes: Uint8Array, runner: string): unknown;
}

/** Returns what stands for `value` on the wire, or undefined when it does not know what to do with it. */
export type Hoist = (value: object) => number | Hoisted | undefined;

/** A number, and beside it a value that is encoded like any other. */
export interface Hoisted {
  readonly number: number;
  readonly beside: unknown;
}

/** Makes at this end what stands for the number that `hoist` gave at the other; `beside` is what came with it. */
export type Lower = (number: number, beside: unknown) => unknown;

/** A class whose instances cross as themselves. Plain own properties are carried, unless `encode` and `decode` say otherwise. */
export interface RegisteredClass<T = any, W = any> {
  /** Its name on the wire; `type.name` when left out. Equal on both sides, unique. */
  readonly name?: string;
  readonly type: abstract new (...args: any[]) => T;
  readonly encode?: (value: T) => W;
  readonly decode?: (wire: W) => T;
}

/** A value cannot cross. `path` leads to it from the value given, for example `[0].file.handle`; `reason` says what it is and what to do. */
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
    const dot = this.path === '' || this.path.startsWith('[') ? '' : '.';
    return `${root}${dot}${this.path}: ${this.reason}`;
  }
}

/** Bytes that no codec of this version wrote. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}
