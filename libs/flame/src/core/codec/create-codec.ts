import { Packr } from 'msgpackr';
import { ClassRegistry } from './classes/class-registry.js';
import { MalformedError, UnencodableError } from './codec.js';
import type { FindClasses } from './classes/automatic-classes.js';
import type { ClassSources } from './classes/class-registry.js';
import type { Codec, Replace, Materialize, RegisteredClass, RegisteredKind } from './codec.js';
import { addStackLine } from './error-record.js';
import { notPlain, readPlain } from './plain-reader.js';
import { PlainWriter } from './plain-writer.js';
import { prepare } from './prepare.js';
import { revive } from './revive.js';
import { scan } from './scan.js';
import { thrownWords } from './thrown-words.js';

/** Options of `createCodec`. */
export interface CodecOptions {
  /** Classes whose instances keep their class, in addition to errors, URL, URLSearchParams and DOMException. @default [] */
  readonly classes?: readonly (RegisteredClass | RegisteredKind)[];
  /** Finds classes that register themselves. @default none */
  readonly find?: FindClasses;
  /** Error classes by name. Each is loaded when an error of that name crosses. @default none */
  readonly errors?: ClassSources['errors'];
  /** Called once for each error class that is not registered. @default none is called */
  readonly onLost?: ClassSources['onLost'];
  /** How deep a value may be nested. The sender and the receiver refuse deeper values. @default 1000 */
  readonly maxDepth?: number;
  /** How many bytes an encoded value may take. The sender refuses larger values. @default Infinity */
  readonly maxBytes?: number;
  /**
   * Returns memory for a value with a large Buffer: at least as many bytes as asked for, with any content. @default Buffer.allocUnsafeSlow
   */
  readonly allocate?: ((length: number) => Buffer) | undefined;
}

/**
 * msgpackr permanently keeps a slab as large as the largest message that it wrote. After a message above this many bytes, it gets a new,
 * small slab.
 */
const largeMessage = 1 << 20;
const slabSize = 8192;

/**
 * Creates a codec over MessagePack. Each message is self-contained. Strings, numbers, plain objects, dense arrays, dates and Buffers are
 * written as they are. Every other value travels as a mark among them (`marks.ts`). The values of most calls take a faster path
 * (`plain-writer.ts`).
 *
 * Decoded Buffers and typed arrays own their memory. A large Buffer may take over the memory of the decoded bytes.
 *
 * @throws {FlameError} FLAME_CONFIG when a class cannot be registered.
 */
export function createCodec(options: CodecOptions = {}): Codec {
  return new MsgpackCodec(
    new ClassRegistry({ ...options, classes: options.classes ?? [] }),
    options.maxDepth ?? 1000,
    options.maxBytes ?? Infinity,
    new PlainWriter(options.allocate),
  );
}

class MsgpackCodec implements Codec {
  readonly #classes: ClassRegistry;
  readonly #maxDepth: number;
  readonly #maxBytes: number;
  readonly #plain: PlainWriter;
  readonly #packr = new Packr({
    useRecords: false,
    variableMapSize: true,
    useToJSON: false,
    useBigIntExtension: true,
    copyBuffers: true,
  });

  constructor(classes: ClassRegistry, maxDepth: number, maxBytes: number, plain: PlainWriter) {
    this.#classes = classes;
    this.#maxDepth = maxDepth;
    this.#maxBytes = maxBytes;
    this.#plain = plain;
  }

  encode(value: unknown, replace?: Replace): Uint8Array {
    return this.#limited(this.#writePlain(value) ?? this.#writeAny(value, replace));
  }

  decode(given: Uint8Array, materialize?: Materialize): unknown {
    // msgpackr decodes to Buffers only if its input is a Buffer.
    const bytes = Buffer.isBuffer(given) ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength);
    const plain = readPlain(bytes);
    if (plain !== notPlain) return plain;
    // An error takes two levels: its own, and that of its properties. The additional 8 are for the arrays around the value.
    const marks = scan(bytes, 2 * this.#maxDepth + 8);
    try {
      const value: unknown = this.#packr.unpack(bytes);
      return marks ? revive(value, { classes: this.#classes, materialize }) : value;
    } catch (error) {
      if (error instanceof MalformedError) throw error;
      throw new MalformedError(`malformed value: ${thrownWords(error)}`, { cause: error });
    }
  }

  encodeThrown(thrown: unknown): Uint8Array {
    try {
      return this.#limited(this.#write(this.#prepare(thrown, { lenient: true })));
    } catch (error) {
      // The replacement is small and must always cross, so `maxBytes` does not apply.
      return this.#write(
        this.#prepare(new Error(`the error that the handler threw cannot cross to another process: ${thrownWords(error)}`)),
      );
    }
  }

  decodeThrown(bytes: Uint8Array, runner: string): unknown {
    const thrown = this.decode(bytes);
    if (thrown instanceof Error) addStackLine(thrown, runner);
    return thrown;
  }

  #writePlain(value: unknown): Uint8Array | undefined {
    try {
      return this.#plain.write(value);
    } catch {
      // The full encoder says why, most likely the trap of a Proxy.
      return undefined;
    }
  }

  #writeAny(value: unknown, replace: Replace | undefined): Uint8Array {
    try {
      return this.#write(this.#prepare(value, { replace }));
    } catch (error) {
      if (error instanceof UnencodableError) throw error;
      throw new UnencodableError(
        '',
        `it cannot be read (${thrownWords(error)}), so it cannot cross to another process: pass plain data, and no Proxy that throws`,
      );
    }
  }

  #prepare(value: unknown, options: { replace?: Replace | undefined; lenient?: boolean } = {}): unknown {
    return prepare(value, { classes: this.#classes, maxDepth: this.#maxDepth, ...options });
  }

  #write(prepared: unknown): Uint8Array {
    let bytes: Uint8Array;
    try {
      bytes = this.#packr.pack(prepared);
    } catch (error) {
      throw new UnencodableError('', `the value cannot be written: ${thrownWords(error)}`);
    }
    // All users of msgpackr share the slab. In a microtask, none of them is packing.
    if (bytes.length > largeMessage) queueMicrotask(() => this.#packr.useBuffer(Buffer.allocUnsafeSlow(slabSize)));
    return bytes;
  }

  #limited(bytes: Uint8Array): Uint8Array {
    if (bytes.length > this.#maxBytes) throw tooLarge(bytes.length, this.#maxBytes);
    return bytes;
  }
}

function tooLarge(length: number, limit: number): UnencodableError {
  return new UnencodableError(
    '',
    `its ${length} bytes exceed maxPayload (${limit}): pass a reference to it (a path, a URL, a key), stream it, or raise maxPayload`,
  );
}
