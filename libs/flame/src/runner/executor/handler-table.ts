/** The handlers of this app, by their numbers in the manifest. `nest/` implements it, so that the executor does not depend on Nest. */
export interface HandlerTable {
  /**
   * Calls a handler and returns its result: a promise, a stream, or a plain value. Resolves the instance first; if the provider is
   * request-scoped, in a new context.
   */
  invoke(handler: number, args: unknown[]): unknown;
  /** The name for logs and errors, `Class.method`, or `new Class` for a class of children. */
  name(handler: number): string;
  /** The class of children with this number; undefined for a method. */
  child(handler: number): ChildClass | undefined;
  /** Whether the resources in a handler's result are tracked; undefined if the pool decides. */
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
