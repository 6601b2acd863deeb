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
  /** The name for logs and errors, `Class.method`. */
  name(handler: number): string;
}
