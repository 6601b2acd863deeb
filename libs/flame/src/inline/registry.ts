/** Returns `this` of the place where an inline function stands (undefined if it has none), and the values that the function captures. */
export type Captures = () => readonly [self: unknown, ...values: unknown[]];

/** The note on an inline function that only `Flame` reads. */
export class Mark {
  constructor(
    /** `Class.method/n`, or `file#function/n` outside of classes. */
    readonly id: string,
    /** Undefined if the compile step found a problem. */
    readonly captures: Captures | undefined,
    /** Why the function cannot run elsewhere; the text of the error that `Flame` throws. */
    readonly problem: string | undefined,
    /** The digest of the function. It tells functions with one id apart, which classes with one name have. */
    readonly digest: string | undefined,
  ) {}
}

/** A copy of an inline function that uses `this`, `super` or private names: a method of its class, under a symbol. */
export interface InlineMethod {
  readonly id: string;
  /** A hash of the id, the captured names and the code. */
  readonly digest: string;
  /** The names of the captured variables, which are the first parameters. */
  readonly names: readonly string[];
  readonly symbol: symbol;
}

/** A copy of an inline function that uses none of them. */
export interface InlineFunction {
  readonly id: string;
  /** A hash of the id, the captured names and the code. */
  readonly digest: string;
  /** The names of the captured variables, which are the first parameters. */
  readonly names: readonly string[];
  /** The copy itself: the captured values come before the function's own arguments. */
  readonly run: (...args: never[]) => unknown;
}

/** Its constructor returns the function that it is given. So the fields of a derived class become fields of that function. */
class Itself {
  constructor(fn: Function) {
    return fn;
  }
}

/**
 * Keeps marks in a private field of the functions, which no other code sees. A WeakMap would do the same at 7 µs a mark in place of 0.1, as the
 * garbage collector has to look through its entries: twice the time of a whole call (Node 20 and 26).
 */
class Marked extends Itself {
  #mark: Mark;

  private constructor(fn: Function, mark: Mark) {
    super(fn);
    this.#mark = mark;
  }

  static readonly set = (fn: Function, mark: Mark): void => {
    if (#mark in fn) (fn as unknown as Marked).#mark = mark;
    else new Marked(fn, mark);
  };

  static readonly get = (fn: object): Mark | undefined => (#mark in fn ? (fn as unknown as Marked).#mark : undefined);
}

interface Registry {
  readonly mark: (fn: Function, mark: Mark) => void;
  readonly markOf: (fn: object) => Mark | undefined;
  readonly methods: Map<symbol, InlineMethod>;
  /** The symbols of `methods` by id and digest. */
  readonly symbols: Map<string, symbol>;
  /** By id and digest. */
  readonly functions: Map<string, InlineFunction>;
}

/** Copies of this module share one registry: those of CommonJS and of ES modules, and those that a test runner loads again. */
const key = Symbol.for('nestjs-flame:inline');

const global = globalThis as { [key]?: Registry };

const registry = (global[key] ??= {
  mark: Marked.set,
  markOf: Marked.get,
  methods: new Map(),
  symbols: new Map(),
  functions: new Map(),
});

/** The registered methods by symbol. */
export const inlineMethods: ReadonlyMap<symbol, InlineMethod> = registry.methods;

/** The registered functions by `keyOf` their id and digest. */
export const inlineFunctions: ReadonlyMap<string, InlineFunction> = registry.functions;

/** The mark of a function; undefined if it was not compiled as an inline function. */
export function markOf(fn: unknown): Mark | undefined {
  return typeof fn === 'function' ? registry.markOf(fn) : undefined;
}

/** The key of a function in `inlineFunctions`. */
export function keyOf(id: string, digest: string): string {
  return `${id} ${digest}`;
}

export function mark(fn: Function, note: Mark): void {
  registry.mark(fn, note);
}

/** Registers a method. The same function, loaded again, has the same symbol. */
export function addMethod(id: string, digest: string, names: readonly string[]): symbol {
  const known = registry.symbols.get(keyOf(id, digest));
  if (known) return known;
  const symbol = Symbol(id);
  registry.symbols.set(keyOf(id, digest), symbol);
  registry.methods.set(symbol, { id, digest, names, symbol });
  return symbol;
}

/** Registers a function. Of a module that was evaluated twice, the later evaluation holds. */
export function addFunction(added: InlineFunction): void {
  registry.functions.set(keyOf(added.id, added.digest), added);
}
