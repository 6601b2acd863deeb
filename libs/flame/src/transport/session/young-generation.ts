import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * How much lies outside of V8's heap, held by its young generation, from one collection to the next. V8 counts it with the old one and may begin a full
 * collection at 8 MB: a heap that was collected and has not grown since has room for no more.
 */
const collectAfter = 4 * 1024 * 1024;
/** What gRPC leaves behind of each byte that it carries, at most. */
const leftByGrpc = 2;
/** Packets below are of small frames, what comes of which fills the young generation by itself. */
const large = 16 * 1024;

/**
 * Has V8 collect the young generation while large values pass. What is left behind of them is a few small objects, which hold megabytes outside of the
 * heap. They fill the young generation slowly, so that V8 would come to a full collection first, of all that the app has, again and
 * again. To collect the young one takes some tenths of a millisecond and frees the same.
 *
 * It does not where values are those of calls that were there at the last collection: those have become old, as what lives through two is, and a value stays with
 * its call's promise until a full collection. Nor where most are arguments of calls that still run. Collecting for them would only make more of them old.
 */
export class YoungGeneration {
  /** How many collections were asked for here, ever. */
  collections = 0;
  #passed = 0;
  /** How much of it is outside of the heap. */
  #outside = 0;
  /** How often it was looked at whether to collect. */
  #looks = 0;
  /** Arguments that came since the last look, of calls that run. */
  #running = 0;
  /** What came for calls that were there at the last collection. */
  #heldByOld = 0;
  #collect: (() => void) | undefined;

  /** `collect` is V8's own when left out. */
  constructor(collect?: () => void) {
    this.#collect = collect;
  }

  /** A packet of so many bytes has come in or leaves through gRPC. */
  carried(bytes: number): void {
    if (bytes >= large) this.#pass(bytes, bytes * leftByGrpc);
  }

  /** A value of so many bytes was read out of shared memory. */
  shared(bytes: number): void {
    this.#pass(bytes, bytes);
  }

  /** A call begins to run here, with arguments of so many bytes. Gives what to end it with. */
  begins(bytes: number): number {
    this.#running += bytes;
    return this.#looks;
  }

  ended(bytes: number, begun: number): void {
    if (begun === this.#looks) this.#running -= bytes;
  }

  /** A value came for a call that was made when there had been so many `collections`. */
  received(bytes: number, collections: number): void {
    if (collections !== this.collections) this.#heldByOld += bytes;
  }

  #pass(bytes: number, outside: number): void {
    this.#passed += bytes;
    this.#outside += outside;
    if (this.#outside < collectAfter) return;
    const futile = (this.#heldByOld + this.#running) * 2 > this.#passed;
    this.#passed = this.#outside = this.#heldByOld = this.#running = 0;
    this.#looks++;
    if (futile) return;
    this.collections++;
    this.#collect ??= minorCollector();
    this.#collect();
  }
}

/** V8's collector for the young generation, which Node gives to those who ask with a flag. It is taken back, so that nobody else comes to see it. */
function minorCollector(): () => void {
  const shown = typeof globalThis.gc === 'function';
  if (!shown) setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as NodeJS.GCFunction | undefined;
  if (!shown) setFlagsFromString('--no-expose-gc');
  return () => void collect?.({ type: 'minor' });
}

/** This process's. */
export const youngGeneration = new YoungGeneration();
