import type { CallOptions } from '../../pool/calls/pending-call.js';
import type { EncodedArgs } from '../../pool/calls/encoded-args.js';
import type { Pool } from '../../pool/pool.js';
import { deliver, returnsOf } from '../decorator/returns.js';
import type { Mark } from '../../inline/index.js';
import type { FlameApp, OpenApp } from '../module/flame-app.js';
import { callInPlace, castInPlace, isBounded } from './call-in-place.js';
import type { PlainCall } from './call-in-place.js';
import { readCallOptions, reading } from './call-options.js';
import type { FlameCallOptions, ReadCallOptions } from './call-options.js';
import { notKnown, readMark } from './inline-errors.js';

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
  const asker = `flame.call('${poolName}', …)`;
  try {
    const mark = readMark(fn, asker);
    const pool = app.pool(poolName, asker);
    const args = capture(mark);
    const self = args.shift();
    const handler = app.opened(asker).index.numberOfInline(mark, self);
    if (handler === undefined) throw notKnown(mark, self, asker, callInline);
    return pool.call(handler, args, noOptions);
  } catch (error) {
    return Promise.reject(error);
  }
}

const asyncFunction = Object.getPrototypeOf(async () => {}) as object;

function isAsync(fn: unknown): boolean {
  return typeof fn === 'function' && Object.getPrototypeOf(fn) === asyncFunction;
}

/** `this` of the place of the function, and the captured values, in a new array. */
function capture({ captures }: Mark): unknown[] {
  return captures === undefined ? [undefined] : (captures() as unknown as unknown[]);
}

/** Runs an inline function without awaiting its end. Resolves when a runner has accepted it; in place, when it has been called. */
export async function castInline(app: FlameApp, pool: string, fn: InlineBody, options: FlameCallOptions | undefined): Promise<void> {
  await new InlineCall(app, pool, fn, options, 'cast').cast();
}

const noOptions: ReadCallOptions = {};

/** A call of an inline function, with the values that it captured when it was made. */
class InlineCall {
  readonly name: string;
  readonly options: ReadCallOptions;
  readonly #open: OpenApp;
  readonly #poolName: string;
  readonly #pool: Pool;
  readonly #fn: InlineBody;
  readonly #self: unknown;
  /** The handler's number; undefined in place. */
  readonly #handler: number | undefined;
  #args: unknown[] | EncodedArgs;

  constructor(app: FlameApp, pool: string, fn: InlineBody, options: FlameCallOptions | undefined, mode: 'call' | 'cast') {
    const asker = `flame.${mode}('${pool}', …)`;
    const mark = readMark(fn, asker);
    this.#fn = fn;
    this.#poolName = pool;
    this.#pool = app.pool(pool, asker);
    this.#open = app.opened(asker);
    this.options = options === undefined ? noOptions : readCallOptions(options, `${asker} options`);
    this.#args = capture(mark);
    this.#self = this.#args.shift();
    this.name = mark.id;
    if (app.runsInPlace) return;
    this.#handler = this.#open.index.numberOfInline(mark, this.#self);
    if (this.#handler === undefined) throw notKnown(mark, this.#self, asker, mode === 'call' ? callInline : castInline);
    // Further attempts have the values of the first one.
    if (this.options.retry) this.encode();
  }

  /** Encodes the captured values for calls that are made later, or several times. */
  encode(): void {
    if (this.#handler !== undefined) this.#args = this.#pool.encode(this.#handler, this.#args as unknown[]);
  }

  send(options: CallOptions = this.options): Promise<unknown> {
    if (this.#handler !== undefined) return this.#pool.call(this.#handler, this.#args, options);
    return isBounded(this.options) ? callInPlace(this.#open.inPlace, this.#here(options)) : this.#run();
  }

  async cast(): Promise<void> {
    if (this.#handler !== undefined) return this.#pool.cast(this.#handler, this.#args, this.options);
    // A cast's caller waits for the start and not for the end, also in place.
    const failed = (error: unknown): void => this.#open.castFailed(error, this.name);
    if (isBounded(this.options)) return castInPlace(this.#open.inPlace, this.#here(this.options), failed);
    this.#run().catch(failed);
  }

  async #run(): Promise<unknown> {
    return Reflect.apply(this.#fn, this.#self, []);
  }

  #here(options: CallOptions): PlainCall {
    return { name: this.name, pool: this.#poolName, options, run: () => Reflect.apply(this.#fn, this.#self, []) };
  }
}
