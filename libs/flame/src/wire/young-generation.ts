import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * How much is carried from one collection to the next. gRPC leaves up to twice as much behind, and V8, which counts that although it lies outside of its heap,
 * may begin a full collection at 8 MB: a heap that has not grown of late has room for no more.
 */
const collectAfter = 2 * 1024 * 1024;
/** Packets below are of small frames, what comes of which fills the young generation by itself. */
const large = 16 * 1024;

/**
 * Has V8 collect the young generation while large values pass. What gRPC leaves behind of them is a few small objects, which hold megabytes outside of the
 * heap. They fill the young generation slowly, so that V8 would come to a full collection first, of all that the app has, again and
 * again. To collect the young one takes some tenths of a millisecond and frees the same.
 *
 * It does not where values are those of calls that were there at the last collection: those have become old, as what lives through two is, and a value stays with
 * its call's promise until a full collection. Collecting for them would only make more calls old.
 */
export class YoungGeneration {
  /** How many collections were asked for here, ever. */
  collections = 0;
  #carried = 0;
  /** What came for calls that were there at the last collection. */
  #heldByOld = 0;
  #collect: (() => void) | undefined;

  /** `collect` is V8's own when left out. */
  constructor(collect?: () => void) {
    this.#collect = collect;
  }

  /** A packet of so many bytes has come in or leaves through gRPC. */
  carried(bytes: number): void {
    if (bytes < large) return;
    this.#carried += bytes;
    if (this.#carried < collectAfter) return;
    const futile = this.#heldByOld * 2 > this.#carried;
    this.#carried = this.#heldByOld = 0;
    if (futile) return;
    this.collections++;
    this.#collect ??= minorCollector();
    this.#collect();
  }

  /** A value came for a call that was made when there had been so many `collections`. */
  received(bytes: number, collections: number): void {
    if (collections !== this.collections) this.#heldByOld += bytes;
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
