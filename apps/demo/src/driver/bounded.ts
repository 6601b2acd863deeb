import { setMaxListeners } from 'node:events';

/** A signal that aborts with another one, or when the time for a task is up; its reason then names the task. Dispose of it when the task is done. */
export class Bounded implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  constructor(outer: AbortSignal, time: number, task: string) {
    const controller = new AbortController();
    this.signal = AbortSignal.any([outer, controller.signal]);
    // As many listen as there are requests under way; Node would suspect a leak.
    setMaxListeners(0, this.signal);
    this.#timer = setTimeout(() => controller.abort(new Error(`${task} took longer than ${time / 1_000} s`)), time);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
