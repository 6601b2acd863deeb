/** A period in which concurrent calls kept their process so busy that they waited for each other. */
export interface Saturation {
  /** The maximum number of concurrent calls. */
  readonly calls: number;
  /** The length of the period, in milliseconds. */
  readonly over: number;
  /** The shares of the period in which the event loop was busy, and in which Node's thread pool had a queue: 0 to 1. */
  readonly loop: number;
  readonly queue: number;
}

/** The counters of a process at one moment. */
export interface LoadSample {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  /** Counters: milliseconds in which the event loop was busy, and in which the thread pool had a queue. */
  readonly active: number;
  readonly queued: number;
  /** The maximum number of concurrent calls since the last sample. */
  readonly calls: number;
}

/** In milliseconds. Shorter bursts, such as a first call that loads a library, say nothing about later calls. */
const span = 3_000;
/** From this share of busy time on, calls wait for each other. */
const enough = 0.9;
/** The share of the time in which several calls must have run. Fewer slots do not help one computing call beside short ones. */
const half = 0.5;

/** Detects saturation in the last seconds of a process, sample by sample. */
export class SaturationWindow {
  readonly #samples: LoadSample[] = [];

  /** Returns the saturation of the last seconds; undefined if the process was not saturated. */
  take(sample: LoadSample): Saturation | undefined {
    this.#samples.push(sample);
    while (this.#samples[1] && sample.at - this.#samples[1].at >= span) this.#samples.shift();
    const first = this.#samples[0]!;
    const over = sample.at - first.at;
    if (over < span) return undefined;
    const loop = (sample.active - first.active) / over;
    const queue = (sample.queued - first.queued) / over;
    let [calls, shared] = [0, 0];
    for (const [index, each] of this.#samples.entries()) {
      const before = this.#samples[index - 1];
      if (!before || each.calls < 2) continue;
      calls = Math.max(calls, each.calls);
      shared += (each.at - before.at) / over;
    }
    return shared >= half && Math.max(loop, queue) >= enough ? { calls, over, loop, queue } : undefined;
  }
}
