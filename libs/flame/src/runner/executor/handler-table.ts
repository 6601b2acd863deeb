/**
 * The handlers of this app, by their number in the manifest: what `nest/` gives the executor, so that a runner needs to
 * know nothing of Nest.
 */
export interface HandlerTable {
  /**
   * Runs a handler and gives what it returns: a promise, a stream, or a plain value. Resolves the instance first, in a fresh
   * context where the provider is request-scoped.
   */
  invoke(handler: number, args: unknown[]): unknown;
  /** The name for logs and errors, `Class.method`, or `new Class` for a class of children. */
  name(handler: number): string;
  /** The class of children that has this number; undefined for a method. */
  child(handler: number): ChildClass | undefined;
  /** Whether the resources in a handler's result are tracked; undefined where the pool decides. */
  tracks(handler: number): boolean | undefined;
}

/** A class whose instances can be placed on runners. */
export interface ChildClass {
  /** The class's own name. */
  readonly label: string;
  /** What may be called of its instances. */
  readonly methods: ReadonlySet<string>;
  /** Makes an instance with its dependencies. */
  make(): Promise<object>;
}
