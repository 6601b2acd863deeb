/**
 * The handlers of this app, by their numbers in the manifest. `nest/` implements it, so that the executor needs to know nothing of Nest.
 */
export interface HandlerTable {
  /**
   * Calls a handler and returns its result: a promise, a stream, or a plain value. Resolves the instance first, in a fresh
   * context where the provider is request-scoped.
   */
  invoke(handler: number, args: unknown[]): unknown;
  /** The name for logs and errors, `Class.method`, or `new Class` for a class of children. */
  name(handler: number): string;
  /** The class of children with this number; undefined for a method. */
  child(handler: number): ChildClass | undefined;
  /** Whether the resources in a handler's result are tracked; undefined where the pool decides. */
  tracks(handler: number): boolean | undefined;
}

/** A class whose instances can be placed on runners. */
export interface ChildClass {
  /** The class's own name. */
  readonly label: string;
  /** The methods of its instances that may be called. */
  readonly methods: ReadonlySet<string>;
  /** Makes an instance with its dependencies. */
  make(): Promise<object>;
}
