/** How calls that ran at once kept their process so busy that they waited for each other. */
export interface Saturation {
  /** The most calls that ran at once. */
  readonly calls: number;
  /** Milliseconds that this is about. */
  readonly over: number;
  /** The share of that time in which the event loop worked, and in which the thread pool of Node had a queue: 0 to 1. */
  readonly loop: number;
  readonly queue: number;
}

/** What a process counts at a time. */
export interface LoadSample {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  /** Counts up: milliseconds in which the event loop has worked, and in which the thread pool had a queue. */
  readonly active: number;
  readonly queued: number;
  /** The most calls that ran at once since the last sample. */
  readonly calls: number;
}

/** Milliseconds: shorter bursts, such as the first call that loads a library, tell nothing of the calls to come. */
const span = 3_000;
/** From this share of the time on, calls wait for each other. */
const enough = 0.9;
/** For that much of the time there must have been several: one that computes, beside others that pass by, is not helped by fewer slots. */
const half = 0.5;

/** Looks at the last seconds of a process, sample by sample. */
export class SaturationWindow {
  readonly #samples: LoadSample[] = [];

  /** Says how busy the last seconds were when that was too much. */
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
