import { FlameBackend } from 'nestjs-flame';
import type { BackendContext, BootRequest, Machine } from 'nestjs-flame';

/** Wraps a backend so that its first boots fail, one with each of the errors. Boots for `undefined` succeed. */
export class FailingBackend extends FlameBackend {
  readonly name = 'failing';
  readonly reach: FlameBackend['reach'];
  /** The time of each boot request. */
  readonly requests: number[] = [];
  readonly #inner: FlameBackend;
  readonly #errors: (Error | undefined)[];

  constructor(inner: FlameBackend, errors: readonly (Error | undefined)[]) {
    super();
    this.reach = inner.reach;
    this.#inner = inner;
    this.#errors = [...errors];
  }

  override prepare(context: BackendContext): Promise<void> {
    return this.#inner.prepare(context);
  }

  async boot(request: BootRequest): Promise<Machine> {
    this.requests.push(performance.now());
    const error = this.#errors.shift();
    if (error) throw error;
    return this.#inner.boot(request);
  }

  override close(): Promise<void> {
    return this.#inner.close();
  }
}
