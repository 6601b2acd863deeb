import type { CallOptions } from '../../pool/calls/pending-call.js';
import type { EncodedArgs } from '../../pool/calls/prepare-call.js';
import { deliver, returnsOf } from '../decorator/returns.js';
import type { FlameApp } from '../module/flame-app.js';
import { callInPlace, castInPlace, isBounded } from './call-in-place.js';
import type { PlainCall } from './call-in-place.js';
import { readCallOptions, reading } from './call-options.js';
import type { FlameCallOptions, ReadCallOptions } from './call-options.js';
import { inlineTarget } from './inline-target.js';
import type { InlineTarget } from './inline-target.js';

/** A function that is given to `Flame`. */
export type InlineBody = (...args: never[]) => unknown;

/**
 * Runs an inline function on a runner of a pool. Returns a promise, or a stream if the function or the option `returns` says so.
 *
 * @throws {FlameError} for a stream; a promise rejects
 */
export function callInline(app: FlameApp, pool: string, fn: InlineBody, options: FlameCallOptions | undefined): unknown {
  if (options === undefined && isAsync(fn) && !app.runsInPlace) return callPlainly(app, pool, fn);
  const returns = options?.returns ?? returnsOf(fn, undefined);
  if (returns === undefined || returns === 'promise') {
    try {
      const call = new InlineCall(app, pool, fn, options, 'call');
      return returns ? call.send() : deliver(returns, call.name, () => call.send());
    } catch (error) {
      return Promise.reject(error);
    }
  }
  const call = new InlineCall(app, pool, fn, options, 'call');
  call.encode();
  return deliver(returns, call.name, (more) => call.send(reading(call.options, more!)));
}

/** Most calls: without options, of an async function. At 300,000 a second, an object for the call and its parts costs a tenth of them. */
function callPlainly(app: FlameApp, poolName: string, fn: InlineBody): Promise<unknown> {
  try {
    const { pool, handler, captured } = inlineTarget(app, poolName, fn, `flame.call('${poolName}', …)`, callInline);
    return pool.call(handler!, captured, noOptions);
  } catch (error) {
    return Promise.reject(error);
  }
}

const asyncFunction = Object.getPrototypeOf(async () => {}) as object;

function isAsync(fn: unknown): boolean {
  return typeof fn === 'function' && Object.getPrototypeOf(fn) === asyncFunction;
}

/** Runs an inline function without awaiting its end. Resolves when a runner has accepted it; in place, when it has been called. */
export async function castInline(app: FlameApp, pool: string, fn: InlineBody, options: FlameCallOptions | undefined): Promise<void> {
  await new InlineCall(app, pool, fn, options, 'cast').cast();
}

const noOptions: ReadCallOptions = {};

/** A call of an inline function, with the values that it captured when it was made. */
class InlineCall {
  readonly options: ReadCallOptions;
  readonly #target: InlineTarget;
  readonly #fn: InlineBody;
  #args: unknown[] | EncodedArgs;

  constructor(app: FlameApp, pool: string, fn: InlineBody, options: FlameCallOptions | undefined, mode: 'call' | 'cast') {
    const asker = `flame.${mode}('${pool}', …)`;
    this.#target = inlineTarget(app, pool, fn, asker, mode === 'call' ? callInline : castInline);
    this.#fn = fn;
    this.options = options === undefined ? noOptions : readCallOptions(options, `${asker} options`);
    this.#args = this.#target.captured;
    // Further attempts have the values of the first one.
    if (this.options.retry) this.encode();
  }

  get name(): string {
    return this.#target.name;
  }

  /** Encodes the captured values for calls that are made later, or several times. */
  encode(): void {
    const { pool, handler, captured } = this.#target;
    if (handler !== undefined) this.#args = pool.encode(handler, captured);
  }

  send(options: CallOptions = this.options): Promise<unknown> {
    const { pool, handler, open } = this.#target;
    if (handler !== undefined) return pool.call(handler, this.#args, options);
    return isBounded(this.options) ? callInPlace(open.inPlace, this.#here(options)) : this.#run();
  }

  async cast(): Promise<void> {
    const { pool, handler, open, name } = this.#target;
    if (handler !== undefined) return pool.cast(handler, this.#args, this.options);
    // A cast's caller waits for the start and not for the end, also in place.
    const failed = (error: unknown): void => open.castFailed(error, name);
    if (isBounded(this.options)) return castInPlace(open.inPlace, this.#here(this.options), failed);
    this.#run().catch(failed);
  }

  async #run(): Promise<unknown> {
    return Reflect.apply(this.#fn, this.#target.self, []);
  }

  #here(options: CallOptions): PlainCall {
    const { name, pool, self } = this.#target;
    return { name, pool: pool.name, options, run: () => Reflect.apply(this.#fn, self, []) };
  }
}
